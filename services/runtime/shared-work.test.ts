import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { shared } from './shared-work.ts';

test('who asks while it runs shares the run', async () => {
  let runs = 0;
  const ask = shared(100, async () => {
    await sleep(20);
    return ++runs;
  });
  expect(await Promise.all([ask(), ask(), ask()])).toStrictEqual([1, 1, 1]);
  expect(await ask(), 'who asks afterwards gets a fresh one').toBe(2);
});

test('beyond its runs a second it gives the last result, and a second later a fresh one', async () => {
  let runs = 0;
  const ask = shared(3, () => Promise.resolve(++runs));
  const answers: number[] = [];
  for (let i = 0; i < 6; i++) answers.push(await ask());
  expect(answers).toStrictEqual([1, 2, 3, 3, 3, 3]);
  await sleep(1_010);
  expect(await ask()).toBe(4);
});

test('a run that fails is told to those who shared it, and is tried again', async () => {
  let runs = 0;
  const ask = shared(10, () => (++runs === 1 ? Promise.reject(new Error('once')) : Promise.resolve(runs)));
  const first = [ask(), ask()];
  for (const asked of first) await expect(asked).rejects.toThrow(/once/);
  expect(await ask()).toBe(2);
});
