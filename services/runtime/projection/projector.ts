// Runs a projection: land what was read of all partitions, compute the facts of the tickets that it touched, and only then
// commit the offsets. Every step is repeatable: landing tables keep the first of each event, and facts are replaced as a
// whole, so a redelivery changes nothing.
//
// Flushes are spaced: under load the next one begins no sooner than a while after the last one began, and its batches are
// fetched after that wait, so that they hold all that came in meanwhile. Far behind, nothing waits: batch after batch is landed
// while the touched tickets are collected, and their facts are computed when these are many.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { Poison } from '../avro/record-reader.ts';
import { BREAKER_WINDOW, PartitionHeld, placeOf, type PoisonBreaker } from './breaker.ts';
import { toRuntimeError, type ClickHouse } from '../clickhouse.ts';
import { messageOf, RuntimeError } from '../errors.ts';
import type { ManualBatch } from '../event-log.ts';
import { Facts, type FailedTicket, type Fold } from './facts.ts';
import type { Failpoint } from './failpoint.ts';
import { FailedTickets } from './flush/failed-tickets.ts';
import type { FlushTimer, ProjectionMetrics } from './flush/metrics.ts';
import { Triage, type KeptBatch } from './flush/triage.ts';
import { Unfolded } from './flush/unfolded.ts';
import type { ToLanding } from './landing.ts';
import type { Logger } from '../logger.ts';

export interface Projection {
  /** Service, consumer group, and its folder in services/. */
  readonly name: string;
  /** Consumer group; the name, unless something else is said. */
  readonly group?: string;
  /** ClickHouse database; its SQL lies beside the definition. */
  readonly database: string;
  /** Tables of one row per ticket, told by the fold. */
  readonly facts: readonly string[];
  /** Tells a ticket's rows from its events; a projection without facts has none. */
  readonly fold?: Fold;
  /** Whether the shared timeline is installed into the database. */
  readonly timeline: boolean;
  /** Least time from the begin of a flush to that of the next one, in milliseconds. */
  readonly flushEveryMs?: number;
}

export const defineProjection = (projection: Projection): Projection => projection;

export interface ProjectorOptions {
  readonly projection: Projection;
  /** Hash of the projection's code, which its facts say. */
  readonly computedBy: string;
  readonly clickhouse: ClickHouse;
  readonly logger: Logger;
  readonly metrics: ProjectionMetrics;
  readonly toLanding: ToLanding;
  /** Keeps a record that can't be landed; throws when it couldn't, and then nothing is committed. */
  readonly quarantine: (poison: Poison) => Promise<void>;
  readonly breaker: PoisonBreaker;
  readonly catchUpLag: number;
  readonly at: Failpoint;
}

interface Pending {
  readonly batch: ManualBatch;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Five flushes a second keep an event visible within half a second; when they are many, half as often and larger, which costs half. */
const FLUSH_EVERY_MS = 200;
const BUSY_FLUSH_EVERY_MS = 400;
const BUSY_RECORDS = 20;
const MAX_BACKOFF_MS = 5_000;
/** Less than a service has for stopping. */
const DRAIN_MS = 5_000;

export class Projector {
  readonly #options: ProjectorOptions;
  readonly #triage: Triage;
  readonly #facts: Facts;
  readonly #unfolded: Unfolded;
  readonly #failed: FailedTickets | null;
  readonly #flushTimer: FlushTimer;
  readonly #lags = new Map<string, number>();
  #generation = 0;
  #failures: FailedTicket[] = [];
  #pending: Pending[] = [];
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | null = null;
  #failure: string | null = 'starting';
  /** Partitions of the flush that fails. */
  #waiting = 0;

