// The tool's arithmetic, without clocks or machines: percentiles, medians with their range, when an open-loop sender
// sends, and whether something grew.

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** The smallest value that at least this share of all values does not exceed; null without values. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = ascending(values);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** The middle value, of an even number of them the mean of the two in the middle; null without values. */
export function median(values: readonly number[]): number | null {
  const sorted = ascending(values);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** When the events leave, in milliseconds from the start: evenly, whatever becomes of those before. */
export const dueMs = (index: number, perSecond: number): number => (index * 1_000) / perSecond;

/** How many of a schedule's events are due by then. */
export const dueBy = (elapsedMs: number, perSecond: number): number => Math.floor((elapsedMs * perSecond) / 1_000) + 1;

export interface Sample {
  /** Since the start. */
  readonly atMs: number;
  readonly tookMs: number;
}

/** Median of the first and of the last third of the time: what grows shows here. */
export function thirds(samples: readonly Sample[], lastsMs: number): readonly [first: number | null, last: number | null] {
  const between = (from: number, to: number): number | null =>
    median(samples.filter(({ atMs }) => atMs >= from * lastsMs && atMs < to * lastsMs).map(({ tookMs }) => tookMs));
  return [between(0, 1 / 3), between(2 / 3, Infinity)];
}

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

export interface Line {
  readonly at0: number;
  readonly slope: number;
}

/** The straight line that lies closest to the points (least squares). */
export function line(points: readonly { readonly x: number; readonly y: number }[]): Line {
  const mean = (of: (point: { readonly x: number; readonly y: number }) => number): number => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [middle, level] = [mean(({ x }) => x), mean(({ y }) => y)];
  const spread = mean(({ x }) => (x - middle) ** 2);
  const slope = spread === 0 ? 0 : mean(({ x, y }) => (x - middle) * (y - level)) / spread;
  return { at0: level - slope * middle, slope };
}

/** Of such a line. */
export const slopePerHour = (points: readonly Point[]): number => 3_600_000 * line(points.map(({ atMs, value }) => ({ x: atMs, y: value }))).slope;

/** How something grows with another: y ~ x to this power, of the straight line that lies closest to the logarithms. Nothing grows at 0, in proportion at 1. */
export function exponent(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => ({ atMs: Math.log(x), value: Math.log(y) }));
  return slopePerHour(logs) / 3_600_000;
}

/** Two or three digits: more is more than a measurement of this kind tells. */
export function digits(value: number): string {
  const precise = value.toFixed(Math.abs(value) < 1 ? 2 : Math.abs(value) < 10 ? 1 : 0);
  return precise.replace(/\B(?=(\d{3})+$)/g, ',');
}

export const figure = (value: number | null): string => (value === null ? '–' : digits(value));

/** `12 (10–15)`; a single value stands alone. */
export function medianAndRange(values: readonly number[]): string {
  const sorted = ascending(values);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return '–';
  return sorted.length === 1 ? digits(first) : `${figure(median(sorted))} (${digits(first)}–${digits(last)})`;
}
