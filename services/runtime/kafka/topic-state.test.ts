import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { unavailable, unreachable } from './topic-state.ts';

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

test('a broker that is away is not in sync, whatever the others know of it', () => {
  const topics = [topic('events', [1, [1, 2, 3]], [2, [1, 2]])];
  expect(unavailable(topics, minInSync, new Set([3]))).toBeNull();
  expect(unavailable(topics, minInSync, new Set([2]))).toBe("Kafka takes no writes for events/1: fewer replicas in sync than min.insync.replicas; brokers 2 can't be reached");
  expect(unavailable(topics, minInSync, new Set([3, 2]))).toMatch(/events\/0, events\/1/);
  expect(unavailable(topics, undefined, new Set([1, 2, 3]))).toBeNull();
});

test('only brokers that nobody can connect to are away', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port: nobody } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  const brokers = [{ nodeId: 1, host: '127.0.0.1', port }, { nodeId: 2, host: '127.0.0.1', port: nobody }];
  expect(await unreachable({ describeCluster: () => Promise.resolve({ brokers, controller: null, clusterId: '' }) })).toStrictEqual(new Set([2]));
  server.close();
});
