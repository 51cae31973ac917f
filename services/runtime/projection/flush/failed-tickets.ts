// Tickets whose facts can't be computed, through a defect of ours: they are put aside, so that they hold nobody else up, and
// written down before anything is committed, so that they are not forgotten. They are tried again with their next event and
// at the next start, which may be that of a build without the defect. When a great many fail it is no odd ticket any more:
// nothing more is put aside, and all wait for the defect to be mended.
import { instantText, type ClickHouse } from '../../clickhouse.ts';
import { RuntimeError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { FailedTicket, Ticket } from '../facts.ts';

/** They are kept in memory. */
const MAX_FAILED = 100_000;
const MAX_ERROR = 500;

const keyOf = ({ integration_id, ticket_id }: Ticket): string => `${integration_id}/${ticket_id}`;

export class FailedTickets {
  readonly #clickhouse: ClickHouse;
  readonly #table: string;
  readonly #logger: Logger;
  /** Why, by ticket. */
  readonly #known = new Map<string, string>();

  readonly #max: number;

  constructor(clickhouse: ClickHouse, database: string, logger: Logger, max = MAX_FAILED) {
    this.#max = max;
    this.#clickhouse = clickhouse;
    this.#table = `${database}.failed_tickets`;
    this.#logger = logger;
  }

  get count(): number {
    return this.#known.size;
  }

  warnings(): string[] {
    const [example] = this.#known;
    return example === undefined ? [] : [`FACTS_FAILED: ${this.count} tickets have no or old facts, e.g. ${example[0]}: ${example[1]}`];
  }

  /** Those that an earlier run wrote down. */
  async load(): Promise<Ticket[]> {
    const rows = await this.#clickhouse.query<FailedTicket>(`SELECT integration_id, ticket_id, substringUTF8(error, 1, ${MAX_ERROR}) AS error FROM ${this.#table} FINAL WHERE error != ''`);
    for (const row of rows) this.#known.set(keyOf(row), row.error);
    return rows.map(({ integration_id, ticket_id }) => ({ integration_id, ticket_id }));
  }

  /** Writes down what has changed by computing these tickets. @throws RuntimeError `FACTS_FAILED` when too many have failed. */
  async note(tickets: readonly Ticket[], found: readonly FailedTicket[]): Promise<void> {
    const failures = found.map((failure) => ({ ...failure, error: failure.error.slice(0, MAX_ERROR) }));
    if (failures.length === 0 && this.#known.size === 0) return;
    const still = new Set(failures.map(keyOf));
    const more = failures.filter((failure) => !this.#known.has(keyOf(failure))).length;
    if (this.count + more > this.#max) throw new RuntimeError('FACTS_FAILED', `${this.count + more} tickets have no or old facts, which is no odd ticket any more: nothing is put aside until that is mended, e.g. ${failures[0]?.error ?? ''}`);
    const failed = failures.filter((failure) => this.#known.get(keyOf(failure)) !== failure.error);
    const mended = tickets.filter((ticket) => this.#known.has(keyOf(ticket)) && !still.has(keyOf(ticket)));
    const rows: FailedTicket[] = [...failed, ...mended.map(({ integration_id, ticket_id }) => ({ integration_id, ticket_id, error: '' }))];
    if (rows.length === 0) return;
    const noted_at = instantText(Date.now());
    await this.#clickhouse.insertEncoded(this.#table, 'JSONEachRow', Buffer.from(rows.map((row) => JSON.stringify({ ...row, noted_at })).join('\n')));
    for (const failure of failed) {
      this.#known.set(keyOf(failure), failure.error);
      this.#logger.error({ code: 'FACTS_FAILED', ...failure }, 'the facts of a ticket cannot be computed; it is tried again with its next event and at the next start');
    }
    for (const ticket of mended) this.#known.delete(keyOf(ticket));
    if (mended.length > 0) this.#logger.info({ tickets: mended.length }, 'tickets that had failed have their facts');
  }
}
