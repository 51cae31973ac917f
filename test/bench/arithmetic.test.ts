import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { arithmeticOf, inputsOf, numberIn, rowsIn, scaleTo, type Inputs } from './arithmetic.ts';

const results = readFileSync(new URL('RESULTS.md', import.meta.url), 'utf8');

const inputs: Inputs = {
  ingressMicros: 60, ingressMb: 300, projectionMicros: { a: 12, b: 6 }, clickhouseBulkMicros: 36, clickhouseLive: { at0: 0.6, slope: 0.0003 }, brokerMicros: 6, serviceMb: 500, kafkaBytes: 500, clickhouseBytes: 1_000,
};

test('a tenth of a core more is a tenth of a core more, at 60 % busy', () => {
  const scale = scaleTo(10_000, inputs);
  // 0.6 s of CPU a second at the door, 0.12 and 0.06 in the projections.
  expect([scale.ingresses, scale.processes, scale.partitions]).toStrictEqual([2, 2, 24]);
  expect(scale.serviceCores).toBeCloseTo((0.6 + 0.12 + 0.06) / 0.6);
  expect(scale.clickhouseCores).toBeCloseTo((2 * (0.6 + 3)) / 0.6);
  expect(scale.shards).toBe(1);
  expect([scale.kafkaGbADay, scale.clickhouseGbADay]).toStrictEqual([10_000 * 86_400 * 500 * 3 / 1e9, 10_000 * 86_400 * 1_000 * 2 / 1e9]);
});

test('ten times as much takes as many partitions as twice the processes, and shards', () => {
  const scale = scaleTo(1_000_000, inputs);
  expect([scale.ingresses, scale.processes, scale.partitions, scale.shards]).toStrictEqual([100, 20, 48, 32]);
});

test('cells are read as they are written', () => {
  expect([numberIn('1,234 (1,100–1,300)'), numberIn('0.93'), numberIn('-4.4 (-5.4–-3.4)')]).toStrictEqual([1234, 0.93, -4.4]);
  expect(() => numberIn('–')).toThrow('is no number');
  expect(() => rowsIn(results, 'ingress', 'nowhere')).toThrow('no table of the section "ingress" has a column "nowhere"');
});

test('everything that it rests on is in RESULTS.md', () => {
  const found = inputsOf(results);
  for (const value of [found.ingressMicros, found.clickhouseBulkMicros, found.clickhouseLive.slope, found.brokerMicros, found.kafkaBytes, found.clickhouseBytes, ...Object.values(found.projectionMicros)]) expect(value).toBeGreaterThan(0);
  expect(arithmeticOf(results)).toMatch(/^\| 1,000 \|.*\n\| 10,000 \|.*\n\| 100,000 \|/m);
});
