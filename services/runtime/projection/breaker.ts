// Bad data is quarantined; a bad deploy is not bad data. When most of a partition's recent
// records can't be read, the cause is a producer, a registry or a build of ours, and skipping
// would empty the log into the quarantine. The partition is held instead: nothing of it is
// quarantined or committed until its records can be read or POISON_BREAKER=off says that they
// never will. Since this looks at nothing but the partition's records in order, every service
// stops at the same place.
import { RuntimeError } from '../errors.ts';
import type { PartitionBatch } from '../event-log.ts';

/** The partition waits from `offset` on; what lies before it is done. */
export class PartitionHeld extends RuntimeError {
  readonly offset: number;
  readonly retryAfterMs: number;

  constructor(offset: number, retryAfterMs: number, message: string) {
    super('PARTITION_HELD', message);
    this.offset = offset;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Records looked at together; more than half of them poison opens the breaker. */
export const BREAKER_WINDOW = 50;

/** A partition by name. */
export const placeOf = ({ topic, partition }: Pick<PartitionBatch, 'topic' | 'partition'>): string => `${topic}/${partition}`;

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 10_000;
/** A hold that nobody renewed by then belongs to a partition that moved to another consumer. */
const FORGOTTEN_AFTER_MS = 3 * MAX_RETRY_MS;

interface Hold {
  readonly reason: string;
  readonly attempts: number;
  readonly renewedAt: number;
}

export class PoisonBreaker {
  readonly #enabled: boolean;
  readonly #now: () => number;
  /** The last outcomes of each partition, true for poison; fewer than a window. */
  readonly #recent = new Map<string, readonly boolean[]>();
  readonly #holds = new Map<string, Hold>();

  constructor(enabled: boolean, now: () => number = Date.now) {
    this.#enabled = enabled;
    this.#now = now;
  }

  /**
   * Where a batch has to be held: the index of the first poison record of the first window with too
   * many, so that the same records hold it again after a restart. Null when it may pass.
   */
  assess(partition: string, poison: readonly boolean[]): number | null {
    if (!this.#enabled) return null;
    const recent = this.#recent.get(partition) ?? [];
    const sequence = [...recent, ...poison];
    let inWindow = 0;
    for (let end = 0; end < sequence.length; end++) {
      if (sequence[end] === true) inWindow += 1;
      if (end >= BREAKER_WINDOW && sequence[end - BREAKER_WINDOW] === true) inWindow -= 1;
      if (end + 1 < BREAKER_WINDOW || inWindow * 2 <= BREAKER_WINDOW || sequence[end] !== true) continue;
      const windowStart = Math.max(0, end + 1 - BREAKER_WINDOW - recent.length);
      return poison.indexOf(true, windowStart);
    }
    return null;
  }

  /** Takes note of records that are done: landed or in quarantine. */
  passed(partition: string, poison: readonly boolean[]): void {
    this.#recent.set(partition, [...(this.#recent.get(partition) ?? []), ...poison].slice(1 - BREAKER_WINDOW));
  }

  /** Opens the breaker or keeps it open. @returns how long to wait, and whether it was closed before. */
  hold(partition: string, reason: string): { retryAfterMs: number; opened: boolean } {
    const attempts = (this.#current(partition)?.attempts ?? 0) + 1;
    this.#holds.set(partition, { reason, attempts, renewedAt: this.#now() });
    return { retryAfterMs: Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1)), opened: attempts === 1 };
  }

  /** Closes the breaker. @returns whether it was open. */
  release(partition: string): boolean {
    return this.#holds.delete(partition);
  }

  /** Why partitions are held, by partition. */
  holds(): ReadonlyMap<string, string> {
    return new Map([...this.#holds.keys()].flatMap((partition) => {
      const hold = this.#current(partition);
      return hold === undefined ? [] : [[partition, hold.reason] as const];
    }));
  }

  #current(partition: string): Hold | undefined {
    const hold = this.#holds.get(partition);
    if (hold !== undefined && this.#now() - hold.renewedAt > FORGOTTEN_AFTER_MS) this.#holds.delete(partition);
    return this.#holds.get(partition);
  }
}
