// Appends to the log so that an acknowledged record is there, once per call, in call order.
//
// Which send a record waits for is decided by lanes.ts. The producer is not idempotent on purpose:
// with kafkajs, idempotence and a lost acknowledgement lead to an acked event that was never
// written (design, pitfalls); duplicates are harmless here. A send can also resolve without an
// answer for a partition whose leader moved, so each acknowledgement is checked and what it lacks
// is sent again.
import kafkajs, { type Message, type PartitionMetadata, type Producer, type RecordMetadata } from 'kafkajs';
import { messageOf, RuntimeError } from '../errors.ts';
import { connectKafka, METADATA_MAX_AGE_MS, orUnavailable, type KafkaConnection } from './admin.ts';
import { recordBytes, type NewRecord } from '../event-log.ts';
import { groupBy } from '../group-by.ts';
import { Lanes } from './lanes.ts';

export interface LogProducer {
  /** Resolves after acks=all. @throws RuntimeError `LOG_UNAVAILABLE` past the deadline (it may still have landed), `LOG_OVERLOADED` at once when the queue is full. */
  append(topic: string, record: NewRecord<Buffer | null>): Promise<{ partition: number }>;
  /** Events that wait, in flight included. */
  waiting(): number;
  close(): Promise<void>;
}

export interface ProducerLimits {
  readonly deadlineMs: number;
  readonly maxBatch: number;
  /** A batch to one partition is one Kafka record batch, which the topic's max.message.bytes bounds: keys and headers count. */
  readonly maxBatchBytes: number;
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
}

interface Waiting {
  readonly topic: string;
  readonly partition: number;
  readonly message: Message;
  readonly bytes: number;
  readonly expiresAt: number;
  readonly resolve: (place: { partition: number }) => void;
  readonly reject: (error: RuntimeError) => void;
}

/** More overlap better and make smaller batches, which cost more CPU per event. */
const LANES = 2;
const TICK_MS = 100;
const defaultLimits: ProducerLimits = { deadlineMs: 3_000, maxBatch: 500, maxBatchBytes: 1_000_000, maxWaiting: 10_000, maxWaitingBytes: 128 * 1_048_576 };

/** @throws RuntimeError `LOG_UNAVAILABLE`, or `TOPIC_MISSING`. */
export const connectProducer = (connection: KafkaConnection, topics: readonly string[], limits: Partial<ProducerLimits> = {}): Promise<LogProducer> =>
  orUnavailable(connection, () => connect(connection, topics, limits));

async function connect(connection: KafkaConnection, topics: readonly string[], limits: Partial<ProducerLimits>): Promise<LogProducer> {
  const kafka = connectKafka(connection);
  const partitions = new Map<string, PartitionMetadata[]>();
  const producer = kafka.producer({
    idempotent: false,
    allowAutoTopicCreation: false,
    // Called for each message of a send with what kafkajs knows by then: a topic may have got more partitions.
    createPartitioner: () => {
      const choose = kafkajs.Partitioners.DefaultPartitioner();
      return (message) => {
        partitions.set(message.topic, message.partitionMetadata);
        return choose(message);
      };
    },
    metadataMaxAge: METADATA_MAX_AGE_MS,
    retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 3 },
  });
  await producer.connect();
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const missing = topics.filter((topic) => !existing.has(topic));
    if (missing.length > 0) throw new RuntimeError('TOPIC_MISSING', `topics do not exist: ${missing.join(', ')}; run: npm run topics`);
    const metadata = await admin.fetchTopicMetadata({ topics: [...topics] });
    for (const topic of metadata.topics) partitions.set(topic.name, topic.partitions);
  } catch (error) {
    await producer.disconnect();
    throw error;
  } finally {
    await admin.disconnect();
  }
  return new BatchingProducer(producer, partitions, { ...defaultLimits, ...limits });
}

