// Appends to the log so that an acknowledged record is there, once per call, in call order.
//
// Which send a record waits for is decided by lanes.ts. The producer is not idempotent on purpose:
// with kafkajs, idempotence and a lost acknowledgement lead to an acked event that was never
// written (design, pitfalls); duplicates are harmless here. A send can also resolve without an
// answer for a partition whose leader moved, so each acknowledgement is checked and what it lacks
// is sent again.
import kafkajs, { type PartitionMetadata, type Producer } from 'kafkajs';
import { messageOf, RuntimeError } from '../errors.ts';
import { connectKafka, METADATA_MAX_AGE_MS, orUnavailable, type KafkaConnection } from './admin.ts';
import type { NewRecord } from '../event-log.ts';
import { groupBy } from '../group-by.ts';
import { Lanes } from './lanes.ts';
import { partitionOf } from './murmur2.ts';
import { encodeRecord, RECORD_OVERHEAD, toMessage, type EncodedRecord } from './record-encoder.ts';

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

/** Where a record goes. There is one of each, so that they are told apart by what they are. */
interface Place {
  readonly topic: string;
  readonly partition: number;
}

interface Waiting {
  readonly place: Place;
  readonly partition: number;
  readonly record: EncodedRecord;
  readonly bytes: number;
  readonly expiresAt: number;
  /** One of them counts, the first. */
  readonly resolve: (place: { partition: number }) => void;
  readonly reject: (error: RuntimeError) => void;
  isSettled: boolean;
}

/**
 * More overlap better and make smaller batches, which cost more CPU per event. On two cores shared with Kafka, 1, 2 and 3 were alike
 * (11,600 to 12,800 events/s at 61 to 67 µs, no further apart than rounds of the same); 6 took less (10,800), at twice Kafka's CPU.
 */
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
    // Called for each partition of a send with what kafkajs knows by then: a topic may have got more partitions.
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
  readonly #places = new Map<string, Place[]>();
  readonly #limits: ProducerLimits;
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
    const partitions = this.#partitions.get(topic);
    if (partitions === undefined) return Promise.reject(new RuntimeError('TOPIC_MISSING', `no producer for topic ${topic}`));
    if (this.#waiting >= this.#limits.maxWaiting) return Promise.reject(this.#overloaded());
    const now = Date.now();
    const encoded = encodeRecord(record, now);
    const bytes = encoded.bytes.length + RECORD_OVERHEAD;
    if (this.#waitingBytes + bytes > this.#limits.maxWaitingBytes) return Promise.reject(this.#overloaded());
    const partition = partitionOf(Buffer.from(record.key), partitions.length);
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    this.#expiry ??= setInterval(() => this.#expire(), TICK_MS).unref();
    return new Promise((resolve, reject) => {
      this.#lanes.add({ place: this.#placeOf(topic, partition), partition, record: encoded, bytes, resolve, reject, expiresAt: now + this.#limits.deadlineMs, isSettled: false });
    });
  }

  #overloaded(): RuntimeError {
    return new RuntimeError('LOG_OVERLOADED', `${this.#waiting} events wait for Kafka`);
  }

  #placeOf(topic: string, partition: number): Place {
    const known = this.#places.get(topic) ?? [];
    this.#places.set(topic, known);
    return known[partition] ??= { topic, partition };
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
        for (const item of unacknowledged) if (covered.has(item.place)) this.#settle(item, null);
        unacknowledged = unacknowledged.filter((item) => !covered.has(item.place));
      } catch (error) {
        lastError = messageOf(error);
        break;
      }
      unacknowledged = unacknowledged.filter((item) => item.expiresAt > Date.now());
    }
    // Those, too, whose time was over before they could be sent once more.
    for (const item of batch) this.#settle(item, lastError);
  }

  /** @returns what Kafka has acknowledged. */
  async #sendOnce(batch: readonly Waiting[]): Promise<Set<Place>> {
    const messages = [...groupBy(batch, ({ place }) => place)].map(([{ topic, partition }, items]) => ({ topic, message: toMessage(partition, items.map(({ record }) => record)) }));
    const answer = await this.#producer.sendBatch({
      acks: -1,
      timeout: this.#limits.deadlineMs,
      topicMessages: [...groupBy(messages, ({ topic }) => topic)].map(([topic, of]) => ({ topic, messages: of.map(({ message }) => message) })),
    });
    return new Set(answer.filter((entry) => entry.errorCode === 0).map(({ topicName, partition }) => this.#placeOf(topicName, partition)));
  }

  /** @param failure null once Kafka has it */
  #settle(item: Waiting, failure: string | null): void {
    if (item.isSettled) return;
    item.isSettled = true;
    this.#waiting -= 1;
    this.#waitingBytes -= item.bytes;
    if (this.#waiting === 0) this.#stopLooking();
    if (failure === null) item.resolve({ partition: item.partition });
    else item.reject(new RuntimeError('LOG_UNAVAILABLE', failure));
  }

  #stopLooking(): void {
    clearInterval(this.#expiry);
    this.#expiry = undefined;
  }

  /** Answers those whose deadline passed. What is in flight may still land: a duplicate at worst. */
  #expire(): void {
    for (const item of this.#lanes.expired(Date.now())) this.#settle(item, `no acknowledgement within ${this.#limits.deadlineMs} ms`);
  }
}
