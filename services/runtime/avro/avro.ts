// Avro as the log has it: Confluent framing (0x00, schema id, body), encoding for the ingress,
// and the container that lets ClickHouse decode a batch of bodies by itself. The only file
// that imports avsc.
//
// The registry's package encodes and decodes too (registry.ts has it for tools), by avsc as well.
// The paths of every event stay here. CPU for one event of 411 bytes (message.received) on one core:
//   as the contract's current record   package 350–400 µs (it compiles the reader each time), here 2.4 µs
//   whose event it is, in its bounds   package nothing (R2), here 0.5 µs (avro-skim.ts); projections do no more
//   encoding                           3.6 µs in both, but the package's waits for the registry first (R7)
// and the package has no container.
import avsc from 'avsc';

const HEADER_BYTES = 5;
const SYNC = Buffer.from('ticketstreamsync');

export type Framed = { readonly ok: true; readonly schemaId: number; readonly body: Buffer } | { readonly ok: false; readonly reason: 'tombstone' | 'empty' | 'no_magic_byte' };

/** Splits a log record's value; what does not start as ours is told apart by reason. */
export function unframe(value: Buffer | null): Framed {
  if (value === null) return { ok: false, reason: 'tombstone' };
  if (value.length === 0) return { ok: false, reason: 'empty' };
  if (value.length < HEADER_BYTES || value[0] !== 0) return { ok: false, reason: 'no_magic_byte' };
  return { ok: true, schemaId: value.readUInt32BE(1), body: value.subarray(HEADER_BYTES) };
}

/** Where a value is written that is not too long for it. */
const draft = Buffer.alloc(65_536);

/** Compiles a schema into an encoder of framed values. The encoder throws on a value that doesn't fit. */
export function createEncoder(schema: object, schemaId: number): (value: unknown) => Buffer {
  const type = avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: false });
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(schemaId, 1);
  return (value) => {
    const end = type.encode(value, draft, HEADER_BYTES);
    if (end < 0) return Buffer.concat([header, type.toBuffer(value)]);
    header.copy(draft);
    return Buffer.from(draft.subarray(0, end));
  };
}

/** Compiles a schema into a decoder of bodies (for tools and tests; projections don't decode). */
export function createDecoder(schema: object): (body: Buffer) => unknown {
  const type = avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: false });
  return (body) => type.fromBuffer(body) as unknown;
}

/** Compiles a decoder that gives bodies of one schema as values of another, by Avro's rules. @throws Error when those forbid it. */
export function createResolvingDecoder(writer: object, reader: object): (body: Buffer) => unknown {
  const [from, to] = [writer, reader].map((schema) => avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: false }));
  if (from === undefined || to === undefined) throw new Error('two schemas are needed');
  const resolver = to.createResolver(from);
  return (body) => to.fromBuffer(body, resolver) as unknown;
}

/** Of a number of up to 53 bits. */
export const MAX_LONG_BYTES = 8;

/** @returns where it ends. */
export function writeLong(into: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  while (rest >= 128) {
    into[at++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  into[at++] = rest;
  return at;
}

export function encodeLong(value: number): Buffer {
  const bytes = Buffer.alloc(MAX_LONG_BYTES);
  return bytes.subarray(0, writeLong(bytes, 0, value));
}

const encodeBytes = (value: Buffer): Buffer => Buffer.concat([encodeLong(value.length), value]);
export const encodeString = (value: string): Buffer => encodeBytes(Buffer.from(value, 'utf8'));

/** The header of an Avro object container without compression. */
export function containerHeader(schema: object): Buffer {
  return Buffer.concat([
    Buffer.from('Obj\x01', 'latin1'),
    encodeLong(2),
    encodeString('avro.schema'), encodeBytes(Buffer.from(JSON.stringify(schema), 'utf8')),
    encodeString('avro.codec'), encodeBytes(Buffer.from('null')),
    encodeLong(0),
    SYNC,
  ]);
}

/** A row of a container, which writes its own encoding. */
export interface ContainerRow {
  readonly maxBytes: number;
  /** @returns where it ends. */
  write(into: Buffer, at: number): number;
}

export const encodedRow = (bytes: Buffer): ContainerRow => ({ maxBytes: bytes.length, write: (into, at) => at + bytes.copy(into, at) });

/** A container of one block. Its rows are written once, to where they are sent from; what comes before them says how long they are. */
export function containerOf(header: Buffer, rows: readonly ContainerRow[]): Buffer {
  const from = header.length + 2 * MAX_LONG_BYTES;
  const buffer = Buffer.allocUnsafe(rows.reduce((sum, { maxBytes }) => sum + maxBytes, from + SYNC.length));
  let end = from;
  for (const row of rows) end = row.write(buffer, end);
  const head = Buffer.concat([header, encodeLong(rows.length), encodeLong(end - from)]);
  const start = from - head.copy(buffer, from - head.length);
  return buffer.subarray(start, end + SYNC.copy(buffer, end));
}

/** Times as Date: whoever writes one out as JSON gets ISO 8601 text again. */
class TimestampMillis extends avsc.types.LogicalType {
  protected override _fromValue(value: unknown): Date {
    const date = new Date(value as number);
    if (Number.isNaN(date.getTime())) throw new Error(`${String(value)} is not a point in time`);
    return date;
  }

  protected override _toValue(value: unknown): unknown {
    return value instanceof Date ? value.getTime() : undefined;
  }

  protected override _resolve(type: avsc.Type): unknown {
    return avsc.Type.isType(type, 'long', 'int', 'logical:timestamp-millis') ? (value: unknown) => this._fromValue(value) : undefined;
  }
}

/**
 * Compiles the record that a reader wants; the result compiles a writer's schema into a decoder
 * that gives this record whatever the writer wrote: fields it lacked have their defaults, fields
 * the reader doesn't know are left out. Keep both: compiling takes 150 times a decoding (R1).
 * A decoder trusts the array counts of a body, so bodies are skimmed first (avro-skim.ts).
 */
export function createReader(readerSchema: object): (writerSchema: object) => (body: Buffer) => unknown {
  const options = { wrapUnions: false, logicalTypes: { 'timestamp-millis': TimestampMillis } } as const;
  const reader = avsc.Type.forSchema(readerSchema as avsc.Schema, options);
  return (writerSchema) => {
    // Resolved from plain longs: a Date is made once, by the reader.
    const resolver = reader.createResolver(avsc.Type.forSchema(writerSchema as avsc.Schema, { wrapUnions: false }));
    return (body) => reader.fromBuffer(body, resolver) as unknown;
  };
}
