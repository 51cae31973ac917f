// What the door knows of keys: at a start, who was ever forgotten and the keys made last; then what comes to their topic.
import { messageOf, RuntimeError } from '../runtime/errors.ts';
import { erasuresTopic, keysTopic } from '../runtime/event-log.ts';
import type { KafkaConnection } from '../runtime/kafka/admin.ts';
import { topicOffsets } from '../runtime/kafka/topic-offsets.ts';
import type { LogProducer } from '../runtime/kafka/producer.ts';
import { readRanges } from '../runtime/kafka/ranges.ts';
import { readErasures } from '../runtime/personal/erasures.ts';
import { followTopic, type Following } from '../runtime/personal/follow-topic.ts';
import { deletedKeyRecord } from '../runtime/personal/key-records.ts';
import { MOST_HELD, SealingKeys } from './sealing-keys.ts';

export interface FollowedKeys extends Following {
  readonly keys: SealingKeys;
}

/** Every new key is read by every process: rather some together, and an erasure soon. */
const TOGETHER = { bytes: 1_048_576, ms: 500 };

/** @throws RuntimeError `LOG_UNAVAILABLE`, `TOPIC_MISSING`. */
export async function followSealingKeys(connection: KafkaConnection, environment: string, producer: Pick<LogProducer, 'append'>): Promise<FollowedKeys> {
  const topic = keysTopic(environment);
  const keys = new SealingKeys();
  // Asked first: an erasure is in its own topic before it is in this one, so none is missed.
  const [{ partition, low, high } = { partition: 0, low: 0, high: 0 }] = await topicOffsets(connection, topic);
  const { records: erasures, isWhole } = await readErasures(connection, environment);
  if (!isWhole) throw new RuntimeError('TOPIC_MISSING', `${erasuresTopic(environment)} does not say whether anybody was forgotten before it was there; run: npm run topics`);
  for (const record of erasures) keys.applyErasure(record);
  await readRanges(connection, topic, [{ partition, from: Math.max(low, high - MOST_HELD), to: high }], (records) => records.forEach((record) => void keys.apply(record)));
  const following = await followTopic(connection, {
    topic, from: high, together: TOGETHER,
    take: (records) => {
      // This process may have made one that whoever deletes them has not seen.
      for (const { id } of records.flatMap((record) => keys.apply(record))) {
        producer.append(topic, deletedKeyRecord(id)).catch((error: unknown) => connection.logger.warn({ key_id: id, error: messageOf(error) }, 'the key of a customer who was forgotten was not deleted once more'));
      }
    },
  });
  return { ...following, keys };
}
