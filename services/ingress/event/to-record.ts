// JSON payload to Avro record, driven by the record's schema: one spelling per field, unknown
// fields into `extra` under their JSON Pointer, nothing dropped and nothing rounded. Every text of
// a record is made here, so that what text.ts says holds for all of them.
import type { AvroRecord, AvroType, Json, JsonObject } from '../../../schemas/contract.ts';
import { isObject } from '../../../schemas/upcasting.ts';
import type { QuarantineReason } from '../outcome.ts';
import { pointer } from './read-json.ts';
import { identifierProblem, jsonText, namesSomething } from './text.ts';
import { readTime } from './time.ts';

/** Why an authentic event can't be a record. */
export class Violation extends Error {
  readonly reason: QuarantineReason;
  readonly path: string;

  constructor(reason: QuarantineReason, path: string, detail: string) {
    super(detail);
    this.reason = reason;
    this.path = path;
  }
}

/** What ClickHouse's DateTime64 can hold. */
const EARLIEST_MS = Date.UTC(1900, 0, 1);
const AFTER_LATEST_MS = Date.UTC(2300, 0, 1);

/**
 * What the encoder writes as it is. Below, it turns the sign (2^53 + 1 is no number in JavaScript, so
 * -2^52 - 1 becomes 2^52 + 1); above, it throws, and the event would be sent again for ever.
 */
const LEAST_LONG = -(2 ** 52);
const GREATEST_LONG = Number.MAX_SAFE_INTEGER - 1;

const isRecord = (type: AvroType): type is AvroRecord => typeof type === 'object' && 'type' in type && type.type === 'record';
const isUnion = (type: AvroType): type is readonly AvroType[] => Array.isArray(type);

/** Keeps a value that the record has no field for. */
export function keepExtra(extra: Record<string, string>, path: string, value: Json): void {
  extra[path.toWellFormed()] = jsonText(value);
}

/** @throws Violation */
export function toAvroRecord(record: AvroRecord, value: JsonObject, path: string, extra: Record<string, string>): Record<string, unknown> {
  const known = namesOf(record);
  for (const [key, unknown] of Object.entries(value)) {
    if (!known.has(key)) keepExtra(extra, pointer(path, key), unknown);
  }
  const fields: Record<string, unknown> = {};
  for (const { name, type } of record.fields) fields[name] = toAvro(type, value[name], `${path}/${name}`, extra);
  return fields;
}

const names = new WeakMap<AvroRecord, ReadonlySet<string>>();

function namesOf(record: AvroRecord): ReadonlySet<string> {
  const known = names.get(record);
  if (known !== undefined) return known;
  const found = new Set(record.fields.map((field) => field.name));
  names.set(record, found);
  return found;
}

function toAvro(type: AvroType, value: Json | undefined, path: string, extra: Record<string, string>): unknown {
  if (isUnion(type)) {
    const inner = type.find((branch) => branch !== 'null');
    return value === undefined || value === null || inner === undefined ? null : toAvro(inner, value, path, extra);
  }
  if (isRecord(type)) return toAvroRecord(type, isObject(value) ? value : {}, path, extra);
  if (typeof type === 'object') {
    if (type.type === 'array') return (Array.isArray(value) ? value : []).map((item, index) => toAvro(type.items, item, pointer(path, index), extra));
    if (type.type === 'map') return {};
    return toMilliseconds(value, path);
  }
  switch (type) {
    case 'string': return toText(value, path);
    case 'long': return toLong(value, path);
    case 'boolean': return value === true;
    case 'null': return null;
  }
}

/** Free-form objects become their JSON text; ids given as numbers become text. */
function toText(value: Json | undefined, path: string): string {
  if (typeof value !== 'string') return value === undefined || value === null ? '' : jsonText(value);
  if (!namesSomething(path.slice(path.lastIndexOf('/') + 1))) return value.toWellFormed();
  const problem = identifierProblem(value);
  if (problem !== null) throw new Violation('invalid_identifier', path, problem);
  return value;
}

function toLong(value: Json | undefined, path: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < LEAST_LONG || number > GREATEST_LONG) throw new Violation('out_of_range', path, 'is not a whole number from -2^52 to 2^53 - 2');
  return number;
}

function toMilliseconds(value: Json | undefined, path: string): number {
  const time = readTime(typeof value === 'string' ? value : '');
  if (time.kind === 'no_time') throw new Violation('out_of_range', path, time.problem);
  if (time.ms < EARLIEST_MS || time.ms >= AFTER_LATEST_MS) throw new Violation('out_of_range', path, 'is outside the years 1900 to 2299');
  return time.ms;
}