  constructor(options: ProjectorOptions) {
    const { projection, computedBy, clickhouse, logger, metrics, breaker } = options;
    this.#options = options;
    this.#flushTimer = metrics.timer(options.at);
    const { at } = this.#flushTimer;
    this.#triage = new Triage({ ...options, database: projection.database });
    this.#facts = new Facts(clickhouse, projection, { computedBy, at, onFailed: (failed) => this.#failures.push(failed) });
    this.#unfolded = new Unfolded(projection.fold?.eventTypes ?? null);
    this.#failed = projection.fold === undefined ? null : new FailedTickets(clickhouse, projection.database, logger);
    metrics.add({ breaker, failedTickets: () => this.#failed?.count ?? 0, waiting: () => this.#waiting });
  }

  /** Null while the projector works; else why it does not. */
  failure(): string | null {
    const [hold] = this.#options.breaker.holds().values();
    return this.#failure ?? hold ?? null;
  }

  /** What is amiss although it works. */
  warnings(): string[] {
    return this.#failed?.warnings() ?? [];
  }

  /** Takes up the tickets that an earlier run put aside; nothing else has to be looked for. */
  async start(): Promise<void> {
    this.#unfolded.addTickets((await this.#failed?.load()) ?? []);
    this.#failure = null;
    this.#waitForMore();
  }

  /** Resolves when the batch is landed, and its facts are written or will be with those after it; it is committed then. @throws RuntimeError `OWNERSHIP_LOST`, or PartitionHeld when only what lies before its offset is done. */
  async handle(batch: ManualBatch): Promise<void> {
    if (this.#stopping !== null) {
      // Answering at once would let the next batches be fetched for nothing while others finish.
      await this.#stopping;
      throw new RuntimeError('OWNERSHIP_LOST', 'the service stops');
    }
    const done = new Promise<void>((resolve, reject) => this.#pending.push({ batch, resolve, reject }));
    this.#wake();
    await done;
  }

  /** Finishes what was begun and commits it while the group still knows us. */
  stop(): Promise<void> {
    this.#stopping ??= Promise.race([this.#drain(), sleep(DRAIN_MS, undefined, { ref: false })]);
    return this.#stopping;
  }

  async #drain(): Promise<void> {
    await this.#running;
    if (this.#unfolded.isEmpty) return;
    await this.#fold([]).catch((error: unknown) => this.#options.logger.warn({ error: messageOf(error) }, 'stopped with records landed that are landed again'));
  }

  #wake(): void {
    clearTimeout(this.#timer);
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.#waitForMore();
    });
  }

  /** What is landed gets its facts in time, even when nothing comes after it. */
  #waitForMore(): void {
    if (this.#pending.length > 0) this.#wake();
    else if (!this.#unfolded.isEmpty && this.#stopping === null) this.#timer = setTimeout(() => this.#wake(), this.#unfolded.dueInMs());
  }

  async #run(): Promise<void> {
    do {
      // The batches of one fetch are handed over one after the other, and the next fetch waits for all of them: together, or
      // those after the first would wait for a flush of their own.
      await turn();
      const begun = performance.now();
      const group = this.#pending;
      this.#pending = [];
      this.#flushTimer.begin();
      const answers = await this.#flushUntilDone(group);
      this.#flushTimer.end();
      this.#waiting = 0;
      if (!this.#isBehind()) await sleep(Math.max(0, begun + this.#spacingMs(group) - performance.now()));
      for (const answer of answers) answer();
    } while (this.#pending.length > 0);
  }

  #spacingMs(group: readonly Pending[]): number {
    const records = group.reduce((sum, { batch }) => sum + batch.records.length, 0);
    return this.#options.projection.flushEveryMs ?? (records < BUSY_RECORDS ? FLUSH_EVERY_MS : BUSY_FLUSH_EVERY_MS);
  }

  /** Tries again for as long as the partitions are ours: an outage delays, it never skips. @returns what tells each batch's caller. */
  async #flushUntilDone(group: readonly Pending[]): Promise<(() => void)[]> {
    for (let attempt = 0; ; attempt++) {
      this.#sayAlive(group.map(({ batch }) => batch));
      const waiting = group.filter(({ batch, reject }) => {
        if (batch.owned()) return true;
        reject(new RuntimeError('OWNERSHIP_LOST', 'the partition was reassigned'));
        return false;
      });
      if (waiting.length === 0 && group.length > 0) {
        // They are another's to do: what they waited for is no failure of this one any longer.
        this.#failure = null;
        return [];
      }
      try {
        const held = await this.#flush(waiting.map(({ batch }) => batch));
        this.#failure = null;
        return waiting.map(({ batch, resolve, reject }) => {
          const hold = held.get(batch);
          return hold === undefined ? resolve : () => reject(hold);
        });
      } catch (error) {
        this.#waiting = waiting.length;
        await this.#backOff(error, attempt);
      }
    }
  }

  /** Those in hand, and those that come after them. */
  #sayAlive(batches: readonly ManualBatch[]): void {
    for (const batch of [...batches, ...this.#pending.map((pending) => pending.batch)]) batch.alive();
  }

  async #backOff(error: unknown, attempt: number): Promise<void> {
    const failure = toRuntimeError(error);
    if (failure.code === 'OWNERSHIP_LOST') return;
    this.#failure = `${failure.code}: ${failure.message}`;
    this.#options.metrics.failures.inc({ code: failure.code });
    const delayMs = Math.min(MAX_BACKOFF_MS, 100 * 2 ** attempt);
    this.#options.logger[failure.retriable ? 'warn' : 'error']({ code: failure.code, error: failure.message, attempt, delay_ms: delayMs }, 'flush failed, trying again');
    await sleep(delayMs);
  }

  /** @returns the batches that the breaker holds, from where. */
  async #flush(batches: readonly ManualBatch[]): Promise<Map<ManualBatch, PartitionHeld>> {
    await this.#facts.assertAdmitted();
    const kept = await this.#triage.land(batches);
    this.#flushTimer.at('landed');
    for (const item of kept) {
      this.#noteLag(item);
      this.#unfolded.add(item);
    }
    // A partition that is held is read again from there: what lies before it must not wait.
    const isHeld = kept.some(({ next }) => next !== undefined);
    const waits = this.#options.projection.facts.length > 0 && this.#isBehind() && this.#unfolded.dueInMs() > 0;
    if (isHeld || !waits) await this.#fold(batches);
    return new Map(kept.flatMap((item) => {
      const hold = this.#settle(item);
      return hold === null ? [] : [[item.batch, hold] as const];
    }));
  }

