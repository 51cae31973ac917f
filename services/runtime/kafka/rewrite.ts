// Writes records to the places that they had: for a log that has lost its end, or all of it. Nothing else may write meanwhile.
import kafkajs from 'kafkajs';
import { messageOf, RuntimeError } from '../errors.ts';
import type { LogRecord } from '../event-log.ts';
import { connectKafka, type KafkaConnection } from './admin.ts';
import { encodeRecord, toMessage } from './record-encoder.ts';

/** A record without a place, and as of when. */
export type Rewritten = Pick<LogRecord, 'offset' | 'key' | 'value' | 'headers' | 'timestampMs'>;

export interface Rewriter {
  /** In order of offsets. Where one lacks, the record before it (or, at the start, the one after it) is repeated: a copy changes nothing. */
  write(records: readonly Rewritten[]): Promise<void>;
  /** Records that stand for others. */
  readonly repeated: number;
  close(): Promise<void>;
}

const MOST_RECORDS = 500;
const MOST_BYTES = 1_000_000;

/** @param next offset with which the partition ends now. @throws RuntimeError `LOG_UNAVAILABLE` when a record does not get its offset. */
export async function rewriter(connection: KafkaConnection, { topic, partition, next }: { topic: string; partition: number; next: number }): Promise<Rewriter> {
  // Without retries: one whose answer is lost would be written twice, and all that follow would be elsewhere.
  const producer = connectKafka(connection).producer({ idempotent: false, allowAutoTopicCreation: false, createPartitioner: kafkajs.Partitioners.DefaultPartitioner, retry: { retries: 0 } });
  await producer.connect();
  let end = next;
  let last: Rewritten | undefined;
  let repeated = 0;
  const send = async (batch: readonly Rewritten[]): Promise<void> => {
    const messages = [toMessage(partition, batch.map((record) => encodeRecord(record, record.timestampMs)))];
    const [answer] = await producer.send({ topic, acks: -1, messages }).catch((error: unknown) => {
      throw new RuntimeError('LOG_UNAVAILABLE', `${topic}/${partition} at ${end}: ${messageOf(error)}; the same command goes on from where the log ends`, { cause: error });
    });
    const base = Number(answer?.baseOffset ?? -1);
    if (base !== end) throw new RuntimeError('LOG_UNAVAILABLE', `a record of ${topic}/${partition} came to offset ${base} and not to ${end}: somebody else writes there`);
    end += batch.length;
  };
  const withoutGaps = function* (records: readonly Rewritten[]): Generator<Rewritten> {
    let wanted = end;
    for (const record of records) {
      for (; wanted < record.offset; wanted++) {
        repeated++;
        yield last ?? record;
      }
      yield record;
      last = record;
      wanted++;
    }
  };
  return {
    get repeated() {
      return repeated;
    },
    write: async (records) => {
      let batch: Rewritten[] = [];
      let bytes = 0;
      for (const record of withoutGaps(records.filter(({ offset }) => offset >= end))) {
        batch.push(record);
        bytes += (record.value?.length ?? 0) + 1_000;
        if (batch.length < MOST_RECORDS && bytes < MOST_BYTES) continue;
        await send(batch);
        [batch, bytes] = [[], 0];
      }
      if (batch.length > 0) await send(batch);
    },
    close: () => producer.disconnect(),
  };
}
