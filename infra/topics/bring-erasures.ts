// Who was forgotten before there was a topic of erasures stands in the topic of keys only: it is read once, and they are brought over.
import { erasuresTopic, keysTopic, type NewRecord } from '../../services/runtime/event-log.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { broughtOver, readErasures } from '../../services/runtime/personal/erasures.ts';
import { erasureRecord, readKeysEntry } from '../../services/runtime/personal/key-records.ts';

export async function bringErasures(connection: KafkaConnection, environment: string): Promise<void> {
  const topic = erasuresTopic(environment);
  if ((await readErasures(connection, environment)).isWhole) return;
  const found: NewRecord[] = [];
  await readTail(connection, keysTopic(environment), Infinity, (record) => {
    const entry = readKeysEntry(record);
    if (entry?.kind === 'erasure') found.push(erasureRecord(entry));
  });
  const producer = await connectProducer(connection, [topic]);
  try {
    for (const record of found) await producer.append(topic, record);
    // Last: what was ended before is done again.
    await producer.append(topic, broughtOver);
  } finally {
    await producer.close();
  }
  if (found.length > 0) console.log(`topic ${topic}: ${found.length} erasures brought over from ${keysTopic(environment)}`);
}
