// Reads the log, at least once, in partition order. The handler gets a batch and returns when
// its effects are durable; only then is the offset committed, and only while the partition is
// still ours (kafkajs accepts commits for partitions it lost, its issue 1046).
//
// Handlers do not throw for an outage: they wait inside, while a timer here keeps the group
// membership alive. Offsets are committed after each batch, so a killed process repeats at
// most what was in flight.
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { messageOf, RuntimeError } from './errors.ts';
import { connectKafka, deleteGroup, topicOffsets, type KafkaConnection } from './kafka.ts';
import type { LogRecord, PartitionBatch } from './event-log.ts';
import type { Stoppable } from './lifecycle.ts';

export interface ConsumerOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Batches handed out at once; one per partition at the most. */
  readonly concurrency: number;
  readonly handle: (batch: PartitionBatch) => Promise<void>;
  /** The consumer cannot go on; the process should end and be restarted. */
  readonly onCrash: (error: Error) => void;
}

const HEARTBEAT_MS = 3_000;
const SESSION_TIMEOUT_MS = 10_000;
const MAX_BYTES_PER_PARTITION = 4_500_000;

export async function startConsumer(connection: KafkaConnection, options: ConsumerOptions): Promise<Stoppable> {
  const consumer = connectKafka(connection).consumer({
    groupId: options.groupId,
    sessionTimeout: SESSION_TIMEOUT_MS,
    rebalanceTimeout: 30_000,
    heartbeatInterval: HEARTBEAT_MS,
    maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
    maxWaitTimeInMs: 250,
    allowAutoTopicCreation: false,
    retry: { initialRetryTime: 200, maxRetryTime: 5_000, retries: 10, restartOnFailure: () => Promise.resolve(true) },
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) options.onCrash(payload.error);
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: options.concurrency,
    eachBatch: (payload) => handleBatch(consumer, payload, options),
  });
  return { name: 'consumer', stop: () => consumer.disconnect() };
}

async function handleBatch(consumer: Consumer, payload: EachBatchPayload, options: ConsumerOptions): Promise<void> {
  const { topic, partition, messages } = payload.batch;
  const last = messages.at(-1);
  if (last === undefined) return;
  const owned = (): boolean => payload.isRunning() && !payload.isStale();
  let lost: unknown = null;
  const heartbeat = setInterval(() => {
    payload.heartbeat().catch((error: unknown) => {
      lost ??= error;
    });
  }, HEARTBEAT_MS);
  try {
    await options.handle({
      topic,
      partition,
      records: messages.map((message) => toRecord(topic, partition, message)),
      lag: Math.max(0, Number(payload.batch.highWatermark) - Number(last.offset) - 1),
      owned: () => owned() && lost === null,
    });
  } catch (error) {
    // Ownership was lost while the handler waited: the new owner repeats this batch.
    if (error instanceof RuntimeError && error.code === 'OWNERSHIP_LOST') {
      if (lost !== null) throw toError(lost);
      return;
    }
    // kafkajs stops for good without a word on TypeError and its like; a plain Error makes it retry.
    throw new Error(`batch ${topic}/${partition} from ${messages[0]?.offset ?? '?'}: ${messageOf(error)}`, { cause: error });
  } finally {
    clearInterval(heartbeat);
  }
  if (lost !== null) throw toError(lost);
  if (!owned()) return;
  await consumer.commitOffsets([{ topic, partition, offset: String(Number(last.offset) + 1) }]);
  await payload.heartbeat();
}

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const headerText = (value: Buffer | string | (Buffer | string)[] | undefined): string => {
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? '' : first.toString();
};

const toRecord = (topic: string, partition: number, message: KafkaMessage): LogRecord => ({
  topic,
  partition,
  offset: Number(message.offset),
  key: message.key === null ? null : message.key.toString('utf8'),
  value: message.value,
  headers: Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, headerText(value)])),
  timestampMs: Number(message.timestamp),
});

/**
 * Visits the last `count` records of a topic, by offsets fixed at the start. It uses a group of
 * its own that it deletes, and commits nothing. Records arrive in partition order.
 */
export async function readTail(
  connection: KafkaConnection,
  topic: string,
  count: number,
  visit: (record: LogRecord) => void,
): Promise<void> {
  const offsets = (await topicOffsets(connection, topic)).filter(({ low, high }) => high > low);
  const perPartition = Math.ceil(count / Math.max(1, offsets.length));
  const remaining = new Map(offsets.map(({ partition, high }) => [partition, high]));
  if (remaining.size === 0) return;
  const groupId = `${connection.clientId}-tail-${process.pid}-${Date.now()}`;
  const consumer = connectKafka(connection).consumer({ groupId, maxWaitTimeInMs: 100, allowAutoTopicCreation: false });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      void consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: offsets.length,
        eachBatch: ({ batch }) => {
          const end = remaining.get(batch.partition);
          if (end === undefined) return Promise.resolve();
          for (const message of batch.messages) {
            if (Number(message.offset) < end) visit(toRecord(topic, batch.partition, message));
          }
          if (Number(batch.lastOffset()) + 1 >= end) remaining.delete(batch.partition);
          if (remaining.size === 0) resolve();
          return Promise.resolve();
        },
      }).catch(reject);
      for (const { partition, low, high } of offsets) {
        consumer.seek({ topic, partition, offset: String(Math.max(low, high - perPartition)) });
      }
    });
  } finally {
    await consumer.disconnect();
    await deleteGroup(connection, groupId).catch(() => undefined);
  }
}
