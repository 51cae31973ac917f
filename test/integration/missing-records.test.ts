// Records that are deleted before a group has read them: the group goes on, and the log of the service
// says which partition, how many, and what to do.
import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureTopics } from '../../services/runtime/kafka/admin.ts';
import { startConsumer } from '../../services/runtime/kafka/consumer.ts';
import { createLogger, type Logger } from '../../services/runtime/logger.ts';
import { environment, eventually } from '../system/support.ts';

const topic = `test-missing-${randomUUID()}`;
const brokers = [environment.kafkaBrokers];
const errors: string[] = [];
const logger = { ...createLogger('test', 'error'), debug: () => undefined, warn: () => undefined, error: (_fields: unknown, text: string) => errors.push(text) } as unknown as Logger;
const connection = { brokers, clientId: 'missing-test', logger };
const kafka = new kafkajs.Kafka({ brokers, clientId: 'missing-test', logLevel: kafkajs.logLevel.NOTHING });
const admin = kafka.admin();
const producer = kafka.producer();

beforeAll(async () => {
  await ensureTopics(connection, [{ name: topic, partitions: 2, replicas: 1, config: {} }]);
  await admin.connect();
  await producer.connect();
});
afterAll(async () => {
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
  await producer.disconnect();
});

const append = (count: number): Promise<unknown> =>
  producer.send({ topic, messages: Array.from({ length: count }, () => ({ key: 'k', value: 'v', partition: 1 })) });
async function deleteBefore(offset: number): Promise<void> {
  // It takes what it knows of the topic for granted, and this makes it ask.
  await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 1, offset: String(offset) }] });
}

test('records deleted before a start are told with partition and number', async () => {
  const groupId = `test-missing-${randomUUID()}`;
  const seen: number[] = [];
  const start = () => startConsumer(connection, {
    groupId, topics: [topic], concurrency: 2, fetchBytes: 1_048_576,
    handle: async ({ records, commit }) => {
      const offsets = records.map(({ offset }) => offset);
      seen.push(...offsets);
      await commit(Math.max(...offsets) + 1, '');
    },
    stuckAfterMs: 60_000,
    onStuck: (error) => errors.push(error.message),
  });
  await append(10);
  const first = await start();
  await eventually(() => Promise.resolve(seen.includes(9) ? true : null), 'the first ten records');
  await first.stop();
  expect(errors).toStrictEqual([]);

  await append(20);
  await deleteBefore(25);
  const second = await start();
  await eventually(() => Promise.resolve(seen.includes(29) ? true : null), 'what is left');
  await second.stop();
  expect(seen).toStrictEqual([...Array.from({ length: 10 }, (_, index) => index), 25, 26, 27, 28, 29]);
  expect(errors).toStrictEqual([`15 records of ${topic}/1 are gone that ${groupId} had not read (offsets 10 to 24): it goes on at 25. They were deleted from the log's start: bring them back from a backup of the log, or from the senders`]);
});
