// JSON payload to Avro record, driven by the record's schema: one spelling per field, unknown
// fields into `extra` under their JSON Pointer, nothing dropped and nothing rounded.
import type { AvroRecord, AvroType, Json, JsonObject } from '../../schemas/contract.ts';
import { isObject } from '../../schemas/upcasting.ts';

/** A value that validated but can't be held by the record. */
export class OutOfRange extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

/** What ClickHouse's DateTime64 can hold. */
const EARLIEST_MS = Date.UTC(1900, 0, 1);
const LATEST_MS = Date.UTC(2299, 11, 31);

/**
 * What the encoder writes as it is. Below, it turns the sign (2^53 + 1 is no number in JavaScript, so
 * -2^52 - 1 becomes 2^52 + 1); above, it throws, and the event would be sent again for ever.
 */
const LEAST_LONG = -(2 ** 52);
const GREATEST_LONG = Number.MAX_SAFE_INTEGER - 1;

const pointer = (base: string, key: string): string => `${base}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;

const isRecord = (type: AvroType): type is AvroRecord => typeof type === 'object' && 'type' in type && type.type === 'record';
const isUnion = (type: AvroType): type is readonly AvroType[] => Array.isArray(type);

/** Moves the fields of `value` that `record` does not have into `extra`. */
export function collectUnknown(record: AvroRecord, value: JsonObject, path: string, extra: Record<string, string>): void {
  const known = new Set(record.fields.map((field) => field.name));
  for (const [key, unknown] of Object.entries(value)) {
    if (!known.has(key)) extra[pointer(path, key)] = JSON.stringify(unknown);
  }
}

export function toAvroRecord(record: AvroRecord, value: JsonObject, path: string, extra: Record<string, string>): Record<string, unknown> {
  collectUnknown(record, value, path, extra);
  return Object.fromEntries(record.fields.map((field) => [field.name, toAvro(field.type, value[field.name], pointer(path, field.name), extra)]));
}

function toAvro(type: AvroType, value: Json | undefined, path: string, extra: Record<string, string>): unknown {
  if (isUnion(type)) {
    const inner = type.find((branch) => branch !== 'null');
    return value === undefined || value === null || inner === undefined ? null : toAvro(inner, value, path, extra);
  }
  if (isRecord(type)) return toAvroRecord(type, isObject(value) ? value : {}, path, extra);
  if (typeof type === 'object') {
    if (type.type === 'array') return (Array.isArray(value) ? value : []).map((item, index) => toAvro(type.items, item, pointer(path, String(index)), extra));
    if (type.type === 'map') return {};
    return toMilliseconds(value, path);
  }
  switch (type) {
    case 'string': return toText(value);
    case 'long': return toLong(value, path);
    case 'boolean': return value === true;
    case 'null': return null;
  }
}

/** Free-form objects become their JSON text; ids given as numbers become text. */
const toText = (value: Json | undefined): string => {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
};

function toLong(value: Json | undefined, path: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < LEAST_LONG || number > GREATEST_LONG) throw new OutOfRange(path, 'is not a whole number from -2^52 to 2^53 - 2');
  return number;
}

/** Milliseconds since 1970 of an ISO 8601 text with a zone; finer digits are cut. */
export function toMilliseconds(value: Json | undefined, path: string): number {
  const milliseconds = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(milliseconds)) throw new OutOfRange(path, 'is not a point in time');
  if (milliseconds < EARLIEST_MS || milliseconds > LATEST_MS) throw new OutOfRange(path, 'is outside the years 1900 to 2299');
  return milliseconds;
}
