// Brings each event of the log to the handler: in order within a ticket, tickets side by side,
// each event once as far as memory reaches, and none left out.
//
// What can't be done now is not waited for here: the batch does what it can, commits what is
// done, and the partition is held (paused and read again from the first event that isn't done),
// so that no partition waits for another one. Read again, what is done already is passed over.
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Registry } from 'prom-client';
import { faultOf, PartitionHeld, type PoisonBreaker } from '../projection/breaker.ts';
import type { Attempts } from './attempt.ts';
import type { Delivery, Sort, Unwanted } from './events.ts';
import { hold, newPartition, passed, type Hold, type PartitionState, type Reason } from './partition.ts';
import { WaitingEvents } from './waiting.ts';
import { messageOf, RuntimeError } from '../errors.ts';
import type { ConsumerPosition, LogRecord, ManualBatch } from '../event-log.ts';
import { groupBy } from '../group-by.ts';
import { gaugeHeldPartitions } from '../metrics/held-partitions.ts';
import type { Poison } from '../avro/record-reader.ts';
import type { Logger } from '../logger.ts';
import { traceFields } from '../trace.ts';

export interface LoopOptions {
  readonly sort: Sort;
  readonly attempts: Attempts;
  /** Places (topic/partition/offset) of events that were quarantined before this start. */
  readonly refused: ReadonlySet<string>;
  readonly breaker: PoisonBreaker;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** Tickets at once, over all partitions. */
  readonly concurrency: number;
  /** Whether an outage of one tenant's sink says nothing about another's. */
  readonly sinkPerTenant?: boolean;
  /** Events of a partition whose copies are recognised. */
  readonly dedupeEvents: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Where the group is in a partition. */
  readonly positionOf: (topic: string, partition: number) => Promise<ConsumerPosition>;
  /** Called with the next offset to handle, once that is committed. */
  readonly onProgress?: (partition: number, next: number) => void;
}

/** One batch on its way. */
interface Run {
  readonly batch: ManualBatch;
  readonly state: PartitionState;
  readonly abort: AbortController;
  readonly waiting: WaitingEvents;
}

/** How a batch ended. `read_again`: its partition was sent back to read what came before. `ahead`: something waits, and what follows is read meanwhile. */
type End = { readonly kind: 'passed' | 'read_again' | 'ahead' | 'stopped' } | { readonly kind: 'back'; readonly inMs: number } | ({ readonly kind: 'held' } & Reason);

const COMMIT_EVERY_MS = 200;
/** After which handlers that still run at a stop are asked to give up, and after which they are left alone. */
const STOP_MS = 1_800;
const ABORT_MS = 500;

