import { expect, test } from 'vitest';
import { StuckBatches } from './stuck.ts';

test('the batch that said nothing for longest is told, until it is heard of or ends', () => {
  let now = 0;
  const batches = new StuckBatches(() => now);
  expect(batches.longest()).toBeNull();
  const first = batches.begin('log/0');
  now = 10;
  const second = batches.begin('log/1');
  now = 30;
  expect(batches.longest()).toStrictEqual({ place: 'log/0', silentMs: 30 });
  first.alive();
  expect(batches.longest()).toStrictEqual({ place: 'log/1', silentMs: 20 });
  second.end();
  now = 35;
  expect(batches.longest()).toStrictEqual({ place: 'log/0', silentMs: 5 });
  first.end();
  expect(batches.isEmpty).toBe(true);
  first.alive();
  expect(batches.longest(), 'a late sign of one that ended means nothing').toBeNull();
});

test('two batches of one partition are two: the older one may still run after a rebalance', () => {
  let now = 0;
  const batches = new StuckBatches(() => now);
  batches.begin('log/0');
  now = 10;
  batches.begin('log/0').end();
  expect(batches.longest()).toStrictEqual({ place: 'log/0', silentMs: 10 });
});