  /** Of partitions that moved to another consumer nothing is known any more. */
  #noteLag({ batch, handled }: KeptBatch): void {
    if (batch.generation !== this.#generation) this.#lags.clear();
    this.#generation = batch.generation;
    this.#lags.set(placeOf(batch), batch.lag + batch.records.length - handled.length);
  }

  /** Whether facts may wait for more, and no flush for the next. A partition that is held does not count. */
  #isBehind(): boolean {
    const { breaker, catchUpLag } = this.#options;
    const held = breaker.holds();
    return [...this.#lags].reduce((total, [place, records]) => total + (held.has(place) ? 0 : records), 0) > catchUpLag;
  }

  /** The facts of all tickets that were touched, in chunks, and then the offsets. */
  async #fold(batches: readonly ManualBatch[]): Promise<void> {
    const { logger, metrics } = this.#options;
    const begun = performance.now();
    this.#failures = [];
    for await (const chunk of this.#facts.inChunks(this.#unfolded.tickets())) {
      await this.#failed?.note(chunk, this.#failures);
      this.#failures = [];
      metrics.recomputed.inc(chunk.length);
      this.#unfolded.folded(chunk);
      // The group waits for whoever has lost its partitions; all of it is another's to do now.
      if (batches.length > 0 && !batches.some((batch) => batch.owned())) throw new RuntimeError('OWNERSHIP_LOST', 'the partitions were reassigned');
      this.#sayAlive(batches);
    }
    this.#flushTimer.at('before-commit');
    const failure = await this.#unfolded.commit(performance.now() - begun);
    if (failure !== undefined) logger.warn({ error: messageOf(failure) }, 'offsets are not committed yet; they are with the next flush');
  }

  /** What is done is done: counted, and the breaker opened or closed. */
  #settle({ batch, handled, next, poison }: KeptBatch): PartitionHeld | null {
    const { breaker, logger, metrics } = this.#options;
    const place = placeOf(batch);
    const poisonCount = handled.filter(Boolean).length;
    const { topic } = batch;
    metrics.records.inc({ topic, outcome: 'landed' }, handled.length - poisonCount);
    metrics.records.inc({ topic, outcome: 'poison' }, poisonCount);
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
}
