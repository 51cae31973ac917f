// The erasure first, so that no ingress seals anything more with these keys: in its own topic, which an ingress that starts reads, before
// that of keys, which those that run follow. Then the keys, for all readers of their topic; then at once in ClickHouse, which would
// follow. Every step may be repeated.
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { erasuresTopic, keysTopic } from '../../services/runtime/event-log.ts';
import type { LogProducer } from '../../services/runtime/kafka/producer.ts';
import { deletedKeyRecord, erasureRecord, type Erasure } from '../../services/runtime/personal/key-records.ts';

export interface Stores {
  readonly producer: LogProducer;
  readonly clickhouse: ClickHouse;
  readonly environment: string;
}

const AT_ONCE = 500;

export async function deleteKeys({ producer, clickhouse, environment }: Stores, { erasure, keyIds }: { readonly erasure: Erasure; readonly keyIds: readonly string[] }): Promise<void> {
  const topic = keysTopic(environment);
  for (const place of [erasuresTopic(environment), topic]) await producer.append(place, erasureRecord(erasure));
  // Also those that only ClickHouse has, since an older copy of its disk was put in place.
  const subjects = erasure.subjects.map(sqlString).join(', ');
  await clickhouse.command(`ALTER TABLE log.key_store DELETE WHERE integration_id = ${sqlString(erasure.integrationId)} AND subject IN (${subjects}) SETTINGS mutations_sync = 2`);
  for (let from = 0; from < keyIds.length; from += AT_ONCE) {
    const some = keyIds.slice(from, from + AT_ONCE);
    await Promise.all(some.map((id) => producer.append(topic, deletedKeyRecord(id))));
    const ids = some.map((id) => `reinterpretAsUInt64(unhex('${id}'))`).join(', ');
    // Rewrites the parts that hold them: the bytes are gone from its disk a moment later, not at some merge.
    await clickhouse.command(`ALTER TABLE log.key_store DELETE WHERE key_id IN (${ids}) SETTINGS mutations_sync = 2`);
  }
}
