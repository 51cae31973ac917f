// What a consumer knows of a partition. It outlives rebalances: that an event is done never
// becomes false, so what was learned in one turn of ownership only grows in the next.
import { ReadAhead } from './ahead.ts';
import { Progress } from './progress.ts';
import type { Logger } from '../logger.ts';
import { RecentEvents } from './window.ts';

export interface Hold {
  readonly reason: string;
  readonly since: number;
  /** Behind records that can't be read. */
  readonly poison: boolean;
}

export interface PartitionState {
  readonly place: string;
  readonly progress: Progress;
  readonly recent: RecentEvents;
  readonly ahead: ReadAhead;
  /** Since when this instance has it, and where the log ended then: what lies before, another may have begun. */
  ownedSince: Date;
  begunBefore: number;
  /** Offsets of events that this instance began and did not end with success. */
  readonly begun: Set<number>;
  /** Failed tries by offset. */
  readonly tries: Map<number, number>;
  /** Offsets of events that this instance quarantined. */
  readonly refused: Set<number>;
  /** Batches of a partition never overlap, even when an old one still runs after a rebalance. */
  turn: Promise<unknown>;
  generation: number;
  /** Where the partition was sent back to last. */
  rewoundTo: number;
  /** Times that it was held in a row, and where. */
  holds: number;
  heldAt: number;
  hold: Hold | null;
  committed: string;
  committing: Promise<void> | null;
}

export const newPartition = (place: string, dedupeEvents: number): PartitionState => ({
  place, progress: new Progress(-1), recent: new RecentEvents(dedupeEvents), ahead: new ReadAhead(), ownedSince: new Date(0), begunBefore: 0, begun: new Set(), tries: new Map(), refused: new Set(),
  turn: Promise.resolve(), generation: 0, rewoundTo: -1, holds: 0, heldAt: -1, hold: null, committed: '', committing: null,
});

/** Why a partition waits, and from which offset on. */
export interface Reason {
  readonly offset: number;
  /** Not for an event that failed and has tries left. */
  readonly outage: boolean;
  readonly poison?: boolean;
  readonly reason: string;
}

/** @returns after how many milliseconds to try again. */
export function hold(state: PartitionState, { offset, outage, reason, poison = false }: Reason, { backoffMs, maxBackoffMs, logger }: { readonly backoffMs: number; readonly maxBackoffMs: number; readonly logger: Logger }): number {
  // Where something got done, what waits now is something else.
  if (offset > state.heldAt) state.holds = 0;
  state.heldAt = offset;
  const retryAfterMs = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(state.holds, 20));
  if (outage && state.hold === null) logger.warn({ partition: state.place, offset, reason, retry_after_ms: retryAfterMs }, 'partition waits; nothing is skipped');
  state.holds += 1;
  state.hold = outage ? { reason, since: Date.now(), poison } : null;
  return retryAfterMs;
}

export function passed(state: PartitionState, logger: Logger): void {
  if (state.hold !== null) logger.info({ partition: state.place }, 'going on');
  state.holds = 0;
  state.hold = null;
}
