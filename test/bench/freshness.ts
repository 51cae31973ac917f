// When does ClickHouse count an event? The rows of a few tickets are looked up by key until they have been computed from as
// many events. queue.tickets is a view that shows queue.ticket_facts row by row, and looking there instead costs a tenth, so
// that the looking does not become what is measured.
import { setTimeout as sleep } from 'node:timers/promises';
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import type { Sample } from './figures.ts';
import type { Sent } from './sender.ts';

const LOOK_EVERY_MS = 15;
/** At most so many events a second are watched, whatever the rate. */
const WATCHED_PER_SECOND = 5;

interface Version {
  readonly integration_id: string;
  readonly ticket_id: string;
  readonly version: number;
}

const keyOf = (integrationId: string, ticketId: string): string => `${integrationId}/${ticketId}`;

export class FreshnessWatch {
  readonly samples: Sample[] = [];
  readonly #clickhouse: ClickHouse;
  readonly #beganAt = performance.now();
  readonly #watching: Promise<void>;
  #waiting: Sent[] = [];
  #watched = 0;
  #ended = false;

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
    this.#watching = this.#watch();
    // Told to whoever asks for the end.
    this.#watching.catch(() => undefined);
  }

  readonly onAccepted = (sent: Sent): void => {
    const seconds = (sent.acceptedAt - this.#beganAt) / 1_000;
    if (this.#watched >= (seconds + 1) * WATCHED_PER_SECOND) return;
    this.#watched++;
    this.#waiting.push(sent);
  };

  /** Resolves when every watched event is counted. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#ended || this.#waiting.length > 0) {
      if (this.#waiting.length === 0) {
        await sleep(2);
        continue;
      }
      const began = performance.now();
      const keys = this.#waiting.map(({ integrationId, ticketId }) => `(${sqlString(integrationId)},${sqlString(ticketId)})`);
      const rows = await this.#clickhouse.query<Version>(`SELECT integration_id, ticket_id, max(version) AS version FROM queue.ticket_facts WHERE (integration_id, ticket_id) IN (${keys.join(',')}) GROUP BY integration_id, ticket_id`);
      const now = performance.now();
      this.#settle(new Map(rows.map((row) => [keyOf(row.integration_id, row.ticket_id), row.version])), now);
      // A busy server is asked less often.
      await sleep(Math.max(LOOK_EVERY_MS, now - began));
    }
  }

  #settle(versions: ReadonlyMap<string, number>, now: number): void {
    const isCounted = ({ integrationId, ticketId, count }: Sent): boolean => (versions.get(keyOf(integrationId, ticketId)) ?? 0) >= count;
    for (const sent of this.#waiting.filter(isCounted)) this.samples.push({ atMs: sent.acceptedAt - this.#beganAt, tookMs: now - sent.acceptedAt });
    this.#waiting = this.#waiting.filter((sent) => !isCounted(sent));
  }
}
