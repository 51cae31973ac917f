// Computes the facts of tickets anew from everything that is known of them, by the projection's fold over their timelines
// and the configuration. A flush, a rebuild and a snapshot do the same; they differ in what is read, and where it goes.
import { setTimeout as sleep } from 'node:timers/promises';
import { sqlString, type ClickHouse } from '../clickhouse.ts';
import { messageOf, RuntimeError } from '../errors.ts';
import { admittedTo, refusesOthers } from './computed-by.ts';
import type { Failpoint } from './failpoint.ts';
import { insertHalving } from './halving.ts';
import { Rows, type Batch } from './rows.ts';

export interface Ticket {
  readonly integration_id: string;
  readonly ticket_id: string;
}

/** A ticket, and events of it that were landed: a timeline without them is read from a replica that lags. */
export interface TouchedTicket extends Ticket {
  readonly landed?: ReadonlySet<string>;
}

/** A ticket whose facts can't be computed, and why. */
export interface FailedTicket extends Ticket {
  readonly error: string;
}

type Row = Readonly<Record<string, unknown>>;

/** What is told of a ticket, a row for each facts table. What is read later has a version that is higher or the same. */
interface Told {
  readonly version: number;
  readonly rows: Readonly<Record<string, Row>>;
}

/** Tells tickets under one version of the configuration. */
export interface Teller {
  readonly configVersion: number;
  readonly tell: (integrationId: string, events: readonly unknown[]) => Told;
}

/** What a fold reads, and what it makes of it; what that means is not for here to know. */
export interface Fold {
  /** Columns of the timeline, the first of them the event's id. */
  readonly columns: readonly string[];
  /** Types of the events that the timeline keeps. */
  readonly eventTypes: readonly string[];
  /** Answers one row: the configuration with its version. */
  readonly configQuery: string;
  readonly under: (answer: unknown) => Teller;
}

/** Whose facts they are and in which tables of one row per ticket. */
export interface FactsDefinition {
  readonly database: string;
  readonly facts: readonly string[];
  readonly fold?: Fold;
}

interface Timeline extends Ticket {
  readonly config_state: string;
  readonly events: readonly (readonly unknown[])[];
}

/** Facts of the live tables, of everything known, under the live configuration: unless something else is said. */
export interface FactsOptions {
  /** Hash of the code that computes them: of the projection with its fold. */
  readonly computedBy: string;
  /** Database of the tables that they are written to; the timeline is read where it is. */
  readonly into?: string;
  /** Condition of SQL on the timeline's rows: the events that are told. */
  readonly where?: string;
  /** An answer to the fold's configQuery, instead of asking for it. */
  readonly configuration?: unknown;
  readonly at?: Failpoint;
  /** Gets the tickets that can't be told or whose rows are refused; the others go on. Without it they are thrown. */
  readonly onFailed?: (failed: FailedTicket) => void;
}

function throwFailed({ integration_id, ticket_id, error }: FailedTicket): void {
  throw new RuntimeError('FACTS_FAILED', `${integration_id}/${ticket_id}: ${error}`);
}

/** A replica that lags is asked again after these; then the flush waits as for any outage. */
const LAGGING_MS = [50, 100, 200, 400];

/** As ClickHouse's lower(), by which the timeline keeps ids of events. */
const lowerAscii = (text: string): string => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Tickets whose facts are computed at once. */
export const RECOMPUTE_CHUNK = 5_000;

/** Tickets whose rows are objects at once: with all of a chunk, making and encoding them took more than twice the time. */
const TOLD_AT_ONCE = 250;

/**
 * Changes whenever the configuration does: by the version that is live, and by the parts of its tables, for what is written to
 * them by other means than a file.
 */
const CONFIG_STATE = `concat(toString(live_config_version()), ' ', (SELECT toString(groupBitXor(cityHash64(table, name))) FROM system.parts WHERE database = 'config' AND active))`;

export class Facts {
  readonly #clickhouse: ClickHouse;
  readonly #definition: FactsDefinition;
  readonly #options: FactsOptions;
  readonly #rows: Rows;
  #configState = '';
  #teller: Teller | null = null;
  /** The table that refused what this code computes. */
  #refusedBy: string | null = null;

  constructor(clickhouse: ClickHouse, definition: FactsDefinition, options: FactsOptions) {
    if (definition.facts.length > 0 && definition.fold === undefined) throw new RuntimeError('CONFIG_INVALID', `${definition.database} has facts, ${definition.facts.join(', ')}, and no fold that tells them`);
    this.#clickhouse = clickhouse;
    this.#definition = definition;
    this.#options = options;
    this.#rows = new Rows(clickhouse);
  }

  /** In the order of the tables: whoever is interrupted in between does them all again. */
  async compute(tickets: readonly TouchedTicket[], tables = this.#definition.facts): Promise<void> {
    for (let from = 0; from < tickets.length; from += RECOMPUTE_CHUNK) {
      const chunk = tickets.slice(from, from + RECOMPUTE_CHUNK);
      await this.#write(await this.#readWhole(chunk), tables);
    }
  }

  /** The tickets of a condition on the timeline, all at once. @returns how many they are. */
  async computeWhere(condition: string, tables = this.#definition.facts): Promise<number> {
    const timelines = await this.#read(condition);
    await this.#write(timelines, tables);
    return timelines.length;
  }

