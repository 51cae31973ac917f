// Sums, shares and percentiles of plain numbers.

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** NULL without a whole: nothing of nothing is no share. */
export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** The value at place level × n, cut, of the sorted ones, counted from 0; NULL without values. */
export function quantileExact(values: readonly number[], level: number): number | null {
  return [...values].sort((a, b) => a - b)[Math.trunc(level * values.length)] ?? null;
}

/** 1.96 deviations to either side hold 95 % of a normal distribution. */
const DEVIATIONS = 1.96;

export interface Bounds {
  low: number | null;
  high: number | null;
}

/** Wilson's interval as the textbook has it: the shares that lie so many deviations from the observed one. */
export function shareBounds(part: number, whole: number): Bounds {
  if (whole === 0) return { low: null, high: null };
  const [p, square] = [part / whole, DEVIATIONS ** 2];
  const centre = (p + square / (2 * whole)) / (1 + square / whole);
  const margin = (DEVIATIONS / (1 + square / whole)) * Math.sqrt((p * (1 - p)) / whole + square / (4 * whole ** 2));
  return { low: Math.max(0, centre - margin), high: Math.min(1, centre + margin) };
}

/**
 * Of n values level × n lie below the true quantile, give or take 1.96 deviations of that count: the values at these ranks, counted from 1, the
 * higher one after it. NULL where there is no such rank.
 */
export function quantileBounds(values: readonly number[], level: number): Bounds {
  const sorted = [...values].sort((a, b) => a - b);
  const below = level * values.length;
  const deviation = DEVIATIONS * Math.sqrt(values.length * level * (1 - level));
  const at = (rank: number): number | null => sorted[rank - 1] ?? null;
  return { low: at(Math.floor(below - deviation)), high: at(Math.ceil(1 + below + deviation)) };
}
