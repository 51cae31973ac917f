// Runs a projection: land a batch, recompute the facts of the tickets it touched, and only
// then let the offsets be committed. Every step is repeatable: landing tables keep the first
// of each event, and facts are replaced as a whole, so a redelivery changes nothing.
//
// Batches of all partitions that wait are flushed together. Far behind, facts are recomputed
// every few seconds as a set; what a crash leaves stale is found at the next start by
// counting events, so there is no list of dirty tickets that could be lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { containerBlock } from '../avro/avro.ts';
import { BREAKER_WINDOW, PartitionHeld, type PoisonBreaker } from './breaker.ts';
import { toRuntimeError, type ClickHouse } from '../clickhouse.ts';
import { RuntimeError } from '../errors.ts';
import type { LogRecord, PartitionBatch } from '../event-log.ts';
import { Facts, type Fold, type Ticket } from './facts.ts';
import { groupBy } from '../group-by.ts';
import type { Poison } from '../avro/record-reader.ts';
import type { LandingRow, ToLanding } from './landing.ts';
import type { Logger } from '../logger.ts';

export interface Projection {
  /** Service, consumer group, and its folder in services/. */
  readonly name: string;
  /** ClickHouse database; its SQL lies beside the definition. */
  readonly database: string;
  /** Tables of one row per ticket, told by the fold. */
  readonly facts: readonly string[];
  /** Tells a ticket's rows from its events; a projection without facts has none. */
  readonly fold?: Fold;
  /** Whether the shared timeline is installed into the database. */
  readonly timeline: boolean;
}

export const defineProjection = (projection: Projection): Projection => projection;

export interface ProjectorOptions {
  readonly projection: Projection;
  /** Hash of the projection's code, which its facts say. */
  readonly computedBy: string;
  readonly clickhouse: ClickHouse;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly toLanding: ToLanding;
  /** Keeps a record that can't be landed; throws when it couldn't, and then nothing is committed. */
  readonly quarantine: (poison: Poison) => Promise<void>;
  readonly breaker: PoisonBreaker;
  readonly catchUpLag: number;
}

interface Pending {
  readonly batch: PartitionBatch;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A batch whose records are landed, or poison that still has to be kept. */
interface SortedBatch {
  readonly batch: PartitionBatch;
  readonly rows: readonly LandingRow[];
  readonly poison: ReadonlyMap<LogRecord, Poison>;
}

/** A batch whose rows are landed and whose poison is in quarantine, up to a record that the breaker holds. */
interface KeptBatch {
  readonly batch: PartitionBatch;
  /** Per record done, whether it was poison. */
  readonly handled: readonly boolean[];
  readonly next: LogRecord | undefined;
  /** Why the next one is poison. */
  readonly poison: Poison | undefined;
}

const MAX_BACKOFF_MS = 5_000;
const QUARANTINE_CHUNK = 500;
const CATCH_UP_RECOMPUTE_MS = 10_000;
const placeOf = ({ topic, partition }: PartitionBatch): string => `${topic}/${partition}`;

export class Projector {
  readonly #options: ProjectorOptions;
  readonly #facts: Facts;
  readonly #lags = new Map<string, number>();
  readonly #records: Counter<'outcome'>;
  readonly #recomputed: Counter;
  readonly #flushSeconds: Histogram;
  /** Poison that is in quarantine already, for when a later step of its flush fails and is tried again. */
  readonly #kept = new WeakSet<LogRecord>();
  #pending: Pending[] = [];
  #flushing = false;
  #stale = true;
  #recomputedAt = 0;
  #failure: string | null = 'starting';

  constructor(options: ProjectorOptions) {
    this.#options = options;
    this.#facts = new Facts(options.clickhouse, options.projection, { computedBy: options.computedBy });
    const registers = [options.metrics];
    const lags = this.#lags;
    this.#records = new Counter({ name: 'ticketstream_records_total', help: 'Log records by outcome', labelNames: ['outcome'], registers });
    this.#recomputed = new Counter({ name: 'ticketstream_facts_recomputed_total', help: 'Tickets whose facts were recomputed', registers });
    this.#flushSeconds = new Histogram({ name: 'ticketstream_flush_seconds', help: 'Duration of a flush: landing and facts', registers });
    new Gauge({
      name: 'ticketstream_lag_records', help: 'Records in the log behind the last handled batch', labelNames: ['partition'], registers,
      collect() {
        for (const [partition, lag] of lags) this.set({ partition }, lag);
      },
    });
    new Gauge({
      name: 'ticketstream_breaker_open', help: 'Partitions held because most of their recent records are poison', labelNames: ['partition'], registers,
      collect() {
        this.reset();
        for (const partition of options.breaker.holds().keys()) this.set({ partition }, 1);
      },
    });
  }

