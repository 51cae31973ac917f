// The log written again from the archive, for what neither Kafka nor a backup has any more: every event with all that it said, at
// the offset that it had. What the archive never had is lost: the sender's signature and the hash of the body as it was sent.
import { loadContracts, type AvroRecord, type EventContract } from '../../schemas/contract.ts';
import { createEncoder } from '../../services/runtime/avro/avro.ts';
import type { StreamingClickHouse } from '../../services/runtime/clickhouse.ts';
import { eventsTopic, quarantineTopic } from '../../services/runtime/event-log.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { topicOffsets } from '../../services/runtime/kafka/topic-offsets.ts';
import { rewriter, type Rewritten } from '../../services/runtime/kafka/rewrite.ts';
import { landingColumns } from '../../services/runtime/projection/landing.ts';
import { toQuarantineRecord } from '../../services/runtime/quarantine/quarantine.ts';
import { idToWrite, type LockedSchema, type SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { count, Progress } from '../facts/progress.ts';
import { Refused } from '../target/refused.ts';
import { lastRecords, otherLog } from './restore.ts';

export interface Archive {
  readonly clickhouse: StreamingClickHouse;
  readonly connection: KafkaConnection;
  readonly environment: string;
  readonly registry: SchemaRegistry;
  readonly locked: readonly LockedSchema[];
}

type Row = Readonly<Record<string, unknown>> & { readonly kafka_offset: number; readonly received_at: number };

type Encoder = (row: Row) => { value: Buffer; headers: Record<string, string> };

const LEADING = new Set(['kafka_partition', 'kafka_offset', 'received_at', 'event_type']);

interface Source {
  readonly name: string;
  /** As the archive's tables call it. */
  readonly column: string;
  readonly isTime: boolean;
}

const sourcesOf = (record: AvroRecord): Source[] => landingColumns(record).filter(({ name }, index) => !(LEADING.has(name) && index < LEADING.size)).map(({ name, type }) =>
  ({ name, column: name.replaceAll('.', '_'), isTime: type.includes('DateTime64') && !type.includes('Tuple') }));

const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

/** `a.b` → { a: { b } }. */
function nested(values: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [name, value] of values) {
    const path = name.split('.');
    let place = record;
    for (const step of path.slice(0, -1)) place = (place[step] ??= {}) as Record<string, unknown>;
    place[path.at(-1) ?? name] = value;
  }
  return record;
}

/** A row of the archive, times as milliseconds, as the record that it was. */
export function recordMaker(record: AvroRecord): (row: Readonly<Record<string, unknown>>) => Record<string, unknown> {
  const sources = sourcesOf(record);
  return (row) => nested(sources.map(({ name, column }) => [name, row[column] ?? null]));
}

async function encoderOf({ registry, locked, environment }: Archive, { record, recordName, eventType }: EventContract): Promise<Encoder> {
  const id = await idToWrite(registry, locked, `${eventsTopic(environment)}-${recordName}`, JSON.stringify(record));
  const encode = createEncoder(record, id);
  const recordOf = recordMaker(record);
  return (row) => {
    const text = (name: string): string => textOf(row[name]);
    return {
      value: encode(recordOf(row)),
      headers: {
        ce_specversion: '1.0',
        ce_id: text('event_id'),
        ce_type: eventType,
        ce_source: `/${encodeURIComponent(text('source_platform'))}/${encodeURIComponent(text('integration_id'))}`,
        ce_time: new Date(Number(row['timestamp'])).toISOString(),
        ce_subject: text('ticket_id'),
        'content-type': 'application/avro',
        integration_id: text('integration_id'),
        contract_version: text('version'),
        received_at: new Date(row.received_at).toISOString(),
        restored_from: 'log.events',
      },
    };
  };
}

/** All columns of the archive, times as milliseconds. */
function selectOf(contracts: readonly EventContract[]): string {
  const times = new Set(contracts.flatMap(({ record }) => sourcesOf(record)).filter(({ isTime }) => isTime).map(({ column }) => column));
  return `* EXCEPT (first_wins) REPLACE (${[...times, 'received_at'].map((column) => `toUnixTimestamp64Milli(${column}) AS ${column}`).join(', ')}), integration_id AS source_integration_id`;
}

