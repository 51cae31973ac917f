// Reads given offsets of a topic once, for tools and at a start: with a group of its own that it deletes, and commits nothing.
import type { EachBatchPayload } from 'kafkajs';
import { RuntimeError } from '../errors.ts';
import type { LogRecord } from '../event-log.ts';
import { connectKafka, deleteGroup, toLogError, type KafkaConnection } from './admin.ts';
import { topicOffsets, type OffsetRange } from './topic-offsets.ts';
import { toRecord } from './record.ts';

/** Batches of one partition come in order; the next one is fetched when the visitor is done with this one. */
export type Visit = (records: readonly LogRecord[]) => void | Promise<void>;

const HEARTBEAT_MS = 3_000;
const SESSION_TIMEOUT_MS = 30_000;
/** A broker that is away is asked again for about as long; records that are deleted meanwhile never come. */
const SILENCE_MS = 60_000;

/** Where each range is, and what it still lacks. */
class Ranges {
  readonly #next: Map<number, number>;
  readonly #ends: ReadonlyMap<number, number>;

  constructor(ranges: readonly OffsetRange[]) {
    this.#next = new Map(ranges.map(({ partition, from }) => [partition, from]));
    this.#ends = new Map(ranges.map(({ partition, to }) => [partition, to]));
  }

  get isDone(): boolean {
    return this.#next.size === 0;
  }

  nextOf(partition: number): number | undefined {
    return this.#next.get(partition);
  }

  take(records: readonly LogRecord[], partition: number): readonly LogRecord[] {
    const [next = Infinity, end = 0] = [this.#next.get(partition), this.#ends.get(partition)];
    return records.filter(({ offset }) => offset >= next && offset < end);
  }

  passed(partition: number, next: number): void {
    if (next >= (this.#ends.get(partition) ?? 0)) this.#next.delete(partition);
    else this.#next.set(partition, next);
  }
}

/**
 * @param order all ranges at once, or one after the other as they are given.
 * @throws RuntimeError `LOG_UNAVAILABLE` when nothing comes for a minute, and whatever the visitor throws.
 */
export async function readRanges(connection: KafkaConnection, topic: string, wanted: readonly OffsetRange[], visit: Visit, order: 'at once' | 'in turn' = 'at once'): Promise<void> {
  const filled = wanted.filter(({ from, to }) => to > from);
  if (filled.length === 0) return;
  const ranges = new Ranges(filled);
  const first = order === 'at once' ? filled : filled.slice(0, 1);
  const others = (await topicOffsets(connection, topic)).map(({ partition }) => partition).filter((partition) => !first.some((range) => range.partition === partition));
  const groupId = `${connection.clientId}-range-${process.pid}-${Date.now()}-${Math.floor(Math.random() * 1e6)}`;
  const consumer = connectKafka(connection).consumer({ groupId, sessionTimeout: SESSION_TIMEOUT_MS, maxWaitTimeInMs: 100, allowAutoTopicCreation: false });
  let silence: NodeJS.Timeout | undefined;
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const listen = (): void => {
        clearTimeout(silence);
        silence = setTimeout(() => reject(new RuntimeError('LOG_UNAVAILABLE', `nothing of ${topic} came within ${SILENCE_MS / 1_000} s, though it is not read to the end`)), SILENCE_MS);
      };
      const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
        const { batch } = payload;
        clearTimeout(silence);
        const next = ranges.nextOf(batch.partition);
        if (next === undefined) return;
        if (Number(batch.lastOffset()) < next) {
          // After a rejoin the library begins where the group has committed: nowhere.
          consumer.seek({ topic, partition: batch.partition, offset: String(next) });
        } else {
          await visitWhileAlive(ranges.take(batch.messages.map((message) => toRecord(topic, batch.partition, message)), batch.partition), visit, () => payload.heartbeat());
          ranges.passed(batch.partition, Number(batch.lastOffset()) + 1);
        }
        if (ranges.isDone) {
          resolve();
          return;
        }
        if (ranges.nextOf(batch.partition) === undefined && order === 'in turn') {
          consumer.pause([{ topic, partitions: [batch.partition] }]);
          consumer.resume([{ topic, partitions: filled.filter(({ partition }) => ranges.nextOf(partition) !== undefined).slice(0, 1).map(({ partition }) => partition) }]);
        }
        listen();
      };
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      void consumer.run({ autoCommit: false, partitionsConsumedConcurrently: filled.length, eachBatch: (payload) => eachBatch(payload).catch(reject) }).catch(reject);
      consumer.pause([{ topic, partitions: others }]);
      for (const { partition, from } of filled) consumer.seek({ topic, partition, offset: String(from) });
      listen();
    });
  } catch (error) {
    throw toLogError(connection, error);
  } finally {
    clearTimeout(silence);
    await consumer.disconnect();
    await deleteGroup(connection, groupId).catch(() => undefined);
  }
}

/** A visitor may take longer than a session lasts. */
async function visitWhileAlive(records: readonly LogRecord[], visit: Visit, heartbeat: () => Promise<void>): Promise<void> {
  const timer = setInterval(() => void heartbeat().catch(() => undefined), HEARTBEAT_MS);
  try {
    await visit(records);
  } finally {
    clearInterval(timer);
  }
}
