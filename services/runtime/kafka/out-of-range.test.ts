// Whose word an "offset out of range" is. What a reassignment really does is shown by the faults of brokers.
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { askingItsLeader, askLeaderBeforeReset, type ConsumerGroup } from './out-of-range.ts';

/** A group at this offset; its leader's log, look by look. @returns whether it went back to the log's start. */
async function goesBack(next: number, ...logs: (readonly [number, number])[]): Promise<boolean> {
  let resets = 0;
  let looks = 0;
  const group: ConsumerGroup = {
    cluster: {
      refreshMetadata: () => {
        looks += 1;
        return Promise.resolve();
      },
      fetchTopicsOffset: ([asked]) => Promise.resolve([{ partitions: [{ partition: 3, offset: String((logs[Math.min(looks, logs.length) - 1] ?? [0, 0])[asked?.fromBeginning === true ? 0 : 1]) }] }]),
    },
    offsetManager: { nextOffset: () => next },
    recoverFromOffsetOutOfRange: askingItsLeader(() => {
      resets += 1;
      return Promise.resolve();
    }),
  };
  await group.recoverFromOffsetOutOfRange({ topic: 'events', partition: 3 });
  return resets > 0;
}

test('what its leader has is fetched again from there, its end included', async () => {
  expect(await goesBack(7_418, [0, 9_000])).toBe(false);
  expect(await goesBack(9_000, [9_000, 9_000])).toBe(false);
});

test('a leader that does not know all of its log yet is asked again', async () => {
  expect(await goesBack(7_418, [0, 7_000], [0, 7_418])).toBe(false);
});

test('what was deleted, or is a log begun anew, sends the group back', async () => {
  expect(await goesBack(7_418, [8_000, 9_000])).toBe(true);
  expect(await goesBack(7_418, [0, 12])).toBe(true);
});

/** Its text in a copy of kafkajs's own, whatever was done to the one that is in use: other tests in this process may have. */
function asItComes(): string {
  const require = createRequire(import.meta.url);
  const file = require.resolve('kafkajs/src/consumer/consumerGroup');
  const inUse = require.cache[file];
  Reflect.deleteProperty(require.cache, file);
  const { prototype } = require(file) as { prototype: ConsumerGroup };
  if (inUse !== undefined) require.cache[file] = inUse;
  return String(Reflect.get(prototype, 'recoverFromOffsetOutOfRange'));
}

test('kafkajs asks this way', () => {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup };
  askLeaderBeforeReset();
  expect(String(Reflect.get(prototype, 'recoverFromOffsetOutOfRange'))).not.toBe(asItComes());
});
