// How a log record becomes a row of a landing table without being decoded: its Avro body is
// copied behind a few leading fields (Avro's record encoding is plain concatenation) and
// ClickHouse reads the block under the writer's own schema. One landing table per event type,
// with a column for every field; it is an ENGINE = Null door to the materialized views behind.
import { compileSkim, type Identity } from '../avro/skim.ts';
import { containerHeader, encodeLong, encodeString } from '../avro/avro.ts';
import type { LogRecord } from '../event-log.ts';
import { createRecordReader, type Poison, type WriterSchema } from '../avro/record-reader.ts';
import type { SchemaLookup } from '../registry/registry.ts';

export interface LandingRow {
  readonly kind: 'row';
  /** Table name without database, e.g. `landing_ticket_created`. */
  readonly table: string;
  /** Rows with the same header can share a container. */
  readonly header: Buffer;
  readonly parts: readonly Buffer[];
  readonly record: LogRecord;
  /** Type of the event, e.g. `ticket.created`; empty for rows that are none. */
  readonly eventType: string;
  /** Whose row it is; absent for rows that belong to no ticket. */
  readonly identity?: Identity;
}

/** Turns a log record into a landing row, or says why it can't be one. @throws RuntimeError `REGISTRY_UNAVAILABLE`. */
export type ToLanding = (record: LogRecord) => Promise<LandingRow | Poison>;

interface RecordSchema {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly fields: readonly Field[];
}

interface Field {
  readonly name: string;
  readonly type: unknown;
  readonly doc?: string;
}

export interface LandingColumn {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
}

const timestampMillis = { type: 'long', logicalType: 'timestamp-millis' };

/** Fields that the projector adds in front of every record: where it lies in the log and when it was received. */
export const leadingFields = [
  { name: 'kafka_partition', type: 'int' },
  { name: 'kafka_offset', type: 'long' },
  { name: 'received_at', type: timestampMillis },
  { name: 'event_type', type: 'string' },
];

/** `TicketCreated` → `ticket_created`. */
const snakeCase = (name: string): string => name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase();

/** `TicketCreated` → `ticket.created`. */
export const eventTypeOf = (record: { readonly name: string }): string => snakeCase(record.name).replaceAll('_', '.');

export const landingTable = (record: { readonly name: string }): string => `landing_${snakeCase(record.name)}`;

/** Column names and types of a record's landing table, leading fields first; nested records become dotted names. */
export const landingColumns = (record: RecordSchema): LandingColumn[] => [...leadingFields, ...record.fields].flatMap(columnsOf);

function columnsOf({ name, type, doc = '' }: Field): LandingColumn[] {
  const schema = type as Partial<RecordSchema>;
  if (schema.type === 'record') return (schema.fields ?? []).flatMap((field) => columnsOf({ ...field, name: `${name}.${field.name}` }));
  return [{ name, type: clickHouseType(type), doc }];
}

const scalarTypes: Readonly<Record<string, string>> = { string: 'String', bytes: 'String', int: 'Int32', long: 'Int64', boolean: 'Bool', double: 'Float64', float: 'Float32' };

function clickHouseType(type: unknown): string {
  if (Array.isArray(type)) return `Nullable(${clickHouseType(type.find((branch) => branch !== 'null'))})`;
  if (typeof type === 'string') return scalarTypes[type] ?? 'String';
  const schema = type as { type: string; logicalType?: string; items?: unknown; values?: unknown; fields?: { name: string; type: unknown }[] };
  if (schema.logicalType === 'timestamp-millis') return `DateTime64(3, 'UTC')`;
  switch (schema.type) {
    case 'array': return `Array(${clickHouseType(schema.items)})`;
    case 'map': return `Map(String, ${clickHouseType(schema.values)})`;
    case 'record': return `Tuple(${(schema.fields ?? []).map((field) => `${field.name} ${clickHouseType(field.type)}`).join(', ')})`;
    default: return clickHouseType(schema.type);
  }
}

/** When the ingress received it; a record of another producer has Kafka's time instead. */
export function receivedAt(record: LogRecord): number {
  const parsed = Date.parse(record.headers['received_at'] ?? '');
  return Number.isNaN(parsed) ? record.timestampMs : parsed;
}

const leadingBytes = (record: LogRecord): Buffer =>
  Buffer.concat([encodeLong(record.partition), encodeLong(record.offset), encodeLong(receivedAt(record))]);

interface Writer extends WriterSchema {
  readonly table: string;
  readonly header: Buffer;
  readonly eventType: string;
  /** The same as Avro. */
  readonly eventTypeBytes: Buffer;
}

/** Schemas of other topics in the same registry are none of ours. An event without a landing table waits for `npm run migrate`. */
const EVENTS_NAMESPACE = 'ticketstream.events';

function createWriter(schemaText: string): Writer | 'foreign' {
  const schema = JSON.parse(schemaText) as RecordSchema;
  // It may be any Avro schema, e.g. the text "string".
  if ((schema as Partial<RecordSchema> | null)?.type !== 'record' || schema.namespace !== EVENTS_NAMESPACE) return 'foreign';
  const eventType = eventTypeOf(schema);
  return {
    table: landingTable(schema),
    header: containerHeader({ ...schema, fields: [...leadingFields, ...schema.fields] }),
    eventType,
    eventTypeBytes: encodeString(eventType),
    skim: compileSkim(schema),
  };
}

/** Rows of the event topic. A replay does without the key's check, since it corrects the key. */
export function eventRows(schemas: SchemaLookup, checkKey = true): ToLanding {
  const read = createRecordReader(schemas, { compile: createWriter, checkKey });
  return async (record) => {
    const found = await read(record);
    if (found.kind === 'poison') return found;
    const { writer, body, identity } = found;
    return { kind: 'row', table: writer.table, header: writer.header, parts: [leadingBytes(record), writer.eventTypeBytes, body], record, identity, eventType: writer.eventType };
  };
}