/** Poison has no row among the events: it lies in the log where the quarantine says. */
async function poisonOf({ clickhouse, environment }: Archive, partition: number, from: number): Promise<Rewritten[]> {
  const rows = await clickhouse.query<{ offset: number; at: number; key: string; integration_id: string; event_id: string; event_type: string; version: string; payload: string; reason: string }>(`
    SELECT assumeNotNull(origin_offset) AS offset, toUnixTimestamp64Milli(received_at) AS at, ticket_id AS key, integration_id, event_id, event_type, version, base64Encode(payload) AS payload, reason
    FROM log.quarantine_store FINAL WHERE origin = {topic:String} AND origin_partition = {partition:Int32} AND origin_offset >= {from:Int64}
    ORDER BY offset LIMIT 1 BY offset`, { topic: eventsTopic(environment), partition, from });
  return rows.map(({ offset, at, key, payload, reason, ...row }) => ({
    offset, timestampMs: at, key: key === '' ? null : key, value: reason === 'tombstone' ? null : Buffer.from(payload, 'base64'),
    headers: { integration_id: row.integration_id, ce_id: row.event_id, ce_type: row.event_type, contract_version: row.version, restored_from: 'log.quarantine' },
  }));
}

async function* eventsOf({ clickhouse }: Archive, { encoders, select }: { encoders: ReadonlyMap<string, Encoder>; select: string }, partition: number, from: number): AsyncGenerator<Rewritten[]> {
  for await (const rows of clickhouse.stream<Row>(`SELECT ${select} FROM log.event_store FINAL WHERE kafka_partition = ${partition} AND kafka_offset >= ${from} ORDER BY kafka_offset`)) {
    yield rows.map((row) => {
      const encode = encoders.get(textOf(row['event_type']));
      if (encode === undefined) throw new Refused(`the contract knows no event type ${textOf(row['event_type'])}`);
      return { offset: row.kafka_offset, timestampMs: row.received_at, key: textOf(row['ticket_id']), ...encode(row) };
    });
  }
}

/** Two sequences in order of offsets as one; of two with one offset the first sequence's. */
async function* merged(events: AsyncIterable<readonly Rewritten[]>, poison: readonly Rewritten[]): AsyncGenerator<Rewritten[]> {
  let rest = poison;
  for await (const some of events) {
    const known = new Set(some.map(({ offset }) => offset));
    const last = some.at(-1)?.offset ?? 0;
    const before = rest.filter(({ offset }) => offset <= last);
    rest = rest.slice(before.length);
    yield [...some, ...before.filter(({ offset }) => !known.has(offset))].sort((a, b) => a.offset - b.offset);
  }
  yield [...rest];
}

/** Items and what was done about them, in the order of the quarantine topic. */
async function quarantineRecords({ clickhouse }: Archive, partition: number, from: number): Promise<Rewritten[]> {
  const place = `kafka_partition = ${partition} AND kafka_offset >= ${from}`;
  const items = await clickhouse.query<Record<string, string> & { kafka_offset: number; at: number; origin_partition: number | null; origin_offset: number | null }>(`
    SELECT * EXCEPT (payload, first_wins, received_at, key_id), if(key_id = 0, '', lower(hex(reinterpretAsFixedString(key_id)))) AS sealed_with, base64Encode(payload) AS body, toUnixTimestamp64Milli(received_at) AS at FROM log.quarantine_store FINAL WHERE ${place}`);
  const done = await clickhouse.query<Record<string, string> & { kafka_offset: number; at: number }>(`
    SELECT * EXCEPT resolved_at, toUnixTimestamp64Milli(resolved_at) AS at FROM log.quarantine_resolution_store FINAL WHERE ${place}`);
  const text = (row: Record<string, unknown>, name: string): string => textOf(row[name]);
  const records = items.map((row): Rewritten => {
    const record = toQuarantineRecord({
      environment: text(row, 'environment'), reason: text(row, 'reason'), path: text(row, 'path'), detail: text(row, 'detail'), origin: text(row, 'origin'),
      ...(row.origin_partition === null ? {} : { originPartition: row.origin_partition }), ...(row.origin_offset === null ? {} : { originOffset: row.origin_offset }),
      httpSource: text(row, 'http_source'), refusedBy: text(row, 'refused_by'), originKey: text(row, 'ticket_id'), integrationId: text(row, 'integration_id'), eventId: text(row, 'event_id'), eventType: text(row, 'event_type'),
      version: text(row, 'version'), ticketId: text(row, 'ticket_id'), receivedAt: new Date(row.at), payload: Buffer.from(text(row, 'body'), 'base64'), payloadSha256: text(row, 'body_sha256'),
      ...(text(row, 'sealed_with') === '' ? {} : { keyId: text(row, 'sealed_with') }),
    });
    return { ...record, headers: { ...record.headers, restored_from: 'log.quarantine' }, offset: row.kafka_offset, timestampMs: row.at };
  });
  const resolutions = done.map((row): Rewritten => {
    const [origin_partition = '', origin_offset = ''] = (text(row, 'origin_position').split(' ')[0] ?? '').split(':');
    const headers = {
      ...Object.fromEntries(['environment', 'origin', 'integration_id', 'body_sha256', 'resolution', 'resolved_by'].map((name) => [name, text(row, name)])),
      origin_partition, origin_offset, refused_by: text(row, 'origin_position').split(' ')[1] ?? '', ce_id: text(row, 'event_id'), resolution_note: text(row, 'note'),
      quarantine_reason: text(row, 'reason'), quarantine_path: text(row, 'path'), quarantine_detail: text(row, 'detail'), received_at: new Date(row.at).toISOString(), restored_from: 'log.quarantine_resolutions',
    };
    return { offset: row.kafka_offset, timestampMs: row.at, key: text(row, 'event_id'), value: Buffer.alloc(0), headers };
  });
  return [...records, ...resolutions].sort((a, b) => a.offset - b.offset);
}

