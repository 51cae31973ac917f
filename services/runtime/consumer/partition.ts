// What a consumer knows of a partition. It outlives rebalances: that an event is done never
// becomes false, so what was learned in one turn of ownership only grows in the next.
import { Progress } from './progress.ts';
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
  place, progress: new Progress(-1), recent: new RecentEvents(dedupeEvents), ownedSince: new Date(0), begunBefore: 0, begun: new Set(), tries: new Map(), refused: new Set(),
  turn: Promise.resolve(), generation: 0, rewoundTo: -1, holds: 0, heldAt: -1, hold: null, committed: '', committing: null,
});
