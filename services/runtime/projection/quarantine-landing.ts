// The quarantine topic's way into ClickHouse: items and what was done about them, each into a
// landing table of its own. Everything is in the headers, the payload stays raw bytes.
import { containerHeader, createEncoder, encodedRow, unframe } from '../avro/avro.ts';
import type { LogRecord } from '../event-log.ts';
import { landingColumns, landingTable, leadingFields, receivedAt, type ToLanding } from './landing.ts';
import { itemColumns, MAX_INT, numberOrNull, readQuarantineRecord } from '../quarantine/quarantine.ts';
import { isResolution } from '../quarantine/resolution.ts';

const strings = (...names: string[]) => names.map((name) => ({ name, type: 'string' }));
const ownLeadingFields = leadingFields.filter((field) => field.name !== 'event_type');

const itemSchema = {
  type: 'record',
  name: 'Quarantine',
  fields: [
    ...strings('environment', 'reason', 'path', 'detail', 'origin'),
    { name: 'origin_partition', type: ['null', 'int'] },
    { name: 'origin_offset', type: ['null', 'long'] },
    ...strings('integration_id', 'event_id', 'event_type', 'version', 'ticket_id', 'body_sha256'),
    { name: 'payload', type: 'bytes' },
    ...strings('http_source', 'refused_by'),
    { name: 'schema_id', type: ['null', 'long'] },
    ...strings('key_id'),
  ],
} as const;

const resolutionSchema = {
  type: 'record',
  name: 'QuarantineResolution',
  fields: [
    ...strings('environment', 'origin'),
    { name: 'origin_partition', type: ['null', 'int'] },
    { name: 'origin_offset', type: ['null', 'long'] },
    ...strings('refused_by', 'integration_id', 'event_id', 'body_sha256', 'resolution', 'reason', 'path', 'detail', 'resolved_by', 'note'),
  ],
} as const;

interface Column {
  readonly name: string;
  readonly type: string;
}

/** The landing tables of the quarantine topic. */
export const quarantineLandings: readonly { table: string; columns: Column[] }[] = [itemSchema, resolutionSchema].map((schema) => ({
  table: landingTable(schema),
  columns: landingColumns(schema).filter(({ name }, index) => !(name === 'event_type' && index < leadingFields.length)),
}));

const leading = (record: LogRecord) => ({ kafka_partition: record.partition, kafka_offset: record.offset, received_at: receivedAt(record) });

function itemFields(record: LogRecord): Record<string, unknown> {
  const item = readQuarantineRecord(record);
  return { ...itemColumns(item), ...leading(record), payload: item.payload };
}

function resolutionFields(record: LogRecord): Record<string, unknown> {
  const text = (name: string): string => record.headers[name] ?? '';
  return {
    ...leading(record),
    environment: text('environment'),
    origin: text('origin'),
    origin_partition: numberOrNull(record.headers['origin_partition'], MAX_INT),
    origin_offset: numberOrNull(record.headers['origin_offset']),
    refused_by: text('refused_by'),
    integration_id: text('integration_id'),
    event_id: text('ce_id'),
    body_sha256: text('body_sha256'),
    resolution: text('resolution'),
    reason: text('quarantine_reason'),
    path: text('quarantine_path'),
    detail: text('quarantine_detail'),
    resolved_by: text('resolved_by'),
    note: text('resolution_note'),
  };
}

/** Rows of the quarantine topic; whatever headers lack is empty, so no record of it is ever refused. */
export function quarantineRows(): ToLanding {
  const writerOf = (schema: typeof itemSchema | typeof resolutionSchema, fields: (record: LogRecord) => Record<string, unknown>) => {
    const whole = { ...schema, fields: [...ownLeadingFields, ...schema.fields] };
    const encode = createEncoder(whole, 0);
    return { table: landingTable(schema), header: containerHeader(whole), encode: (record: LogRecord) => encode(fields(record)) };
  };
  const items = writerOf(itemSchema, itemFields);
  const done = writerOf(resolutionSchema, resolutionFields);
  return (record) => {
    const { table, header, encode } = isResolution(record) ? done : items;
    const framed = unframe(encode(record));
    return { kind: 'row', table, header, ...encodedRow(framed.ok ? framed.body : Buffer.alloc(0)), record, eventType: '' };
  };
}
