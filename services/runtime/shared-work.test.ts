import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { shared } from './shared-work.ts';

test('who asks while it runs shares the run', async () => {
  let runs = 0;
  const ask = shared(100, async () => {
    await sleep(20);
    return ++runs;
  });
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [1, 1, 1]);
  assert.equal(await ask(), 2, 'who asks afterwards gets a fresh one');
});

test('beyond its runs a second it gives the last result, and a second later a fresh one', async () => {
  let runs = 0;
  const ask = shared(3, () => Promise.resolve(++runs));
  const answers: number[] = [];
  for (let i = 0; i < 6; i++) answers.push(await ask());
  assert.deepEqual(answers, [1, 2, 3, 3, 3, 3]);
  await sleep(1_010);
  assert.equal(await ask(), 4);
});

test('a run that fails is told to those who shared it, and is tried again', async () => {
  let runs = 0;
  const ask = shared(10, () => (++runs === 1 ? Promise.reject(new Error('once')) : Promise.resolve(runs)));
  const first = [ask(), ask()];
  for (const asked of first) await assert.rejects(asked, /once/);
  assert.equal(await ask(), 2);
});
