// JSON payload to Avro record, driven by the record's schema: one spelling per field, unknown
// fields into `extra` under their JSON Pointer, nothing dropped and nothing rounded. Every text of
// a record is made here, so that what text.ts says holds for all of them.
import type { AvroRecord, AvroType, Json } from '../../../schemas/contract.ts';
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

type Extra = Record<string, string>;

/**
 * What a value becomes in the log. A field's place is told in two parts, that of the nearest array's item, which only the value
 * knows, and the rest; they are put together where somebody asks: few fields are unknown, and hardly any is at fault.
 */
type Convert<To = unknown> = (value: Json | undefined, base: string, extra: Extra) => To;

/** Made once for a schema: asking it for each value what its type is took twice as long. The converter throws a Violation. */
export function recordConverter(record: AvroRecord, path = ''): Convert<Record<string, unknown>> {
  const fields = record.fields.map(({ name, type }) => ({ name, convert: converter(type, `${path}/${name}`) }));
  const known = new Set(record.fields.map(({ name }) => name));
  return (value, base, extra) => {
    const from = isObject(value) ? value : {};
    for (const key in from) {
      if (!known.has(key)) keepExtra(extra, pointer(base + path, key), from[key] ?? null);
    }
    const to: Record<string, unknown> = {};
    for (const { name, convert } of fields) to[name] = convert(from[name], base, extra);
    return to;
  };
}

function converter(type: AvroType, path: string): Convert {
  if (isUnion(type)) {
    const inner = type.find((branch) => branch !== 'null');
    if (inner === undefined) return () => null;
    const convert = converter(inner, path);
    return (value, base, extra) => (value === undefined || value === null ? null : convert(value, base, extra));
  }
  if (isRecord(type)) return recordConverter(type, path);
  if (typeof type === 'object') {
    if (type.type === 'array') {
      const convert = converter(type.items, '');
      return (value, base, extra) => (Array.isArray(value) ? value : []).map((item, index) => convert(item, pointer(base + path, index), extra));
    }
    if (type.type === 'map') return () => ({});
    return (value, base) => toMilliseconds(value, base, path);
  }
  switch (type) {
    case 'string': {
      const isName = namesSomething(path.slice(path.lastIndexOf('/') + 1));
      return (value, base) => toText(value, isName, base, path);
    }
    case 'long': return (value, base) => toLong(value, base, path);
    case 'boolean': return (value) => value === true;
    case 'null': return () => null;
  }
}

/** Free-form objects become their JSON text; ids given as numbers become text. */
function toText(value: Json | undefined, isName: boolean, base: string, path: string): string {
  if (typeof value !== 'string') return value === undefined || value === null ? '' : jsonText(value);
  if (!isName) return value.toWellFormed();
  const problem = identifierProblem(value);
  if (problem !== null) throw new Violation('invalid_identifier', base + path, problem);
  return value;
}

function toLong(value: Json | undefined, base: string, path: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < LEAST_LONG || number > GREATEST_LONG) throw new Violation('out_of_range', base + path, 'is not a whole number from -2^52 to 2^53 - 2');
  return number;
}

function toMilliseconds(value: Json | undefined, base: string, path: string): number {
  const time = readTime(typeof value === 'string' ? value : '');
  if (time.kind === 'no_time') throw new Violation('out_of_range', base + path, time.problem);
  if (time.ms < EARLIEST_MS || time.ms >= AFTER_LATEST_MS) throw new Violation('out_of_range', base + path, 'is outside the years 1900 to 2299');
  return time.ms;
}
