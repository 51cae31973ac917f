// How a log record becomes a row of a landing table without being decoded: its Avro body is
// copied behind a few leading fields (Avro's record encoding is plain concatenation) and
// ClickHouse reads the block under the writer's own schema. One landing table per event type,
// with a column for every field; it is an ENGINE = Null door to the materialized views behind.
import { compileSkim, type Identity } from '../avro-skim.ts';
import { containerHeader, encodeLong, encodeString, unframe } from '../avro.ts';
import type { LogRecord } from '../event-log.ts';
import type { SchemaLookup } from '../registry.ts';

export interface LandingRow {
  readonly kind: 'row';
  /** Table name without database, e.g. `landing_ticket_created`. */
  readonly table: string;
  /** Rows with the same header can share a container. */
  readonly header: Buffer;
  readonly parts: readonly Buffer[];
  readonly record: LogRecord;
  /** Whose row it is; absent for rows that belong to no ticket. */
  readonly identity?: Identity;
}

export type PoisonReason = 'tombstone' | 'empty' | 'no_magic_byte' | 'unknown_schema' | 'foreign_schema' | 'truncated' | 'trailing_bytes' | 'identity_missing' | 'key_mismatch' | 'refused_by_clickhouse';

export interface Poison {
  readonly kind: 'poison';
  readonly reason: PoisonReason;
  readonly detail: string;
  readonly record: LogRecord;
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

interface Writer {
  readonly table: string;
  readonly header: Buffer;
  readonly eventType: Buffer;
  readonly skim: ReturnType<typeof compileSkim>;
}

/** Schemas of other topics in the same registry are none of ours. An event without a landing table waits for `npm run migrate`. */
const EVENTS_NAMESPACE = 'ticketstream.events';

function createWriter(schemaText: string): Writer | 'foreign' {
  const schema = JSON.parse(schemaText) as RecordSchema;
  // It may be any Avro schema, e.g. the text "string".
  if ((schema as Partial<RecordSchema> | null)?.type !== 'record' || schema.namespace !== EVENTS_NAMESPACE) return 'foreign';
  return {
    table: landingTable(schema),
    header: containerHeader({ ...schema, fields: [...leadingFields, ...schema.fields] }),
    eventType: encodeString(eventTypeOf(schema)),
    skim: compileSkim(schema),
  };
}

/**
 * Why a record that can be read still can't be used, if so. Under another key than its ticket's it
 * may lie in another partition than the rest of the ticket, whose order then is lost to every
 * consumer; a replay from the quarantine puts it under the right key.
 */
export function identityProblem(identity: Identity, record: LogRecord, checkKey = true): [reason: PoisonReason, detail: string] | null {
  if (identity.event_id === '' || identity.ticket_id === '' || identity.integration_id === '') {
    return ['identity_missing', 'event_id, ticket_id or source.integration_id is empty'];
  }
  if (checkKey && record.key !== identity.ticket_id) return ['key_mismatch', `the record's key is not its ticket_id ${identity.ticket_id}`];
  return null;
}

/** Rows of the event topic. A replay does without the key's check, since it corrects the key. */
export function eventRows(schemas: SchemaLookup, checkKey = true): ToLanding {
  // Promises, so that records that ask at once get one writer: rows share a container by its header.
  const writers = new Map<number, Promise<Writer | 'foreign' | null>>();
  const load = async (schemaId: number): Promise<Writer | 'foreign' | null> => {
    try {
      const schema = await schemas.find(schemaId);
      if (schema !== null) return createWriter(schema);
      writers.delete(schemaId);
      return null;
    } catch (error) {
      writers.delete(schemaId);
      throw error;
    }
  };
  const writerOf = (schemaId: number): Promise<Writer | 'foreign' | null> => {
    const loading = writers.get(schemaId) ?? load(schemaId);
    writers.set(schemaId, loading);
    return loading;
  };
  return async (record) => {
    const poison = (reason: PoisonReason, detail: string): Poison => ({ kind: 'poison', reason, detail, record });
    const framed = unframe(record.value);
    if (!framed.ok) return poison(framed.reason, 'the value is not a schema id followed by Avro');
    const writer = await writerOf(framed.schemaId);
    if (writer === null) return poison('unknown_schema', `the registry has no schema ${framed.schemaId}`);
    if (writer === 'foreign') return poison('foreign_schema', `schema ${framed.schemaId} is not an event of the contract`);
    const skimmed = writer.skim(framed.body);
    if (!skimmed.ok) return poison(skimmed.reason, `not a whole record of schema ${framed.schemaId}`);
    const { identity } = skimmed;
    const problem = identityProblem(identity, record, checkKey);
    if (problem !== null) return poison(...problem);
    return { kind: 'row', table: writer.table, header: writer.header, parts: [leadingBytes(record), writer.eventType, framed.body], record, identity };
  };
}
