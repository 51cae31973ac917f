// The keys of sealed personal data, and who was forgotten, written back from the archive: they are in no backup of the log, so that a
// backup can't bring a forgotten customer back.
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { erasuresTopic, keysTopic } from '../../services/runtime/event-log.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { readErasures } from '../../services/runtime/personal/erasures.ts';
import { deletedKeyRecord, erasureRecord, keyRecord } from '../../services/runtime/personal/key-records.ts';
import { followKeys } from '../../services/runtime/personal/keys.ts';
import type { NewRecord } from '../../services/runtime/event-log.ts';

interface Source {
  readonly clickhouse: ClickHouse;
  readonly connection: KafkaConnection;
  readonly environment: string;
}

const AT_ONCE = 500;

/** Erasures first: then no ingress makes a key for what they are about. @returns how many records the topic lacked. */
export async function writeKeysFromArchive({ clickhouse, connection, environment }: Source): Promise<number> {
  const keys = await followKeys(connection, environment);
  const producer = await connectProducer(connection, [keysTopic(environment), erasuresTopic(environment)]);
  try {
    const rows = await clickhouse.query<{ id: string; integration_id: string; subject: string; key: string; created_ms: number; is_deleted: number }>(`
      SELECT lower(hex(reinterpretAsFixedString(key_id))) AS id, integration_id, subject, base64Encode(key) AS key, toUnixTimestamp64Milli(created_at) AS created_ms, is_deleted
      FROM log.key_store WHERE key_id != 0 ORDER BY kafka_offset`);
    const deleted = new Set(rows.filter(({ is_deleted }) => is_deleted === 1).map(({ id }) => id));
    const kept = new Set(rows.filter(({ id, is_deleted }) => is_deleted === 0 && !deleted.has(id)).map(({ id }) => id));
    const erasures = await clickhouse.query<{ integration_id: string; telegram_user_id: number; subjects: string[]; erased_ms: number; erased_by: string; note: string }>(
      'SELECT integration_id, telegram_user_id, subjects, toUnixTimestamp64Milli(erased_at) AS erased_ms, erased_by, note FROM log.erasure_store FINAL ORDER BY erased_at');
    // Of whoever was forgotten the topic may have no key that the archive doesn't have: it came back with an older copy of Kafka's disk.
    const ofForgotten = erasures.flatMap(({ integration_id, subjects }) => subjects.flatMap((subject) => keys.ring.keysOf({ integrationId: integration_id, subject }))).map(({ id }) => id);
    const back = new Set([...deleted, ...ofForgotten.filter((id) => !kept.has(id))]);
    const records = erasures.map((row) => ({ ...row, record: erasureRecord({
      integrationId: row.integration_id, telegramUserId: row.telegram_user_id, subjects: row.subjects, erasedAt: new Date(row.erased_ms).toISOString(), erasedBy: row.erased_by, note: row.note,
    }) }));
    const told = new Set((await readErasures(connection, environment)).records.map(({ key }) => key));
    for (const { record } of records.filter(({ record: { key } }) => !told.has(key))) await producer.append(erasuresTopic(environment), record);
    const lacking: NewRecord<Buffer | null>[] = [
      ...records.filter(({ integration_id, subjects, erased_ms }) => subjects.some((subject) => (keys.ring.erasedAt({ integrationId: integration_id, subject }) ?? 0) < erased_ms)).map(({ record }) => record),
      ...rows.filter(({ id }) => kept.has(id) && keys.ring.find(id) === undefined).map(({ id, key, integration_id, subject, created_ms }) =>
        keyRecord({ id, bytes: Buffer.from(key, 'base64') }, { integrationId: integration_id, subject }, new Date(created_ms))),
      ...[...back].filter((id) => keys.ring.find(id) !== undefined).map(deletedKeyRecord),
    ];
    for (let from = 0; from < lacking.length; from += AT_ONCE) await Promise.all(lacking.slice(from, from + AT_ONCE).map((record) => producer.append(keysTopic(environment), record)));
    return lacking.length;
  } finally {
    await producer.close();
    await keys.stop();
  }
}
