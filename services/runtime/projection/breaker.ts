// Bad data is quarantined; a bad deploy is not bad data. When most of a partition's recent
// records can't be read, the cause is a producer, a registry or a build of ours, and skipping
// would empty the log into the quarantine. The partition is held instead: nothing of it is
// quarantined or committed until its records can be read or POISON_BREAKER=off says that they
// never will. Since this looks at nothing but the partition's records in order, every service
// stops at the same place.
//
// What only one tenant's events are refused for, by what they say, is that tenant's: it goes to the
// quarantine, however much of it there is, and holds nobody else's up.
import type { Poison, PoisonReason } from '../avro/record-reader.ts';
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

/** Why a record is poison, as far as it matters here. */
export interface Fault {
  /** Whose event says something that can't be used; null where the producer is at fault, whatever the event says. */
  readonly tenant: string | null;
}

/** Reasons that depend on what an event says. */
const ofContent: ReadonlySet<PoisonReason> = new Set(['ill_formed_text', 'identity_missing', 'key_mismatch', 'refused_by_clickhouse']);

export function faultOf(poison: Poison | undefined): Fault | null {
  if (poison === undefined) return null;
  const tenant = poison.record.headers['integration_id'] ?? '';
  return { tenant: ofContent.has(poison.reason) && tenant !== '' ? tenant : null };
}

type Counts = (fault: Fault | null | undefined) => boolean;

/** Which faults of a window speak against the producer: what is refused of one tenant alone doesn't. */
function countingIn(window: readonly (Fault | null)[]): Counts {
  const tenants = new Set(window.flatMap((fault) => fault?.tenant ?? []));
  return (fault) => fault !== null && fault !== undefined && (fault.tenant === null || tenants.size > 1);
}

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
  /** The last outcomes of each partition; fewer than a window. */
  readonly #recent = new Map<string, readonly (Fault | null)[]>();
  readonly #holds = new Map<string, Hold>();

  constructor(enabled: boolean, now: () => number = Date.now) {
    this.#enabled = enabled;
    this.#now = now;
  }

  /**
   * Where a batch has to be held: the index of the first poison record of the first window with too
   * many, so that the same records hold it again after a restart. Null when it may pass.
   */
  assess(partition: string, faults: readonly (Fault | null)[]): number | null {
    if (!this.#enabled || faults.every((fault) => fault === null)) return null;
    const recent = this.#recent.get(partition) ?? [];
    const sequence = [...recent, ...faults];
    let inWindow = 0;
    for (let end = 0; end < sequence.length; end++) {
      const begin = end + 1 - BREAKER_WINDOW;
      if (sequence[end] !== null) inWindow += 1;
      if (begin > 0 && sequence[begin - 1] !== null) inWindow -= 1;
      if (begin < 0 || inWindow * 2 <= BREAKER_WINDOW || sequence[end] === null) continue;
      const window = sequence.slice(begin, end + 1);
      const counts = countingIn(window);
      if (window.filter(counts).length * 2 <= BREAKER_WINDOW || !counts(sequence[end])) continue;
      const ofThisBatch = Math.max(0, begin - recent.length);
      return ofThisBatch + faults.slice(ofThisBatch).findIndex(counts);
    }
    return null;
  }

  /** Takes note of records that are done: landed or in quarantine. */
  passed(partition: string, faults: readonly (Fault | null)[]): void {
    this.#recent.set(partition, [...(this.#recent.get(partition) ?? []), ...faults].slice(1 - BREAKER_WINDOW));
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