  /** Once a table has refused what this code computes, nothing is worth doing until it no longer does. @throws RuntimeError */
  async assertAdmitted(): Promise<void> {
    if (this.#refusedBy === null) return;
    const admitted = await admittedTo(this.#clickhouse, this.#refusedBy);
    if (admitted !== null && admitted !== this.#options.computedBy) throw this.#refusal(this.#refusedBy);
    this.#refusedBy = null;
  }

  #refusal(table: string): RuntimeError {
    return new RuntimeError('FACTS_OF_OTHER_CODE', `${table} holds facts of another version of the code than this one (${this.#options.computedBy}): run that version, or bring all facts to this one by \`npm run rebuild\``);
  }

  async #write(timelines: readonly Timeline[], tables: readonly string[]): Promise<void> {
    this.#options.at?.('read');
    const { fold } = this.#definition;
    const [first] = timelines;
    if (first === undefined || fold === undefined) return;
    const teller = await this.#tellerFor(fold, first.config_state);
    const refused = await insertHalving(timelines, (some) => this.#tell(teller, some, tables));
    for (const { row: { integration_id, ticket_id }, detail } of refused) (this.#options.onFailed ?? throwFailed)({ integration_id, ticket_id, error: detail });
  }

  /** Encoded as they are told, table by table inserted. @throws RuntimeError where one of them can't be told or is refused. */
  async #tell(teller: Teller, timelines: readonly Timeline[], tables: readonly string[]): Promise<void> {
    const { into = this.#definition.database, computedBy: computed_by, at } = this.#options;
    const { configVersion: config_version } = teller;
    const batches = await Promise.all(tables.map(async (table) => [table, await this.#rows.batch(into, table)] as const));
    for (let from = 0; from < timelines.length; from += TOLD_AT_ONCE) {
      const told = timelines.slice(from, from + TOLD_AT_ONCE).map((timeline) => toldOf(teller, timeline));
      for (const [table, batch] of batches) batch.add(told.map(({ whose, rows }) => ({ ...whose, ...rows[table], config_version, computed_by })));
    }
    at?.('folded');
    for (const [table, batch] of batches) {
      await this.#insert(`${into}.${table}`, batch);
      at?.(`inserted:${table}`);
    }
  }

  #insert(table: string, batch: Batch): Promise<void> {
    return batch.insert().catch((error: unknown) => {
      if (!refusesOthers(error)) throw error;
      this.#refusedBy = table;
      throw this.#refusal(table);
    });
  }

  /** The timelines, with at least what was landed. @throws RuntimeError `CLICKHOUSE_UNAVAILABLE` when a replica goes on lagging. */
  async #readWhole(tickets: readonly TouchedTicket[]): Promise<Timeline[]> {
    const keys = tickets.map(({ integration_id, ticket_id }) => `(${sqlString(integration_id)},${sqlString(ticket_id)})`).join(',');
    for (const delayMs of [...LAGGING_MS, null]) {
      const timelines = await this.#read(`(integration_id, ticket_id) IN (${keys})`);
      const short = firstShort(tickets, timelines);
      if (short === undefined) return timelines;
      if (delayMs === null) throw new RuntimeError('CLICKHOUSE_UNAVAILABLE', `the timeline of ${short.integration_id}/${short.ticket_id} lacks events that were landed: the replica that was asked lags behind`);
      await sleep(delayMs);
    }
    return [];
  }

  /** Without FINAL, which costs more than it spares: a fold drops repetitions itself. */
  #read(condition: string): Promise<Timeline[]> {
    const { where } = this.#options;
    return this.#clickhouse.query<Timeline>(`
      SELECT integration_id, ticket_id, ${CONFIG_STATE} AS config_state, groupArray(tuple(${this.#definition.fold?.columns.join(', ') ?? ''})) AS events
      FROM ${this.#definition.database}.timeline
      WHERE (${condition})${where === undefined ? '' : ` AND (${where})`}
      GROUP BY integration_id, ticket_id
      SETTINGS output_format_json_named_tuples_as_objects = 0`);
  }

  /** The configuration is read again only when it has changed; its answer names its own version. */
  async #tellerFor(fold: Fold, configState: string): Promise<Teller> {
    if (this.#teller !== null && configState === this.#configState) return this.#teller;
    const { configuration } = this.#options;
    const [answer] = configuration === undefined ? await this.#clickhouse.query<unknown>(fold.configQuery) : [configuration];
    this.#teller = fold.under(answer);
    this.#configState = configState;
    return this.#teller;
  }
}

/** One ticket that can't be told is a defect of ours. */
function toldOf({ tell }: Teller, { integration_id, ticket_id, events }: Timeline): { readonly whose: Ticket & { readonly version: number }; readonly rows: Told['rows'] } {
  try {
    const { version, rows } = tell(integration_id, events);
    return { whose: { integration_id, ticket_id, version }, rows };
  } catch (error) {
    throw new RuntimeError('FACTS_FAILED', messageOf(error), { cause: error });
  }
}

/** A ticket whose timeline was read without an event that was landed before. */
function firstShort(tickets: readonly TouchedTicket[], timelines: readonly Timeline[]): Ticket | undefined {
  const read = new Map(timelines.map(({ integration_id, ticket_id, events }) => [`${integration_id}\0${ticket_id}`, events]));
  return tickets.find(({ integration_id, ticket_id, landed }) => {
    if (landed === undefined || landed.size === 0) return false;
    const ids = new Set((read.get(`${integration_id}\0${ticket_id}`) ?? []).map(([id]) => id));
    return [...landed].some((id) => !ids.has(lowerAscii(id)));
  });
}
