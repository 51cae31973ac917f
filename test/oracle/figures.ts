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
