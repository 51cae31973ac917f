// The topic of erasures: who was ever forgotten, without the keys. Few, so it is read whole.
import { erasuresTopic, type LogRecord, type NewRecord } from '../event-log.ts';
import type { KafkaConnection } from '../kafka/admin.ts';
import { readTail } from '../kafka/consumer.ts';

/** Those of before the topic are in it too. */
export const broughtOver: NewRecord = { key: 'brought-over', value: Buffer.from('{}'), headers: {} };

export interface Erasures {
  readonly records: readonly LogRecord[];
  /** Whether those are among them that were made before there was such a topic. */
  readonly isWhole: boolean;
}

export async function readErasures(connection: KafkaConnection, environment: string): Promise<Erasures> {
  const records: LogRecord[] = [];
  await readTail(connection, erasuresTopic(environment), Infinity, (record) => records.push(record));
  return { records, isWhole: records.some(({ key }) => key === broughtOver.key) };
}
