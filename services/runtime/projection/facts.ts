// Computes the facts of tickets anew from everything that is known of them: by the projection's fold, which reads their
// timelines and the configuration, or, where a projection has none, by the view that defines them in SQL.
import { sqlString, type ClickHouse } from '../clickhouse.ts';
import { Rows } from './rows.ts';

export interface Ticket {
  readonly integration_id: string;
  readonly ticket_id: string;
}

type Row = Readonly<Record<string, unknown>>;

/** What is told of a ticket: how many events it was told from, and a row for each facts table. */
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
  /** Columns of the timeline. */
  readonly columns: readonly string[];
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
  readonly events: readonly unknown[];
}

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
  readonly #rows: Rows;
  #configState = '';
  #teller: Teller | null = null;

  constructor(clickhouse: ClickHouse, definition: FactsDefinition) {
    this.#clickhouse = clickhouse;
    this.#definition = definition;
    this.#rows = new Rows(clickhouse);
  }

  /** In the order of the tables: whoever is interrupted in between leaves later ones stale, which is found. */
  async compute(tickets: readonly Ticket[], tables = this.#definition.facts): Promise<void> {
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

  async #foldTickets(fold: Fold, tickets: readonly Ticket[], tables: readonly string[]): Promise<void> {
    const timelines = await this.#read(fold, tickets);
    const [first] = timelines;
    if (first === undefined) return;
    const { configVersion, tell } = await this.#tellerFor(fold, first.config_state);
    const batches = await Promise.all(tables.map(async (table) => [table, await this.#rows.batch(this.#definition.database, table)] as const));
    for (let from = 0; from < timelines.length; from += TOLD_AT_ONCE) {
      const told = timelines.slice(from, from + TOLD_AT_ONCE).map(({ integration_id, ticket_id, events }) => ({ integration_id, ticket_id, ...tell(integration_id, events) }));
      for (const [table, batch] of batches) {
        batch.add(told.map(({ integration_id, ticket_id, version, rows: { [table]: row } }) => ({ integration_id, ticket_id, version, ...row, config_version: configVersion })));
      }
    }
    for (const [, batch] of batches) await batch.insert();
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
