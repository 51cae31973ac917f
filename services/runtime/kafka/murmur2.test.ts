import fc from 'fast-check';
import kafkajs, { type Message } from 'kafkajs';
import { expect, test } from 'vitest';
import { partitionOf } from './murmur2.ts';

test("a key's partition is the one that kafkajs and Kafka's own clients choose", () => {
  const choose = kafkajs.Partitioners.DefaultPartitioner();
  const keys = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat().map((n) => `TKT-${n}`));
  fc.assert(fc.property(keys, fc.integer({ min: 1, max: 50 }), (key, partitions) => {
    const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({ partitionId, partitionErrorCode: 0, leader: 0, replicas: [], isr: [] }));
    expect(partitionOf(Buffer.from(key), partitions)).toBe(choose({ topic: 'log', partitionMetadata, message: { key } as Message }));
  }), { numRuns: 1_000 });
});
