// One process tells at a time: the member of a group that has the only partition of the topic of alerts. Whoever gets it reads
// the topic from its beginning, which Kafka keeps short, and leads when it has come to the end.
import { randomUUID } from 'node:crypto';
import type { ManualBatch } from '../runtime/event-log.ts';
import { endNow } from '../runtime/lifecycle.ts';
import type { KafkaConnection } from '../runtime/kafka/admin.ts';
import { startConsumer } from '../runtime/kafka/consumer.ts';
import type { LogProducer } from '../runtime/kafka/producer.ts';
import { helloRecord, type BookRecord } from './book.ts';

export interface Leadership {
  readonly isLeading: () => boolean;
  /** Why it is no member of the group, or null. */
  readonly failure: () => string | null;
  readonly stop: () => Promise<void>;
}

export interface LeadershipOptions {
  readonly groupId: string;
  readonly topic: string;
  readonly take: (record: BookRecord) => void;
  /** Something was read to the end. */
  readonly onCurrent: () => void;
}

const STUCK_AFTER_MS = 600_000;
const FETCH_BYTES = 4_194_304;

export const appendTo = (producer: LogProducer, topic: string) => async ({ key, value }: BookRecord): Promise<void> => {
  await producer.append(topic, { key, value: value === null ? null : Buffer.from(value), headers: {} });
};

export async function lead(connection: KafkaConnection, producer: LogProducer, { groupId, topic, take, onCurrent }: LeadershipOptions): Promise<Leadership> {
  let latest: ManualBatch | null = null;
  const handle = (batch: ManualBatch): Promise<void> => {
    latest = batch;
    for (const { key, value } of batch.records) take({ key: key ?? '', value: value === null ? null : value.toString() });
    if (batch.lag === 0) onCurrent();
    return Promise.resolve();
  };
  await appendTo(producer, topic)({ ...helloRecord, value: JSON.stringify({ process: randomUUID() }) });
  // Nothing is ever committed, so every new owner begins at the beginning.
  const consumer = await startConsumer(connection, {
    groupId, topics: [topic], concurrency: 1, fetchBytes: FETCH_BYTES, handle, isCompacted: true,
    stuckAfterMs: STUCK_AFTER_MS, onStuck: endNow(connection.logger),
  });
  return {
    isLeading: () => latest !== null && latest.lag === 0 && latest.owned(),
    failure: () => consumer.failure(),
    stop: () => consumer.stop(),
  };
}
