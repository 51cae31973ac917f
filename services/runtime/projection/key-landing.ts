// The topic of keys' way into ClickHouse: keys, deleted ones, and erasures.
import type { ClickHouse } from '../clickhouse.ts';
import { containerHeader, createEncoder, encodedRow, unframe } from '../avro/avro.ts';
import type { LogRecord } from '../event-log.ts';
import { consumerPositions, restoreOffsets, type KafkaConnection } from '../kafka/admin.ts';
import type { GroupOnTopic } from '../kafka/group-backlog.ts';
import { readKeysEntry } from '../personal/key-records.ts';
import { landingColumns, landingTable, leadingFields, receivedAt, type LandingColumn, type ToLanding } from './landing.ts';

const ownLeadingFields = leadingFields.filter((field) => field.name !== 'event_type');
const strings = (...names: string[]) => names.map((name) => ({ name, type: 'string' }));

const keySchema = { type: 'record', name: 'Key', fields: strings('key_id', 'integration_id', 'subject', 'key') } as const;

const erasureSchema = {
  type: 'record',
  name: 'Erasure',
  fields: [
    ...strings('integration_id'),
    { name: 'telegram_user_id', type: 'long' },
    { name: 'subjects', type: { type: 'array', items: 'string' } },
    { name: 'erased_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ...strings('erased_by', 'note'),
  ],
} as const;

export const keyLandings: readonly { table: string; columns: LandingColumn[] }[] = [keySchema, erasureSchema].map((schema) => ({
  table: landingTable(schema),
  columns: landingColumns(schema).filter(({ name }) => name !== 'event_type'),
}));

const writerOf = (schema: typeof keySchema | typeof erasureSchema) => {
  const whole = { ...schema, fields: [...ownLeadingFields, ...schema.fields] };
  return { table: landingTable(schema), header: containerHeader(whole), encode: createEncoder(whole, 0) };
};

/** Nothing but a deleted key is a key without its bytes; what is no record of a key is taken for one that nobody uses. */
export function keyRows(): ToLanding {
  const [keys, erasures] = [writerOf(keySchema), writerOf(erasureSchema)];
  return (record) => {
    const { writer, fields } = rowOf(record);
    const { table, header, encode } = writer === 'erasures' ? erasures : keys;
    const framed = unframe(encode({ kafka_partition: record.partition, kafka_offset: record.offset, received_at: receivedAt(record), ...fields }));
    return { kind: 'row', table, header, ...encodedRow(framed.ok ? framed.body : Buffer.alloc(0)), record, eventType: '' };
  };
}

function rowOf(record: LogRecord): { readonly writer: 'keys' | 'erasures'; readonly fields: Readonly<Record<string, unknown>> } {
  const entry = readKeysEntry(record);
  const gone = { integration_id: '', subject: '', key: '' };
  if (entry === null) return { writer: 'keys', fields: { key_id: '', ...gone } };
  switch (entry.kind) {
    case 'key': return { writer: 'keys', fields: { key_id: entry.key.id, integration_id: entry.integrationId, subject: entry.subject, key: entry.key.bytes.toString('base64') } };
    case 'erasure': return { writer: 'erasures', fields: {
      integration_id: entry.integrationId, telegram_user_id: entry.telegramUserId, subjects: entry.subjects, erased_at: Date.parse(entry.erasedAt), erased_by: entry.erasedBy, note: entry.note,
    } };
    case 'deleted': return { writer: 'keys', fields: { key_id: entry.keyId, ...gone } };
  }
}

interface Landed {
  readonly projection: { readonly database: string };
  readonly clickhouse: ClickHouse;
  readonly connection: KafkaConnection;
}

/**
 * An older copy of ClickHouse's disk knows less than its group has read: it may hold keys of who was forgotten since. What follows the last
 * record that it has is read again.
 */
export async function readLostKeysAgain({ projection: { database }, clickhouse, connection }: Landed, { groupId, topic }: GroupOnTopic): Promise<void> {
  const [row] = await clickhouse.query<{ next: number }>(`SELECT toFloat64(maxOrDefault(kafka_offset + 1)) AS next FROM (SELECT kafka_offset FROM ${database}.key_store UNION ALL SELECT kafka_offset FROM ${database}.erasure_store)`);
  const next = row?.next ?? 0;
  const offsets = (await consumerPositions(connection, groupId, topic)).filter(({ committed, low }) => committed > Math.max(low, next)).map(({ partition, low }) => ({ partition, offset: Math.max(low, next) }));
  if (offsets.length > 0) await restoreOffsets(connection, { groupId, topic, offsets });
}
