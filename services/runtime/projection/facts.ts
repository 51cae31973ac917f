// Computes the facts of tickets anew from everything that is known of them, by the projection's fold over their timelines
// and the configuration. A flush, a rebuild and a snapshot do the same; they differ in what is read, and where it goes.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { sqlString, type ClickHouse } from '../clickhouse.ts';
import { messageOf, RuntimeError } from '../errors.ts';
import { admittedTo } from './computed-by.ts';
import type { Failpoint } from './failpoint.ts';
import { insertHalving, isOfARow } from './halving.ts';
import { idHash } from './id-hash.ts';
import { Rows, type Batch } from './rows.ts';
import { readTimelines, type Identified, type Read, type Ticket, type Timeline } from './timelines.ts';

export type { Ticket };

/** A ticket, and events of it that were landed, as hashes of their ids: a timeline without them is read from a replica that lags. */
export interface TouchedTicket extends Ticket {
  readonly landed?: readonly number[];
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
  readonly tell: (integrationId: string, events: readonly Identified[]) => Told;
}

/** What a fold reads, and what it makes of it; what that means is not for here to know. */
export interface Fold extends Omit<Read, 'database'> {
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

/** Tickets whose facts are computed at once. */
export const RECOMPUTE_CHUNK = 10_000;

/** Tickets that are told before others get their turn: what another chunk reads or writes goes on meanwhile. */
const TOLD_AT_ONCE = 100;

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
    const chunks = this.inChunks(tickets);
    while ((await chunks.next()).done !== true);
  }

  /** The same, and yields each chunk once its facts are written. */
  async *inChunks(tickets: readonly TouchedTicket[]): AsyncGenerator<readonly TouchedTicket[]> {
    for (let from = 0; from < tickets.length; from += RECOMPUTE_CHUNK) {
      const chunk = tickets.slice(from, from + RECOMPUTE_CHUNK);
      await this.#write(await this.#readWhole(chunk));
      yield chunk;
    }
  }

  /** The tickets of a condition on the timeline, told while they are read. @returns how many they are. */
  async computeWhere(condition: string): Promise<number> {
    try {
      return await this.#tell(await this.#read(condition));
    } catch (error) {
      if (!isOfARow(error)) throw error;
      const timelines = [...(await this.#read(condition))];
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
      await this.#tell(some);
    });
    for (const { row: { integration_id, ticket_id }, detail } of refused) (this.#options.onFailed ?? throwFailed)({ integration_id, ticket_id, error: detail });
  }

  /** @returns how many. @throws RuntimeError where one can't be told or is refused, or all are. */
  async #tell(timelines: Iterable<Timeline>): Promise<number> {
    const { into = this.#definition.database, at } = this.#options;
    try {
      const batches = await Promise.all(this.#definition.facts.map(async (table) => [table, await this.#rows.batch(into, table)] as const));
      const tickets = await this.#tellInto(batches, timelines);
      at?.('folded');
      for (const [table, batch] of batches) {
        await batch.insert();
        at?.(`inserted:${table}`);
      }
      return tickets;
    } catch (error) {
      // Rows of one version of the code don't fit another's tables in many ways, and none of them is a ticket's fault.
      for (const table of this.#definition.facts) await this.#assertAdmittedTo(`${into}.${table}`);
      throw error;
    }
  }

  /** Rows are encoded as they are told: if they waited, making and encoding them would take more than twice the time. */
  async #tellInto(batches: readonly (readonly [table: string, Batch])[], timelines: Iterable<Timeline>): Promise<number> {
    let tickets = 0;
    for (const timeline of timelines) {
      const teller = this.#tellerOf(timeline.configState) ?? (await this.#askForTeller(timeline.configState));
      const { whose, rows } = toldOf(teller, timeline);
      const common = { ...whose, config_version: teller.configVersion, computed_by: this.#options.computedBy };
      for (const [table, batch] of batches) batch.add(common, rows[table] ?? {});
      if (++tickets % TOLD_AT_ONCE === 0) await turn();
    }
    return tickets;
  }

  /** The timelines, with at least what was landed. @throws RuntimeError `CLICKHOUSE_UNAVAILABLE` when a replica goes on lagging. */
  async #readWhole(tickets: readonly TouchedTicket[]): Promise<Timeline[]> {
    const keys = tickets.map(({ integration_id, ticket_id }) => `(${sqlString(integration_id)},${sqlString(ticket_id)})`).join(',');
    for (const delayMs of [...LAGGING_MS, null]) {
      const timelines = [...(await this.#read(`(integration_id, ticket_id) IN (${keys})`))];
      const short = firstShort(tickets, timelines);
      if (short === undefined) return timelines;
      if (delayMs === null) throw new RuntimeError('CLICKHOUSE_UNAVAILABLE', `the timeline of ${short.integration_id}/${short.ticket_id} lacks events that were landed: the replica that was asked lags behind`);
      await sleep(delayMs);
    }
    return [];
  }

  #read(condition: string): Promise<Iterable<Timeline>> {
    const { where } = this.#options;
    return readTimelines(this.#clickhouse, { ...this.#fold(), database: this.#definition.database }, where === undefined ? condition : `(${condition}) AND (${where})`);
  }

  #fold(): Fold {
    const { fold, database } = this.#definition;
    if (fold === undefined) throw new RuntimeError('CONFIG_INVALID', `${database} has no fold`);
    return fold;
  }

  #tellerOf(configState: string): Teller | null {
    return configState === this.#configState ? this.#teller : null;
  }

  /** The configuration is read again only when it has changed; its answer names its own version. */
  async #askForTeller(configState: string): Promise<Teller> {
    const fold = this.#fold();
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
    if (landed === undefined || landed.length === 0) return false;
    const found = new Set((read.get(`${integration_id}\0${ticket_id}`) ?? []).map(({ eventId }) => idHash(eventId)));
    return landed.some((hash) => !found.has(hash));
  });
}
