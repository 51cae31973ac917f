import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lanes } from './lanes.ts';

const MAX_BATCH = 4;
const MAX_BATCH_BYTES = 100;

test('a partition has one send in flight, in the order of its items, however long sends take', async () => {
  let overlapped = 0;
  const items = fc.array(fc.record({ partition: fc.nat(7), bytes: fc.integer({ min: 1, max: 120 }), pause: fc.constantFrom(0, 0, 0, 1) }), { minLength: 1, maxLength: 60 });
  await fc.assert(fc.asyncProperty(items, fc.array(fc.nat(3), { minLength: 1, maxLength: 10 }), fc.integer({ min: 1, max: 4 }), async (sent, takesMs, lanes) => {
    const arrived = new Map<number, number[]>();
    const inFlight = new Set<number>();
    let sends = 0;
    const under = new Lanes<{ partition: number; bytes: number; expiresAt: number; index: number }>({
      lanes, maxBatch: MAX_BATCH, maxBatchBytes: MAX_BATCH_BYTES,
      send: async (batch) => {
        const partitions = new Set(batch.map(({ partition }) => partition));
        for (const partition of partitions) expect(inFlight.has(partition), `two sends to ${partition}`).toBe(false);
        if (inFlight.size > 0) overlapped += 1;
        for (const partition of partitions) inFlight.add(partition);
        expect(batch.length).toBeLessThanOrEqual(MAX_BATCH);
        if (batch.length > 1) expect(batch.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(MAX_BATCH_BYTES);
        await sleep(takesMs[sends++ % takesMs.length]);
        for (const { partition, index } of batch) arrived.set(partition, [...arrived.get(partition) ?? [], index]);
        for (const partition of partitions) inFlight.delete(partition);
      },
    });
    for (const [index, { pause, ...item }] of sent.entries()) {
      under.add({ ...item, expiresAt: Infinity, index });
      if (pause > 0) await sleep(pause);
    }
    await under.empty();
    const expected = new Map<number, number[]>();
    for (const [index, { partition }] of sent.entries()) expected.set(partition, [...expected.get(partition) ?? [], index]);
    expect(arrived).toStrictEqual(expected);
  }), { numRuns: 60 });
  expect(overlapped, 'lanes send beside each other').toBeGreaterThan(0);
});

test('what is late is told once it waits no more, and what did not leave is not sent', async () => {
  const sent: number[] = [];
  let arrive = (): void => undefined;
  const lanes = new Lanes<{ partition: number; bytes: number; expiresAt: number }>({
    lanes: 2, maxBatch: 1, maxBatchBytes: MAX_BATCH_BYTES,
    send: ([item]) => new Promise((resolve) => {
      sent.push(item?.expiresAt ?? 0);
      arrive = resolve;
    }),
  });
  for (const expiresAt of [10, 20, 30]) lanes.add({ partition: 4, bytes: 1, expiresAt });
  await sleep(1);
  expect(lanes.expired(20).map(({ expiresAt }) => expiresAt)).toStrictEqual([10, 20]);
  arrive();
  await sleep(1);
  expect(sent).toStrictEqual([10, 30]);
  expect(lanes.expired(29)).toStrictEqual([]);
  arrive();
  await lanes.empty();
});