export class ConsumerLoop {
  readonly #options: LoopOptions;
  readonly #slots: LimitFunction;
  readonly #states = new Map<string, PartitionState>();
  readonly #active = new Set<Promise<End>>();
  readonly #runs = new Set<Run>();
  readonly #stopped: Promise<void>;
  #release: () => void = () => undefined;
  #stopping = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#slots = pLimit(options.concurrency);
    this.#stopped = new Promise((resolve) => {
      this.#release = resolve;
    });
    gaugeHeldPartitions(options.metrics, () => {
      const held = this.#held();
      const poison = held.filter((hold) => hold.poison).length;
      return { poison, outage: held.length - poison };
    });
  }

  /** Null while all partitions move; else why one does not. */
  failure(): string | null {
    const [hold] = this.#held();
    return hold === undefined ? null : `${hold.place} waits: ${hold.reason}`;
  }

  /** A hold that nobody renewed belongs to a partition that moved to another instance. */
  #held(): (Hold & { readonly place: string })[] {
    const forgottenAfterMs = 3 * Math.max(10_000, this.#options.maxBackoffMs);
    return [...this.#states.values()].flatMap(({ place, hold }) => (hold !== null && Date.now() - hold.since < forgottenAfterMs ? [{ ...hold, place }] : []));
  }

  /** @throws RuntimeError `OWNERSHIP_LOST`, or PartitionHeld when only what lies before its offset is done. */
  async handle(batch: ManualBatch): Promise<void> {
    const state = this.#stateOf(batch);
    const work = state.turn.then(() => this.#work(state, batch));
    state.turn = work.catch(() => undefined);
    this.#active.add(work);
    const end = await work.finally(() => this.#active.delete(work));
    switch (end.kind) {
      case 'passed':
      case 'read_again':
      case 'ahead':
        return;
      case 'stopped':
        // Answering at once would let the next batches be fetched for nothing while others finish.
        if (this.#stopping) await this.#stopped;
        throw new RuntimeError('OWNERSHIP_LOST', 'the partition was reassigned, or the service stops');
      case 'back': throw new PartitionHeld(state.progress.next, end.inMs, state.hold?.reason ?? 'a tenant’s sink is away');
      case 'held': {
        state.ahead.beginCycle();
        throw new PartitionHeld(end.offset, hold(state, end, this.#options), end.reason);
      }
    }
  }

  /** Lets what is in flight finish, and begins nothing more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { ahead } of this.#states.values()) ahead.beginCycle();
    const finished = Promise.allSettled([...this.#active]);
    await Promise.race([finished, sleep(STOP_MS, undefined, { ref: false })]);
    for (const run of this.#runs) run.abort.abort(new Error('the service stops'));
    await Promise.race([finished, sleep(ABORT_MS, undefined, { ref: false })]);
    this.#release();
  }

  #stateOf({ topic, partition }: ManualBatch): PartitionState {
    const place = `${topic}/${partition}`;
    const known = this.#states.get(place);
    if (known !== undefined) return known;
    const state = newPartition(place, this.#options.dedupeEvents);
    this.#states.set(place, state);
    return state;
  }

  #goesOn({ batch }: Pick<Run, 'batch'>): boolean {
    return !this.#stopping && batch.owned();
  }

  async #work(state: PartitionState, batch: ManualBatch): Promise<End> {
    const [first] = batch.records;
    if (first === undefined) return { kind: 'passed' };
    if (!this.#goesOn({ batch })) return { kind: 'stopped' };
    const run: Run = { batch, state, abort: new AbortController(), waiting: new WaitingEvents(this.#options.concurrency, this.#options.sinkPerTenant) };
    this.#runs.add(run);
    const watch = setInterval(() => {
      if (!batch.owned()) run.abort.abort(new Error('the partition was reassigned'));
      void this.#commit(run);
    }, COMMIT_EVERY_MS);
    try {
      const isNew = state.generation !== batch.generation;
      if (isNew || !state.ahead.continuesAt(first.offset)) {
        const from = isNew ? await this.#resume(state, batch) : state.progress.next;
        state.ahead.beginCycle();
        if (from < first.offset && state.rewoundTo !== from) {
          state.rewoundTo = from;
          batch.rewind(from);
          return { kind: 'read_again' };
        }
        // Read from there, it begins here: what lies between is not in the log any more.
        state.progress.advance(first.offset);
      }
      return await this.#handleBatch(run);
    } catch (error) {
      // The registry or Kafka's admin side does not answer: nothing of it is the events' fault.
      return { kind: 'held', offset: state.ahead.isAhead ? state.progress.next : Math.max(first.offset, state.progress.next), outage: true, reason: messageOf(error) };
    } finally {
      clearInterval(watch);
      await state.committing;
      await this.#commit(run);
      this.#runs.delete(run);
    }
  }

  /**
   * After each rebalance: takes in what the group has committed. @returns where to read from: as far
   * back as the dedupe window reaches, unless this instance saw all of that itself.
   */
  async #resume(state: PartitionState, { topic, partition, generation }: ManualBatch): Promise<number> {
    const seen = state.progress.next;
    const { committed, note, low, end } = await this.#options.positionOf(topic, partition);
    state.progress.join(committed, note);
    state.generation = generation;
    state.ownedSince = new Date();
    state.begunBefore = end;
    state.committed = '';
    state.rewoundTo = -1;
    state.ahead.forget();
    return Math.max(low, seen, committed - this.#options.dedupeEvents);
  }

  async #handleBatch(run: Run): Promise<End> {
    const { batch, state } = run;
    const known = batch.records.filter((record) => state.progress.isDone(record.offset));
    const open = batch.records.filter((record) => !state.progress.isDone(record.offset));
    await this.#remember(state, known);
    const sorted = await Promise.all(open.map(this.#options.sort));
    const faults = sorted.map((item) => (item.kind === 'poison' ? faultOf(item) : null));
    const heldAt = this.#options.breaker.assess(state.place, faults);
    const passing = heldAt === null ? sorted : sorted.slice(0, heldAt);
    await this.#handleAll(run, passing);
    const waiting = run.waiting.told();
    const left = sorted.filter(({ record }) => !state.progress.isDone(record.offset));
    const next = (batch.records.at(-1)?.offset ?? 0) + 1;
    if (!state.ahead.isAhead) state.progress.advance(left[0]?.record.offset ?? next);
    this.#options.breaker.passed(state.place, faults.filter((_, index) => state.progress.isDone(sorted[index]?.record.offset ?? -1)));
    if (left.length === 0 && !state.ahead.isAhead) {
      passed(state, this.#options.logger);
      return { kind: 'passed' };
    }
    if (!this.#goesOn(run)) return { kind: 'stopped' };
    if (heldAt === null && run.waiting.areOfSinks) return this.#readOn(run, left, next);
    const offset = state.progress.next;
    if (waiting !== undefined) return { kind: 'held', offset, outage: waiting.cause !== 'failure', reason: waiting.reason };
    return { kind: 'held', offset, outage: true, poison: true, reason: `most of the last records can't be read (${passing.length} of ${sorted.length} passed)` };
  }

  /** What waits does so for its tenants' sinks: all others are served meanwhile. */
  #readOn({ batch, state, waiting }: Run, left: readonly (Delivery | Unwanted | Poison)[], next: number): End {
    const { ahead, progress } = state;
    const first = progress.next;
    if (!ahead.isAhead) ahead.retryAfter(hold(state, { offset: first, outage: true, reason: waiting.told()?.reason ?? '' }, this.#options));
    const move = ahead.move({ tenants: left.flatMap((item) => (item.kind === 'event' ? [item.identity.integration_id] : [])), next, first });
    if (move.kind === 'back') return move;
    // It is tried again from there, once: where that is not in the log any more, what follows is.
    state.rewoundTo = -1;
    if (move.kind === 'to') batch.rewind(move.offset);
    // Without the batch's records: it may take long.
    const { rewind } = batch;
    ahead.whenDue(() => rewind(progress.next));
    return { kind: 'ahead' };
  }

  /** Events that were done before: so that a later copy of one is recognised. One that failed here is not, so that its replay is handled. */
  async #remember(state: PartitionState, records: readonly LogRecord[]): Promise<void> {
    const done = records.filter(({ offset }) => !this.#options.refused.has(`${state.place}/${offset}`) && !state.refused.has(offset));
    for (const item of await Promise.all(done.map(this.#options.sort))) if (item.kind === 'event') state.recent.add(item.key);
  }

  async #handleAll(run: Run, items: readonly (Delivery | Unwanted | Poison)[]): Promise<void> {
    const { attempts, logger } = this.#options;
    const { progress } = run.state;
    const events: Delivery[] = [];
    for (const item of items) {
      if (item.kind === 'event') {
        events.push(item);
        continue;
      }
      progress.done(item.record.offset);
      attempts.count(item.kind);
      const { partition, offset } = item.record;
      if (item.kind === 'poison') logger.warn({ partition, offset, reason: item.reason, ...traceFields(item.record.headers['traceparent']) }, 'record skipped; event-archive keeps it in quarantine');
    }
    const tickets = groupBy(events, ({ identity }) => JSON.stringify([identity.integration_id, identity.ticket_id]));
    await Promise.all([...tickets.values()].map((ticket) => this.#handleTicket(run, ticket)));
  }

  /** One after the other; the first that isn't done stops those behind it. */
  async #handleTicket(run: Run, events: readonly Delivery[]): Promise<void> {
    for (const event of events) {
      const done = await this.#slots(() => this.#handleEvent(run, event));
      run.batch.alive();
      if (!done) return;
      run.state.progress.done(event.record.offset);
    }
  }

  async #handleEvent(run: Run, event: Delivery): Promise<boolean> {
    const { state, waiting } = run;
    const { attempts } = this.#options;
    const { integration_id: tenant } = event.identity;
    if (state.recent.has(event.key)) {
      attempts.count('duplicate');
      return true;
    }
    if (!this.#goesOn(run) || waiting.isEnoughOf(tenant) || state.ahead.isBlocked(tenant)) return false;
    const { offset } = event.record;
    const attempt = (state.tries.get(offset) ?? 0) + 1;
    const mayBeRepeated = state.begun.has(offset) || offset < state.begunBefore;
    state.begun.add(offset);
    const end = await attempts.try(event, { attempt, mayBeRepeated, ownedSince: state.ownedSince, signal: run.abort.signal });
    switch (end.kind) {
      case 'handled':
        state.recent.add(event.key);
        state.tries.delete(offset);
        state.begun.delete(offset);
        return true;
      case 'quarantined':
        state.tries.delete(offset);
        state.begun.delete(offset);
        state.refused.add(offset);
        this.#forgetRefused(state);
        return true;
      case 'aborted': return false;
      case 'waits':
        if (end.cause === 'failure') state.tries.set(offset, attempt);
        waiting.add({ cause: end.cause, reason: end.reason, tenant });
        return false;
    }
  }

  /** Those too old to be read again; they were added about in order. */
  #forgetRefused({ refused, progress }: PartitionState): void {
    for (const offset of refused) {
      if (offset >= progress.next - this.#options.dedupeEvents) return;
      refused.delete(offset);
    }
  }

  /** Commits what is done, if that changed. A commit that fails is made good by the next one. */
  async #commit({ batch, state }: Run): Promise<void> {
    const { next } = state.progress;
    const note = state.progress.note();
    const wanted = `${next} ${note}`;
    // Before it is known what the group committed meanwhile, a commit could take that back.
    if (state.generation !== batch.generation || state.committing !== null || state.committed === wanted) return;
    state.committing = batch.commit(next, note).then(
      () => {
        state.committed = wanted;
        this.#options.onProgress?.(batch.partition, next);
      },
      (error: unknown) => this.#options.logger.debug({ partition: state.place, error: messageOf(error) }, 'commit failed'),
    ).finally(() => {
      state.committing = null;
    });
    await state.committing;
  }
}
