// Business time. A calendar is a list of disjoint open intervals with the open time before each; its clock C(t) is the open
// time up to t. Business time is C(end) − C(start), a due time is the inverse of C; both are binary searches.

/** Where an open end lies when a calendar never reaches an instant: ClickHouse's 2106-01-01. */
export const END_OF_TIME = Date.UTC(2106, 0, 1);

/** Open from an instant to another, not included; made from wall times date by date, so an offset is never stored. */
export interface OpenWindow {
  readonly openFrom: number;
  readonly openTo: number;
  /** When the calendar's version is in force that the window belongs to; always, when left out. */
  readonly inForceFrom?: number;
  readonly inForceTo?: number;
}

interface Interval {
  readonly from: number;
  to: number;
}

/** Overlapping and touching windows unite. A version change clips at its instant. */
function unite(windows: readonly OpenWindow[]): Interval[] {
  const clipped = windows
    .map(({ openFrom, openTo, inForceFrom = -Infinity, inForceTo = Infinity }) => ({ from: Math.max(openFrom, inForceFrom), to: Math.min(openTo, inForceTo) }))
    .filter(({ from, to }) => from < to)
    .sort((a, b) => a.from - b.from);
  const united: Interval[] = [];
  for (const interval of clipped) {
    const last = united.at(-1);
    if (last !== undefined && interval.from <= last.to) last.to = Math.max(last.to, interval.to);
    else united.push(interval);
  }
  return united;
}

/** How many of the first numbers of a rising list are at most a limit. */
function countUpTo(limit: number, rising: Float64Array): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class BusinessClock {
  readonly #opens: Float64Array;
  readonly #lengths: Float64Array;
  /** Open time before each interval. */
  readonly #before: Float64Array;

  constructor(windows: readonly OpenWindow[], openBefore = 0) {
    const intervals = unite(windows);
    this.#opens = Float64Array.from(intervals, ({ from }) => from);
    this.#lengths = Float64Array.from(intervals, ({ from, to }) => to - from);
    this.#before = new Float64Array(intervals.length);
    let sum = openBefore;
    intervals.forEach(({ from, to }, i) => {
      this.#before[i] = sum;
      sum += to - from;
    });
  }

  /** C(t): milliseconds open up to an instant. */
  at(instant: number): number {
    const i = countUpTo(instant, this.#opens) - 1;
    if (i < 0) return 0;
    return (this.#before[i] ?? 0) + Math.min(instant - (this.#opens[i] ?? 0), this.#lengths[i] ?? 0);
  }

  /** Business milliseconds from an instant to another, never negative. */
  between(from: number, to: number): number {
    return Math.max(0, this.at(to) - this.at(from));
  }

  isOpenAt(instant: number): boolean {
    return this.at(instant + 1) > this.at(instant);
  }

  isClosedBefore(instant: number): boolean {
    return this.at(instant - 1) === this.at(instant);
  }

  /**
   * The instant at which the clock has gained an amount since a start. Reached at closing time it is the closing
   * instant, not the next opening. A calendar that closes for good before gets there at the end of time.
   */
  reach(from: number, amount: number): number {
    if (amount <= 0) return from;
    const reading = this.at(from) + amount;
    let low = 0;
    let high = this.#before.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#before[middle] ?? 0) + (this.#lengths[middle] ?? 0) < reading) low = middle + 1;
      else high = middle;
    }
    const opened = this.#opens[low];
    return opened === undefined ? END_OF_TIME : opened + reading - (this.#before[low] ?? 0);
  }
}

/** The limits of what a Date can tell. */
const EVER = 8_640_000_000_000_000;

/** 24×7: its clock is the time itself. */
export const aroundTheClock = new BusinessClock([{ openFrom: -EVER, openTo: EVER }], -EVER);
