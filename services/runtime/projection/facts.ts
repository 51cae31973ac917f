// Computes the facts of tickets anew from everything that is known of them: by the projection's fold, which reads their
// timelines and the configuration, or, where a projection has none, by the view that defines them in SQL.
import { setTimeout as sleep } from 'node:timers/promises';
import { sqlString, type ClickHouse } from '../clickhouse.ts';
import { messageOf, RuntimeError } from '../errors.ts';
import type { Failpoint } from './failpoint.ts';
import { insertHalving } from './halving.ts';
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

interface ToldTicket {
  readonly whose: Ticket & { readonly version: number };
  readonly config_version: number;
  readonly rows: Told['rows'];
}

export interface FactsHooks {
  readonly at: Failpoint;
  /** Gets the tickets that can't be told or whose rows are refused; the others go on. */
  readonly onFailed: (failed: FailedTicket) => void;
}

const defaultHooks: FactsHooks = {
  at: () => undefined,
  onFailed: ({ integration_id, ticket_id, error }) => {
    throw new RuntimeError('FACTS_FAILED', `${integration_id}/${ticket_id}: ${error}`);
  },
};

/** A replica that lags is asked again after these; then the flush waits as for any outage. */
const LAGGING_MS = [50, 100, 200, 400];

/** As ClickHouse's lower(), by which the timeline keeps ids of events. */
const lowerAscii = (text: string): string => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Tickets whose facts are computed at once. */
export const RECOMPUTE_CHUNK = 5_000;

/** Tickets whose rows are objects at once: with all of a chunk, making and encoding them took more than twice the time. */
const TOLD_AT_ONCE = 250;

/** Beyond any event: the facts of everything known. */
const END_OF_TIME = '2106-01-01 00:00:00.000';

/** Replaces the facts of these tickets by what their definition in SQL says now. */
export const computeFacts = (clickhouse: ClickHouse, table: string, tickets: readonly string[]): Promise<void> =>
  clickhouse.command(`INSERT INTO ${table} SELECT * FROM ${factsOf(table, tickets)}`);

/** The facts of these tickets as their definition in SQL has them now, computed while they are read. */
export const factsOf = (table: string, tickets: readonly string[]): string =>
  `${table}_of(tickets = [${tickets.map(sqlString).join(',')}], as_of = '${END_OF_TIME}', known_at = '${END_OF_TIME}')`;

/**
 * Changes whenever the configuration does: by the version that is live, and by the parts of its tables, for what is written to
 * them by other means than a file.
 */
const CONFIG_STATE = `concat(toString(live_config_version()), ' ', (SELECT toString(groupBitXor(cityHash64(table, name))) FROM system.parts WHERE database = 'config' AND active))`;

export class Facts {
  readonly #clickhouse: ClickHouse;
  readonly #definition: FactsDefinition;
  readonly #hooks: FactsHooks;
  readonly #rows: Rows;
  #configState = '';
  #teller: Teller | null = null;

  /** Without `hooks` a ticket that fails is thrown. */
  constructor(clickhouse: ClickHouse, definition: FactsDefinition, hooks: FactsHooks = defaultHooks) {
    this.#clickhouse = clickhouse;
    this.#definition = definition;
    this.#hooks = hooks;
    this.#rows = new Rows(clickhouse);
  }

  /** In the order of the tables: whoever is interrupted in between does them all again. */
  async compute(tickets: readonly TouchedTicket[], tables = this.#definition.facts): Promise<void> {
    const { fold, database } = this.#definition;
    for (let from = 0; from < tickets.length; from += RECOMPUTE_CHUNK) {
      const chunk = tickets.slice(from, from + RECOMPUTE_CHUNK);
      if (fold === undefined) {
        const ids = [...new Set(chunk.map(({ ticket_id }) => ticket_id))];
        for (const table of tables) await computeFacts(this.#clickhouse, `${database}.${table}`, ids);
      } else {
        await this.#foldTickets(fold, chunk, tables);
      }
    }
  }

  async #foldTickets(fold: Fold, tickets: readonly TouchedTicket[], tables: readonly string[]): Promise<void> {
    const timelines = await this.#readWhole(fold, tickets);
    this.#hooks.at('read');
    const [first] = timelines;
    if (first === undefined) return;
    const teller = await this.#tellerFor(fold, first.config_state);
    const refused = await insertHalving(timelines, (some) => this.#write(teller, some, tables));
    for (const { row: { integration_id, ticket_id }, detail } of refused) this.#hooks.onFailed({ integration_id, ticket_id, error: detail });
  }

  async #write(teller: Teller, timelines: readonly Timeline[], tables: readonly string[]): Promise<void> {
    const batches = await Promise.all(tables.map(async (table) => ({ table, batch: await this.#rows.batch(this.#definition.database, table) })));
    for (let from = 0; from < timelines.length; from += TOLD_AT_ONCE) {
      const told = timelines.slice(from, from + TOLD_AT_ONCE).map((timeline) => this.#tell(teller, timeline));
      for (const { table, batch } of batches) batch.add(told.map(({ whose, config_version, rows }) => ({ ...whose, ...rows[table], config_version })));
    }
    this.#hooks.at('folded');
    for (const { table, batch } of batches) {
      await batch.insert();
      this.#hooks.at(`inserted ${table}`);
    }
  }

  /** One ticket that can't be told is a defect of ours; it must not keep the others from being told. */
  #tell({ configVersion, tell }: Teller, { integration_id, ticket_id, events }: Timeline): ToldTicket {
    try {
      const { version, rows } = tell(integration_id, events);
      return { whose: { integration_id, ticket_id, version }, config_version: configVersion, rows };
    } catch (error) {
      throw new RuntimeError('FACTS_FAILED', messageOf(error), { cause: error });
    }
  }

  /** The timelines, with at least what was landed. @throws RuntimeError `CLICKHOUSE_UNAVAILABLE` when a replica goes on lagging. */
  async #readWhole(fold: Fold, tickets: readonly TouchedTicket[]): Promise<Timeline[]> {
    for (const delayMs of [...LAGGING_MS, null]) {
      const timelines = await this.#read(fold, tickets);
      const short = firstShort(tickets, timelines);
      if (short === undefined) return timelines;
      if (delayMs === null) throw new RuntimeError('CLICKHOUSE_UNAVAILABLE', `the timeline of ${short.integration_id}/${short.ticket_id} lacks events that were landed: the replica that was asked lags behind`);
      await sleep(delayMs);
    }
    return [];
  }

  /** Without FINAL, which costs more than it spares: a fold drops repetitions itself. */
  #read({ columns }: Fold, tickets: readonly Ticket[]): Promise<Timeline[]> {
    const keys = tickets.map(({ integration_id, ticket_id }) => `(${sqlString(integration_id)},${sqlString(ticket_id)})`).join(',');
    return this.#clickhouse.query<Timeline>(`
      SELECT integration_id, ticket_id, ${CONFIG_STATE} AS config_state, groupArray(tuple(${columns.join(', ')})) AS events
      FROM ${this.#definition.database}.timeline
      WHERE (integration_id, ticket_id) IN (${keys})
      GROUP BY integration_id, ticket_id
      SETTINGS output_format_json_named_tuples_as_objects = 0`);
  }

  /** The configuration is read again only when it has changed; its answer names its own version. */
  async #tellerFor(fold: Fold, configState: string): Promise<Teller> {
    if (this.#teller !== null && configState === this.#configState) return this.#teller;
    const [answer] = await this.#clickhouse.query<unknown>(fold.configQuery);
    this.#teller = fold.under(answer);
    this.#configState = configState;
    return this.#teller;
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
