// Limits that follow what gets on, not the clock.
import { expect, test } from 'vitest';
import { untilNone } from './processes.ts';

const counts = (...numbers: (number | Error)[]) => (): Promise<number> => {
  const next = numbers.length > 1 ? numbers.shift() : numbers[0];
  return next instanceof Error ? Promise.reject(next) : Promise.resolve(next ?? 0);
};

test('it waits for as long as they become fewer, also when nobody answers in between', async () => {
  await untilNone(counts(3, 2, new Error('away'), 1, 0), 'records', 400);
});

test('what stands still is told with its number', async () => {
  await expect(untilNone(counts(3, 2, 5, 2), 'records that are not done', 300)).rejects.toThrow('2 records that are not done, and no fewer for 0 s');
});

test('what never answers is told, too', async () => {
  await expect(untilNone(counts(new Error('away')), 'records', 200)).rejects.toThrow('Infinity records');
});
