// How a log record becomes a row of a landing table without being decoded: its Avro body is
// copied behind a few leading fields (Avro's record encoding is plain concatenation) and
// ClickHouse reads the block under the writer's own schema. One landing table per event type,
// with a column for every field; it is an ENGINE = Null door to the materialized views behind.
import { compileSkim, type Identity } from '../avro/skim.ts';
import { containerHeader, encodeString, MAX_LONG_BYTES, writeLong, type ContainerRow } from '../avro/avro.ts';
import { headerOf, type LogRecord } from '../event-log.ts';
import { createRecordReader, type Poison, type WholeRecord, type WriterSchema } from '../avro/record-reader.ts';
import type { SchemaLookup } from '../registry/registry.ts';

export interface LandingRow extends ContainerRow {
  readonly kind: 'row';
  /** Table name without database, e.g. `landing_ticket_created`. */
  readonly table: string;
  /** Rows with the same header can share a container. */
  readonly header: Buffer;
  readonly record: LogRecord;
  /** Type of the event, e.g. `ticket.created`; empty for rows that are none. */
  readonly eventType: string;
  /** Whose row it is; absent for rows that belong to no ticket. */
  readonly identity?: Identity;
}

/** Turns a log record into a landing row, or says why it can't be one; a promise only while its schema isn't known. It rejects with RuntimeError `REGISTRY_UNAVAILABLE`. */
export type ToLanding = (record: LogRecord) => LandingRow | Poison | Promise<LandingRow | Poison>;

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
  const parsed = Date.parse(headerOf(record, 'received_at') ?? '');
  return Number.isNaN(parsed) ? record.timestampMs : parsed;
}

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

class EventRow implements LandingRow {
  readonly kind = 'row';
  readonly record: LogRecord;
  readonly identity: Identity;
  readonly maxBytes: number;
  readonly #writer: Writer;
  readonly #body: Buffer;

  constructor(record: LogRecord, { writer, body, identity }: WholeRecord<Writer>) {
    [this.record, this.identity, this.#writer, this.#body] = [record, identity, writer, body];
    this.maxBytes = 3 * MAX_LONG_BYTES + writer.eventTypeBytes.length + body.length;
  }

  get table(): string {
    return this.#writer.table;
  }

  get header(): Buffer {
    return this.#writer.header;
  }

  get eventType(): string {
    return this.#writer.eventType;
  }

  write(into: Buffer, start: number): number {
    let at = writeLong(into, start, this.record.partition);
    at = writeLong(into, at, this.record.offset);
    at = writeLong(into, at, receivedAt(this.record));
    at += this.#writer.eventTypeBytes.copy(into, at);
    return at + this.#body.copy(into, at);
  }
}

/** Rows of the event topic. A replay does without the key's check, since it corrects the key. */
export function eventRows(schemas: SchemaLookup, checkKey = true): ToLanding {
  const read = createRecordReader(schemas, { compile: createWriter, checkKey });
  const rowOf = (record: LogRecord, found: WholeRecord<Writer> | Poison): LandingRow | Poison => (found.kind === 'poison' ? found : new EventRow(record, found));
  return (record) => {
    const found = read(record);
    return found instanceof Promise ? found.then((whole) => rowOf(record, whole)) : rowOf(record, found);
  };
}