  /** Null while the projector works; else why it does not. */
  failure(): string | null {
    const [hold] = this.#options.breaker.holds().values();
    return this.#failure ?? hold ?? null;
  }

  /** Resolves when the batch's effects are durable. @throws RuntimeError `OWNERSHIP_LOST`, or PartitionHeld when only those before its offset are. */
  handle(batch: PartitionBatch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ batch, resolve, reject });
      if (!this.#flushing) void this.#flushAll();
    });
  }

  /** Recomputes every ticket whose facts are older than its events. Called at start, before the first batch. */
  async start(): Promise<void> {
    await this.#recomputeStale();
    this.#failure = null;
  }

  async #flushAll(): Promise<void> {
    this.#flushing = true;
    while (this.#pending.length > 0) {
      const group = this.#pending;
      this.#pending = [];
      const stopTimer = this.#flushSeconds.startTimer();
      await this.#flushUntilDone(group);
      stopTimer();
    }
    this.#flushing = false;
  }

  /** Tries again for as long as the partitions are ours: an outage delays, it never skips. */
  async #flushUntilDone(group: readonly Pending[]): Promise<void> {
    let waiting = group;
    for (let attempt = 0; ; attempt++) {
      for (const item of waiting) if (!item.batch.owned()) item.reject(new RuntimeError('OWNERSHIP_LOST', 'the partition was reassigned'));
      waiting = waiting.filter((item) => item.batch.owned());
      if (waiting.length === 0) {
        // They are another's to do: what they waited for is no failure of this one any longer.
        this.#failure = null;
        return;
      }
      try {
        const held = await this.#flush(waiting.map((item) => item.batch));
        this.#failure = null;
        for (const item of waiting) {
          const hold = held.get(item.batch);
          if (hold === undefined) item.resolve();
          else item.reject(hold);
        }
        return;
      } catch (error) {
        const failure = toRuntimeError(error);
        this.#failure = `${failure.code}: ${failure.message}`;
        const delayMs = Math.min(MAX_BACKOFF_MS, 100 * 2 ** attempt);
        this.#options.logger[failure.retriable ? 'warn' : 'error']({ code: failure.code, error: failure.message, attempt, delay_ms: delayMs }, 'flush failed, trying again');
        await sleep(delayMs);
      }
    }
  }

  /** @returns the batches that the breaker holds, from where. */
  async #flush(batches: readonly PartitionBatch[]): Promise<Map<PartitionBatch, PartitionHeld>> {
    await this.#facts.assertAdmitted();
    const sorted = await Promise.all(batches.map((batch) => this.#sort(batch)));
    const refused = (await this.#land(sorted.flatMap(({ rows }) => rows))).map((poison) => [poison.record, poison] as const);
    const kept = await Promise.all(sorted.map(({ batch, poison }) => this.#keepPoison(batch, new Map([...poison, ...refused]))));
    for (const { batch, handled } of kept) this.#lags.set(placeOf(batch), batch.lag + batch.records.length - handled.length);
    await this.#updateFacts(sorted.flatMap(({ rows }) => rows));
    return new Map(kept.flatMap((item) => {
      const hold = this.#settle(item);
      return hold === null ? [] : [[item.batch, hold] as const];
    }));
  }

  /** Tells rows from poison. Of a batch that is held, only what lies before the hold is landed. */
  async #sort(batch: PartitionBatch): Promise<SortedBatch> {
    const landings = await Promise.all(batch.records.map(this.#options.toLanding));
    const hold = this.#options.breaker.assess(placeOf(batch), landings.map(({ kind }) => kind === 'poison'));
    const rows = landings.slice(0, hold ?? landings.length).filter((item) => item.kind === 'row');
    const poison = landings.filter((item) => item.kind === 'poison').map((item) => [item.record, item] as const);
    return { batch, rows, poison: new Map(poison) };
  }

  /** Quarantines a batch's poison, up to where the breaker holds it. */
  async #keepPoison(batch: PartitionBatch, poison: ReadonlyMap<LogRecord, Poison>): Promise<KeptBatch> {
    const flags = batch.records.map((record) => poison.has(record));
    const handled = flags.slice(0, this.#options.breaker.assess(placeOf(batch), flags) ?? flags.length);
    const toKeep = batch.records.slice(0, handled.length).flatMap((record) => poison.get(record) ?? []).filter(({ record }) => !this.#kept.has(record));
    for (let from = 0; from < toKeep.length; from += QUARANTINE_CHUNK) {
      await Promise.all(toKeep.slice(from, from + QUARANTINE_CHUNK).map(async (item) => {
        await this.#options.quarantine(item);
        this.#kept.add(item.record);
      }));
    }
    const next = batch.records[handled.length];
    return { batch, handled, next, poison: next === undefined ? undefined : poison.get(next) };
  }

  /** What is done is done: counted, and the breaker opened or closed. */
  #settle({ batch, handled, next, poison }: KeptBatch): PartitionHeld | null {
    const { breaker, logger } = this.#options;
    const place = placeOf(batch);
    const poisonCount = handled.filter(Boolean).length;
    this.#records.inc({ outcome: 'landed' }, handled.length - poisonCount);
    this.#records.inc({ outcome: 'poison' }, poisonCount);
    breaker.passed(place, handled);
    if (next !== undefined) return this.#hold(place, next.offset, poison);
    if (breaker.release(place)) logger.info({ partition: place }, 'partition is readable again');
    return null;
  }

  #hold(place: string, offset: number, poison: Poison | undefined): PartitionHeld {
    const example = poison === undefined ? '' : `, e.g. ${poison.reason}: ${poison.detail}`;
    const reason = `POISON_BREAKER: ${place} waits at offset ${offset}: most of ${BREAKER_WINDOW} records are poison${example}`;
    const { retryAfterMs, opened } = this.#options.breaker.hold(place, reason);
    this.#options.logger[opened ? 'error' : 'warn']({ code: 'PARTITION_HELD', partition: place, offset, reason: poison?.reason, delay_ms: retryAfterMs }, reason);
    return new PartitionHeld(offset, retryAfterMs, reason);
  }

  async #land(rows: readonly LandingRow[]): Promise<Poison[]> {
    const groups = groupBy(rows, (row) => row.header);
    const rejected = await Promise.all([...groups.values()].map((group) => this.#insert(group)));
    return rejected.flat();
  }

  /** Inserts rows of one schema; data that ClickHouse refuses is halved until the bad row stands alone. */
  async #insert(rows: readonly LandingRow[]): Promise<Poison[]> {
    const [first] = rows;
    if (first === undefined) return [];
    const body = Buffer.concat([first.header, containerBlock(rows.length, rows.flatMap((row) => row.parts))]);
    try {
      await this.#options.clickhouse.insertEncoded(`${this.#options.projection.database}.${first.table}`, 'Avro', body);
      return [];
    } catch (error) {
      const failure = toRuntimeError(error);
      if (failure.code !== 'CLICKHOUSE_BAD_DATA') throw failure;
      if (rows.length === 1) return [{ kind: 'poison', reason: 'refused_by_clickhouse', detail: failure.message, record: first.record }];
      const half = Math.ceil(rows.length / 2);
      return [...(await this.#insert(rows.slice(0, half))), ...(await this.#insert(rows.slice(half)))];
    }
  }

  async #updateFacts(rows: readonly LandingRow[]): Promise<void> {
    if (this.#options.projection.facts.length === 0) return;
    const lag = [...this.#lags.values()].reduce((total, partition) => total + partition, 0);
    const behind = lag > this.#options.catchUpLag;
    if (behind) {
      this.#stale = true;
      if (Date.now() - this.#recomputedAt < CATCH_UP_RECOMPUTE_MS) return;
    }
    if (this.#stale) return this.#recomputeStale();
    const touched = rows.flatMap(({ identity }) => (identity === undefined ? [] : [identity]));
    await this.#recompute([...new Map(touched.map((ticket) => [`${ticket.integration_id}/${ticket.ticket_id}`, ticket])).values()]);
  }

  async #recompute(tickets: readonly Ticket[]): Promise<void> {
    await this.#facts.compute(tickets);
    this.#recomputed.inc(tickets.length);
  }

  async #recomputeStale(): Promise<void> {
    const { clickhouse, projection, logger } = this.#options;
    if (projection.facts.length > 0) {
      const rows = await clickhouse.query<Ticket>(`SELECT integration_id, ticket_id FROM ${projection.database}.stale_tickets`);
      if (rows.length > 0) logger.info({ tickets: rows.length }, 'recomputing stale facts');
      await this.#recompute(rows);
    }
    this.#stale = false;
    this.#recomputedAt = Date.now();
  }
}