/** A partition that is not the archive's would get its events to other places. */
async function partitionsOf({ clickhouse, connection }: Archive, topic: string, tables: readonly string[]): Promise<Place[]> {
  const offsets = await topicOffsets(connection, topic);
  const rows = await clickhouse.query<{ partition: number; records: number }>(`SELECT partition, max(last) + 1 AS records FROM (${tables.map((table) => `SELECT kafka_partition AS partition, max(kafka_offset) AS last FROM ${table} GROUP BY partition`).join(' UNION ALL ')}) GROUP BY partition ORDER BY partition`);
  return rows.map(({ partition, records }) => {
    const now = offsets.find((entry) => entry.partition === partition);
    if (now === undefined) throw new Refused(`the archive has events of ${topic}/${partition}, and the topic has ${offsets.length} partitions: make it anew with as many as it had`);
    return { partition, next: now.high, records };
  });
}

/** @throws Refused when the log's last records are not those of the archive. */
async function assertSameLog({ clickhouse, connection }: Archive, topic: string, tables: readonly string[], { partition, next }: { partition: number; next: number }): Promise<void> {
  if (next === 0) return;
  const { last } = await lastRecords(connection, topic, partition);
  for (const table of tables) {
    const rows = await clickhouse.query<{ offset: number; event_id: string }>(`SELECT kafka_offset AS offset, lower(event_id) AS event_id FROM ${table} FINAL WHERE kafka_partition = ${partition} AND kafka_offset >= ${Math.min(...last.keys())} AND kafka_offset < ${next}`);
    const other = rows.find(({ offset, event_id }) => last.has(offset) && last.get(offset)?.headers['ce_id']?.toLowerCase() !== event_id);
    if (other !== undefined) throw otherLog(topic, partition, other.offset);
  }
}

async function writePartition(archive: Archive, topic: string, { partition, next }: { partition: number; next: number }, records: AsyncIterable<readonly Rewritten[]>): Promise<number> {
  const log = await rewriter(archive.connection, { topic, partition, next });
  try {
    for await (const some of records) await log.write(some);
    return log.repeated;
  } finally {
    await log.close();
  }
}

async function* once<T>(items: Promise<T>): AsyncGenerator<T> {
  yield await items;
}

interface Place {
  readonly partition: number;
  readonly next: number;
  readonly records: number;
}

/** Appends what the archive has behind the log's end. */
export async function writeLogFromArchive(archive: Archive): Promise<string> {
  const { environment } = archive;
  const contracts = [...(await loadContracts()).values()];
  const encoders = new Map(await Promise.all(contracts.map(async (contract) => [contract.eventType, await encoderOf(archive, contract)] as const)));
  const topics = [
    { topic: quarantineTopic(environment), tables: ['log.quarantine_store', 'log.quarantine_resolution_store'], recordsOf: (place: Place) => Promise.resolve(once(quarantineRecords(archive, place.partition, place.next))) },
    { topic: eventsTopic(environment), tables: ['log.event_store'], recordsOf: async ({ partition, next }: Place) => merged(eventsOf(archive, { encoders, select: selectOf(contracts) }, partition, next), await poisonOf(archive, partition, next)) },
  ];
  const behind = await Promise.all(topics.map(async (subject) => ({ ...subject, places: (await partitionsOf(archive, subject.topic, subject.tables)).filter(({ next, records }) => records > next) })));
  for (const { topic, tables, places } of behind) for (const place of places) await assertSameLog(archive, topic, tables, place);
  const total = behind.flatMap(({ places }) => places).reduce((sum, { next, records }) => sum + records - next, 0);
  const progress = new Progress('written', { total, unit: 'records' });
  let repeated = 0;
  for (const { topic, places, recordsOf } of behind) {
    for (const place of places) {
      repeated += await writePartition(archive, topic, place, await recordsOf(place));
      progress.step(place.records - place.next);
    }
  }
  if (total > 0) progress.end();
  return total === 0 ? 'the log has all that the archive has' : `${count(total)} records written again from the archive${repeated === 0 ? '' : `, ${count(repeated)} of them repetitions where the archive has none`}`;
}
