// Computes the facts of tickets anew from everything that is known of them, by the projection's fold over their timelines
// and the configuration. A flush, a rebuild and a snapshot do the same; they differ in what is read, and where it goes.
import { sqlString, type ClickHouse } from '../clickhouse.ts';
import { RuntimeError } from '../errors.ts';
import { admittedTo } from './computed-by.ts';

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
}

interface Timeline extends Ticket {
  readonly config_state: string;
  readonly events: readonly unknown[];
}

/** Tickets whose facts are computed at once. */
export const RECOMPUTE_CHUNK = 5_000;

/**
 * Changes whenever the configuration does: by the version that is live, and by the parts of its tables, for what is written to
 * them by other means than a file.
 */
const CONFIG_STATE = `concat(toString(live_config_version()), ' ', (SELECT toString(groupBitXor(cityHash64(table, name))) FROM system.parts WHERE database = 'config' AND active))`;

export class Facts {
  readonly #clickhouse: ClickHouse;
  readonly #definition: FactsDefinition;
  readonly #options: FactsOptions;
  readonly #into: string;
  #configState = '';
  #teller: Teller | null = null;
  /** The table that refused what this code computes. */
  #refusedBy: string | null = null;

  constructor(clickhouse: ClickHouse, definition: FactsDefinition, options: FactsOptions) {
    if (definition.facts.length > 0 && definition.fold === undefined) throw new RuntimeError('CONFIG_INVALID', `${definition.database} has facts, ${definition.facts.join(', ')}, and no fold that tells them`);
    this.#clickhouse = clickhouse;
    this.#definition = definition;
    this.#options = options;
    this.#into = options.into ?? definition.database;
  }

  /** In the order of the tables: whoever is interrupted in between leaves later ones stale, which is found. */
  async compute(tickets: readonly Ticket[], tables = this.#definition.facts): Promise<void> {
    for (let from = 0; from < tickets.length; from += RECOMPUTE_CHUNK) {
      const keys = tickets.slice(from, from + RECOMPUTE_CHUNK).map(({ integration_id, ticket_id }) => `(${sqlString(integration_id)},${sqlString(ticket_id)})`).join(',');
      await this.computeWhere(`(integration_id, ticket_id) IN (${keys})`, tables);
    }
  }

  /** The tickets of a condition on the timeline, at once. @returns how many they are. */
  async computeWhere(condition: string, tables = this.#definition.facts): Promise<number> {
    const { fold } = this.#definition;
    if (fold === undefined) return 0;
    const timelines = await this.#read(fold, condition);
    const [first] = timelines;
    if (first === undefined) return 0;
    const { configVersion, tell } = await this.#tellerFor(fold, first.config_state);
    const told = timelines.map(({ integration_id, ticket_id, events }) => ({ integration_id, ticket_id, ...tell(integration_id, events) }));
    for (const table of tables) {
      const rows = told.map(({ integration_id, ticket_id, version, rows: { [table]: row } }) =>
        JSON.stringify({ integration_id, ticket_id, version, ...row, config_version: configVersion, computed_by: this.#options.computedBy }));
      await this.#insert(`${this.#into}.${table}`, Buffer.from(rows.join('\n')));
    }
    return told.length;
  }

  /** Once a table has refused what this code computes, nothing is worth doing until it no longer does. @throws RuntimeError */
  async assertAdmitted(): Promise<void> {
    if (this.#refusedBy === null) return;
    const admitted = await admittedTo(this.#clickhouse, this.#refusedBy);
    if (admitted !== null && admitted !== this.#options.computedBy) throw this.#refusal(this.#refusedBy);
    this.#refusedBy = null;
  }

  async #insert(table: string, rows: Buffer): Promise<void> {
    try {
      await this.#clickhouse.insertEncoded(table, 'JSONEachRow', rows);
    } catch (error) {
      if (!(error instanceof RuntimeError && error.message.includes('computed_by_one_code'))) throw error;
      this.#refusedBy = table;
      throw this.#refusal(table);
    }
  }

  #refusal(table: string): RuntimeError {
    return new RuntimeError('FACTS_OF_OTHER_CODE', `${table} holds facts of another version of the code than this one (${this.#options.computedBy}): run that version, or bring all facts to this one by \`npm run rebuild\``);
  }

  /** Without FINAL, which costs more than it spares: a fold drops repetitions itself. */
  #read({ columns }: Fold, condition: string): Promise<Timeline[]> {
    const { where } = this.#options;
    return this.#clickhouse.query<Timeline>(`
      SELECT integration_id, ticket_id, ${CONFIG_STATE} AS config_state, groupArray(tuple(${columns.join(', ')})) AS events
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
