import { expect, test } from 'vitest';
import { unavailable } from './topic-state.ts';

const topic = (name: string, ...partitions: (readonly [leader: number, isr: number[]])[]) =>
  ({ name, partitions: partitions.map(([leader, isr], partitionId) => ({ partitionId, leader, isr })) });

const minInSync = new Map([['events', 2]]);

test('a topic whose partitions have leaders and enough replicas in sync is available', () => {
  expect(unavailable([topic('events', [1, [1, 2]], [2, [2, 3, 1]])], minInSync)).toBeNull();
});

test('without a leader nothing can be read; the partitions are named', () => {
  expect(unavailable([topic('events', [1, [1, 2]], [-1, [1, 2]]), topic('other', [-1, []])], minInSync)).toBe('Kafka has no leader for events/1, other/0');
});

test('too few replicas in sync stop writes, and only who writes asks', () => {
  const topics = [topic('events', [1, [1]], [2, [2, 3]]), topic('other', [1, [1]])];
  expect(unavailable(topics, minInSync)).toBe('Kafka takes no writes for events/0: fewer replicas in sync than min.insync.replicas');
  expect(unavailable(topics)).toBeNull();
});