class BatchingProducer implements LogProducer {
  readonly #producer: Producer;
  /** Follows Kafka's while messages are sent. */
  readonly #partitions: ReadonlyMap<string, PartitionMetadata[]>;
  readonly #limits: ProducerLimits;
  readonly #choose = kafkajs.Partitioners.DefaultPartitioner();
  readonly #lanes: Lanes<Waiting>;
  #waiting = 0;
  #waitingBytes = 0;
  /** Only while something waits: ten looks a second take 0.1 % of a core. */
  #expiry: NodeJS.Timeout | undefined;

  constructor(producer: Producer, partitions: ReadonlyMap<string, PartitionMetadata[]>, limits: ProducerLimits) {
    this.#producer = producer;
    this.#partitions = partitions;
    this.#limits = limits;
    this.#lanes = new Lanes({ ...limits, lanes: LANES, send: (batch) => this.#sendBatch(batch) });
  }

  append(topic: string, record: NewRecord<Buffer | null>): Promise<{ partition: number }> {
    const partitionMetadata = this.#partitions.get(topic);
    if (partitionMetadata === undefined) return Promise.reject(new RuntimeError('TOPIC_MISSING', `no producer for topic ${topic}`));
    const bytes = recordBytes(record);
    if (this.waiting() >= this.#limits.maxWaiting || this.#waitingBytes + bytes > this.#limits.maxWaitingBytes) {
      return Promise.reject(new RuntimeError('LOG_OVERLOADED', `${this.waiting()} events wait for Kafka`));
    }
    const message: Message = { key: record.key, value: record.value, headers: { ...record.headers } };
    message.partition = this.#choose({ topic, message, partitionMetadata });
    const { partition } = message;
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    return new Promise<{ partition: number }>((resolve, reject) => {
      this.#lanes.add({
        topic, partition, message, bytes, resolve, reject,
        expiresAt: Date.now() + this.#limits.deadlineMs,
      });
      this.#expiry ??= setInterval(() => this.#expire(), TICK_MS).unref();
    }).finally(() => {
      this.#waiting -= 1;
      this.#waitingBytes -= bytes;
      if (this.#waiting === 0) this.#stopLooking();
    });
  }

  waiting(): number {
    return this.#waiting;
  }

  async close(): Promise<void> {
    await this.#lanes.empty();
    this.#stopLooking();
    await this.#producer.disconnect();
  }

  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    let unacknowledged = batch;
    let lastError = 'no acknowledgement for the partition';
    for (let attempt = 0; unacknowledged.length > 0 && attempt < 3; attempt++) {
      try {
        const covered = await this.#sendOnce(unacknowledged);
        for (const item of unacknowledged) if (covered.has(placeOf(item))) item.resolve({ partition: item.partition });
        unacknowledged = unacknowledged.filter((item) => !covered.has(placeOf(item)));
      } catch (error) {
        lastError = messageOf(error);
        break;
      }
      unacknowledged = unacknowledged.filter((item) => item.expiresAt > Date.now());
    }
    for (const item of unacknowledged) item.reject(new RuntimeError('LOG_UNAVAILABLE', lastError));
  }

  async #sendOnce(batch: readonly Waiting[]): Promise<Set<string>> {
    const byTopic = groupBy(batch, (item) => item.topic);
    const answer = await this.#producer.sendBatch({
      acks: -1,
      timeout: this.#limits.deadlineMs,
      topicMessages: [...byTopic].map(([topic, items]) => ({ topic, messages: items.map((item) => item.message) })),
    });
    return new Set(answer.filter((entry) => entry.errorCode === 0).map(placeOfAnswer));
  }

  #stopLooking(): void {
    clearInterval(this.#expiry);
    this.#expiry = undefined;
  }

  /** Answers those whose deadline passed. What is in flight may still land: a duplicate at worst. */
  #expire(): void {
    for (const item of this.#lanes.expired(Date.now())) item.reject(new RuntimeError('LOG_UNAVAILABLE', `no acknowledgement within ${this.#limits.deadlineMs} ms`));
  }
}

const placeOf = (item: Waiting): string => `${item.topic}/${item.partition}`;
const placeOfAnswer = (answer: RecordMetadata): string => `${answer.topicName}/${answer.partition}`;
