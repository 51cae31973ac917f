// A record whose personal fields are sealed, as its reader gets it: with the key the texts, without it nothing in their place.
// Which fields are sealed need not be known: a sealed text says so. What was taken out of a field, so that a part of it can be
// read by all, stands in `extra` under the field's JSON Pointer and goes back.
import { opener, type Key } from './sealed.ts';

/** In `extra` of a record with sealed fields: the key's id. All names there but these two are JSON Pointers, so no sender can make them. */
export const KEY_ID = 'key_id';
/** What several of its texts were sealed as. */
export const TOGETHER = 'sealed';

const PAYLOAD = '/payload/';

type Extra = Readonly<Record<string, string>>;

/** The id of the key that the record is sealed with; undefined for a plain one. */
export const keyIdOf = (record: object): string | undefined => ('extra' in record ? (record.extra as Extra)[KEY_ID] : undefined);

interface Field {
  readonly name: string;
  readonly type: unknown;
}

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> => Object.getPrototypeOf(value) === Object.prototype;

/** @param schema of the record, which says where nothing may be: an empty text stands there instead. */
export function opened<R extends object>(record: R, schema: object, key: Key | undefined): R {
  const { fields } = schema as { readonly fields: readonly Field[] };
  const { extra, ...rest } = record as R & { readonly extra: Extra };
  const open = opener(key, extra[TOGETHER]);
  const told = Object.entries(extra).filter(([name]) => name !== KEY_ID && name !== TOGETHER).flatMap(([name, text]) => {
    const opened = open(text);
    return opened === null ? [] : [[name, opened] as const];
  });
  const own = new Set(fields.map(({ name }) => name));
  const isField = ([pointer]: readonly [string, string]): boolean => pointer.startsWith(PAYLOAD) && own.has(pointer.slice(PAYLOAD.length));
  const back = told.filter(isField).map(([pointer, text]) => [pointer.slice(PAYLOAD.length), text] as const);
  const result = { ...(openedFields(rest, fields, open) as object), ...Object.fromEntries(back), extra: Object.fromEntries(told.filter((entry) => !isField(entry))) };
  return result as unknown as R;
}

function openedFields(record: Readonly<Record<string, unknown>>, fields: readonly Field[], open: (sealed: string) => string | null): unknown {
  const types = new Map(fields.map(({ name, type }) => [name, type]));
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, openedValue(value, types.get(name), open)]));
}

function openedValue(value: unknown, type: unknown, open: (sealed: string) => string | null): unknown {
  if (typeof value === 'string') return open(value) ?? (Array.isArray(type) ? null : '');
  if (typeof value !== 'object' || value === null) return value;
  const { fields = [], items } = (type ?? {}) as { readonly fields?: readonly Field[]; readonly items?: unknown };
  if (Array.isArray(value)) return value.map((item) => openedValue(item, items, open));
  return isPlainObject(value) || fields.length > 0 ? openedFields(value as Readonly<Record<string, unknown>>, fields, open) : value;
}
