// Computes the facts of tickets anew from everything that is known of them, by the projection's fold over their timelines
// and the configuration. A flush, a rebuild and a snapshot do the same; they differ in what is read, and where it goes.
import { setTimeout as sleep } from 'node:timers/promises';
import { sqlString, type ClickHouse } from '../clickhouse.ts';
import { messageOf, RuntimeError } from '../errors.ts';
import { admittedTo } from './computed-by.ts';
import type { Failpoint } from './failpoint.ts';
import { insertHalving, isOfARow } from './halving.ts';
import { Rows } from './rows.ts';

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

/** What is told of a ticket, a row for each facts table. What is read later has a version that is higher or the same. */
interface Told {
  readonly version: number;
  readonly rows: Readonly<Record<string, object>>;
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
const TOLD_AT_ONCE = 500;

function* slicesOf(timelines: readonly Timeline[]): Generator<readonly Timeline[]> {
  for (let from = 0; from < timelines.length; from += TOLD_AT_ONCE) yield timelines.slice(from, from + TOLD_AT_ONCE);
}

/**
 * Changes whenever the configuration does: by the version that is live, and by the parts of its tables, for what is written to
 * them by other means than a file.
 */
const CONFIG_STATE = `concat(toString(live_config_version()), ' ', (SELECT toString(groupBitXor(cityHash64(table, name))) FROM system.parts WHERE database = 'config' AND active))`;

/** What is read comes some 20 tickets at a time; blocks of so few rows cost ClickHouse five times as much to take. */
async function* gathered(read: AsyncIterable<readonly Timeline[]>): AsyncGenerator<readonly Timeline[]> {
  let slice: Timeline[] = [];
  for await (const timelines of read) {
    slice.push(...timelines);
    if (slice.length < TOLD_AT_ONCE) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

export class Facts {
  readonly #clickhouse: ClickHouse;
  readonly #definition: FactsDefinition;
  readonly #options: FactsOptions;
  readonly #rows: Rows;
  #configState = '';
  #teller: Teller | null = null;
  /** The table that admits another version of the code only. */
  #refusedBy: string | null = null;

  constructor(clickhouse: ClickHouse, definition: FactsDefinition, options: FactsOptions) {
    if (definition.facts.length > 0 && definition.fold === undefined) throw new RuntimeError('CONFIG_INVALID', `${definition.database} has facts, ${definition.facts.join(', ')}, and no fold that tells them`);
    this.#clickhouse = clickhouse;
    this.#definition = definition;
    this.#options = options;
    this.#rows = new Rows(clickhouse);
  }

  /** In the order of the tables: whoever is interrupted in between does them all again. */
  async compute(tickets: readonly TouchedTicket[]): Promise<void> {
    for (let from = 0; from < tickets.length; from += RECOMPUTE_CHUNK) {
      const chunk = tickets.slice(from, from + RECOMPUTE_CHUNK);
      await this.#write(await this.#readWhole(chunk));
    }
  }

  /** The tickets of a condition on the timeline, told while they are read. @returns how many they are. */
  async computeWhere(condition: string): Promise<number> {
    try {
      return await this.#tell(gathered(this.#clickhouse.stream<Timeline>(this.#timelines(condition))));
    } catch (error) {
      if (!isOfARow(error)) throw error;
      const timelines = await this.#clickhouse.query<Timeline>(this.#timelines(condition));
      await this.#write(timelines);
      return timelines.length;
    }
  }

  /** Once a table has refused what this code computes, nothing is worth doing until it no longer does. @throws RuntimeError */
  async assertAdmitted(): Promise<void> {
    if (this.#refusedBy !== null) await this.#assertAdmittedTo(this.#refusedBy);
  }

  async #assertAdmittedTo(table: string): Promise<void> {
    const [admitted, mine] = [await admittedTo(this.#clickhouse, table), this.#options.computedBy];
    const isRefused = admitted !== null && admitted !== mine;
    this.#refusedBy = isRefused ? table : null;
    if (isRefused) throw new RuntimeError('FACTS_OF_OTHER_CODE', `${table} holds facts of another version of the code than this one (${mine}): run that version, or bring all facts to this one by \`npm run rebuild\``);
  }

  async #write(timelines: readonly Timeline[]): Promise<void> {
    this.#options.at?.('read');
    const refused = await insertHalving(timelines, async (some) => {
      await this.#tell(slicesOf(some));
    });
    for (const { row: { integration_id, ticket_id }, detail } of refused) (this.#options.onFailed ?? throwFailed)({ integration_id, ticket_id, error: detail });
  }

  /** @returns how many. @throws RuntimeError where one can't be told or is refused, or all are. */
  async #tell(slices: Slices): Promise<number> {
    try {
      return await this.#tellSlices(slices);
    } catch (error) {
      const { into = this.#definition.database } = this.#options;
      // Rows of one version of the code don't fit another's tables in many ways, and none of them is a ticket's fault.
      for (const table of this.#definition.facts) await this.#assertAdmittedTo(`${into}.${table}`);
      throw error;
    }
  }

  /** Encoded as they are told, table by table inserted. */
  async #tellSlices(slices: Slices): Promise<number> {
    const { into = this.#definition.database, computedBy, at } = this.#options;
    const batches = await Promise.all(this.#definition.facts.map(async (table) => [table, await this.#rows.batch(into, table)] as const));
    let tickets = 0;
    for await (const timelines of slices) {
      const teller = await this.#tellerFor(timelines[0]?.config_state ?? '');
      const told = timelines.map((timeline) => toldOf(teller, timeline));
      const common = told.map(({ whose }) => ({ ...whose, config_version: teller.configVersion, computed_by: computedBy }));
      for (const [table, batch] of batches) batch.add(common, told.map(({ rows }) => rows[table] ?? {}));
      tickets += timelines.length;
    }
    at?.('folded');
    for (const [table, batch] of batches) {
      await batch.insert();
      at?.(`inserted:${table}`);
    }
    return tickets;
  }

  /** The timelines, with at least what was landed. @throws RuntimeError `CLICKHOUSE_UNAVAILABLE` when a replica goes on lagging. */
  async #readWhole(tickets: readonly TouchedTicket[]): Promise<Timeline[]> {
    const keys = tickets.map(({ integration_id, ticket_id }) => `(${sqlString(integration_id)},${sqlString(ticket_id)})`).join(',');
    for (const delayMs of [...LAGGING_MS, null]) {
      const timelines = await this.#clickhouse.query<Timeline>(this.#timelines(`(integration_id, ticket_id) IN (${keys})`));
      const short = firstShort(tickets, timelines);
      if (short === undefined) return timelines;
      if (delayMs === null) throw new RuntimeError('CLICKHOUSE_UNAVAILABLE', `the timeline of ${short.integration_id}/${short.ticket_id} lacks events that were landed: the replica that was asked lags behind`);
      await sleep(delayMs);
    }
    return [];
  }

  /** Without FINAL, which costs more than it spares: a fold drops repetitions itself. */
  #timelines(condition: string): string {
    const { where } = this.#options;
    return `
      SELECT integration_id, ticket_id, ${CONFIG_STATE} AS config_state, groupArray(tuple(${this.#definition.fold?.columns.join(', ') ?? ''})) AS events
      FROM ${this.#definition.database}.timeline
      WHERE (${condition})${where === undefined ? '' : ` AND (${where})`}
      GROUP BY integration_id, ticket_id
      SETTINGS optimize_aggregation_in_order = 1, output_format_json_named_tuples_as_objects = 0`;
  }

  /** The configuration is read again only when it has changed; its answer names its own version. */
  async #tellerFor(configState: string): Promise<Teller> {
    if (this.#teller !== null && configState === this.#configState) return this.#teller;
    const { fold } = this.#definition;
    if (fold === undefined) throw new RuntimeError('CONFIG_INVALID', `${this.#definition.database} has no fold`);
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

/** Some timelines after the other. */
type Slices = Iterable<readonly Timeline[]> | AsyncIterable<readonly Timeline[]>;

/** A ticket whose timeline was read without an event that was landed before. */
function firstShort(tickets: readonly TouchedTicket[], timelines: readonly Timeline[]): Ticket | undefined {
  const read = new Map(timelines.map(({ integration_id, ticket_id, events }) => [`${integration_id}\0${ticket_id}`, events]));
  return tickets.find(({ integration_id, ticket_id, landed }) => {
    if (landed === undefined || landed.size === 0) return false;
    const ids = new Set((read.get(`${integration_id}\0${ticket_id}`) ?? []).map(([id]) => id));
    return [...landed].some((id) => !ids.has(lowerAscii(id)));
  });
}
