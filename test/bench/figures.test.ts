import { expect, test } from 'vitest';
import { digits, dueBy, dueMs, exponent, figure, median, medianAndRange, percentile, thirds, slopePerHour } from './figures.ts';
import { introduction, table, withSection } from './results.ts';

test('a percentile is the smallest value that the share of all does not exceed, in any order of them', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([0.5, 0.95, 0.99, 1].map((share) => percentile(hundred, share))).toStrictEqual([50, 95, 99, 100]);
  expect(percentile([30, 10, 20], 0.5)).toBe(20);
  expect(percentile([30, 10, 20], 0.99)).toBe(30);
  expect(percentile([7], 0)).toBe(7);
  expect(percentile([], 0.5)).toBeNull();
});

test('numbers are put in order as numbers, not as texts', () => {
  expect(percentile([9, 100, 20], 1)).toBe(100);
  expect(median([9, 100, 20])).toBe(20);
});

test('a median of an even number of values lies between the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([5])).toBe(5);
  expect(median([])).toBeNull();
});

test('the schedule is even, and what is due does not depend on what was answered', () => {
  expect([0, 1, 2, 500].map((index) => dueMs(index, 500))).toStrictEqual([0, 2, 4, 1_000]);
  // The first is due at once; after a stall, all that were due meanwhile.
  expect(dueBy(0, 1)).toBe(1);
  expect(dueBy(999, 1)).toBe(1);
  expect(dueBy(1_000, 1)).toBe(2);
  expect(dueBy(10_000, 1_000)).toBe(10_001);
  for (const perSecond of [1, 3, 10, 1_000]) {
    for (let index = 1; index < 50; index++) {
      expect(dueBy(dueMs(index, perSecond) + 0.001, perSecond)).toBe(index + 1);
      expect(dueBy(dueMs(index, perSecond) - 0.001, perSecond)).toBe(index);
    }
  }
});

test('growth shows as the median of the last third beside the first', () => {
  const samples = Array.from({ length: 30 }, (_, i) => ({ atMs: i * 100, tookMs: 100 + i }));
  expect(thirds(samples, 3_000)).toStrictEqual([104.5, 124.5]);
  expect(thirds([{ atMs: 10, tookMs: 5 }], 3_000)).toStrictEqual([5, null]);
  // One that came in after the end counts with the last ones.
  expect(thirds([{ atMs: 9_000, tookMs: 5 }], 3_000)).toStrictEqual([null, 5]);
});

test('figures have as many digits as they deserve', () => {
  expect([0, 0.123, 1.26, 12.6, 1_234.5, 1_234_567, -5.21].map(digits)).toStrictEqual(['0.00', '0.12', '1.3', '13', '1,235', '1,234,567', '-5.2']);
  expect(figure(null)).toBe('–');
  expect(medianAndRange([30, 10, 20])).toBe('20 (10–30)');
  expect(medianAndRange([10])).toBe('10');
  expect(medianAndRange([])).toBe('–');
});

test('a table has a line per row, and a stroke in a cell does not make a column', () => {
  expect(table([{ of: 'a|b', ms: '1' }, { of: 'c', ms: '2' }])).toBe('| of | ms |\n| --- | ---: |\n| a\\|b | 1 |\n| c | 2 |');
});

test('a part that runs again replaces its own section and no other', () => {
  const first = withSection(withSection(introduction, 'live', '## Live\nold'), 'rebuild', '## Rebuild\n$& stays $1');
  expect(first.indexOf('## Live')).toBeLessThan(first.indexOf('## Rebuild'));
  const again = withSection(first, 'live', '## Live\nnew');
  expect(again).toBe(first.replace('\nold\n', '\nnew\n'));
  expect(again.startsWith(introduction.trim())).toBe(true);
  expect(withSection(again, 'live', '## Live\nnew')).toBe(again);
});

test('a slope is told per hour, and noise around it is none', () => {
  const at = (values: readonly number[]) => values.map((value, index) => ({ atMs: index * 60_000, value }));
  expect(slopePerHour(at([100, 101, 102, 103]))).toBeCloseTo(60);
  expect(slopePerHour(at([100, 104, 100, 104, 100]))).toBeCloseTo(0);
  expect(slopePerHour(at([100]))).toBe(0);
});

test('an exponent says how one thing grows with another, whatever it began with', () => {
  expect(exponent([[100, 7], [1_000, 70], [10_000, 700]])).toBeCloseTo(1);
  expect(exponent([[100, 7], [1_000, 7], [10_000, 7]])).toBeCloseTo(0);
  expect(exponent([[100, 10], [10_000, 100]])).toBeCloseTo(0.5);
});
