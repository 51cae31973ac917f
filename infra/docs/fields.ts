// The fields of a contract as flat lists, from its JSON Schemas and its Avro record: what the
// pages show, and what two versions are compared by.
import type { AvroRecord, AvroType, EventContract, Json, JsonObject } from '../../schemas/contract.ts';
import { isObject } from '../../schemas/upcasting.ts';

export interface Field {
  /** `customer.phone`, `initial_message.files[].file_url`. */
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly notes: string;
}

const typesOf = (schema: JsonObject): string[] => [schema['type'] ?? []].flat().map(String);

function typeText(schema: JsonObject): string {
  const types = typesOf(schema);
  const items = schema['items'];
  return types.map((type) => {
    if (type === 'array' && isObject(items)) return `array of ${typesOf(items).join(' or ')}`;
    return type === 'string' && schema['format'] === 'date-time' ? 'string (ISO 8601)' : type;
  }).join(' or ') || 'any';
}

function limits(schema: JsonObject): string {
  const { minLength, maxLength, minimum, pattern } = schema;
  const length = typeof maxLength !== 'number' ? (minLength === 1 ? 'Not empty.' : '') : `${typeof minLength === 'number' ? minLength : 0} to ${maxLength} characters.`;
  return [length, typeof minimum === 'number' ? `At least ${minimum}.` : '', typeof pattern === 'string' ? `As text: \`${pattern}\`.` : ''].filter((text) => text !== '').join(' ');
}

/** Every field that a JSON Schema names, in its order. */
export function jsonFields(schema: JsonObject, base = ''): Field[] {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = new Set([schema['required'] ?? []].flat().map(String));
  return Object.entries(properties).flatMap(([name, property]) => {
    if (!isObject(property)) return [];
    const path = base + name;
    const items = property['items'];
    const described = typeof property['description'] === 'string' ? property['description'] : '';
    const own: Field = { path, type: typeText(property), required: required.has(name), notes: [described, limits(property)].filter((text) => text !== '').join(' ') };
    return [own, ...jsonFields(property, `${path}.`), ...(isObject(items) ? jsonFields(items, `${path}[].`) : [])];
  });
}

export interface VersionedField extends Omit<Field, 'required'> {
  /** `yes`, empty, and what it was before where that differs. */
  readonly required: string;
  readonly first: string;
  /** The last version that has it, when that is not the newest. */
  readonly last?: string;
}

/** The newest of a field's values, and until which version it had another: `integer (to 1.2: string)`. */
function withHistory(values: readonly (readonly [version: string, value: string])[]): string {
  const newest = values.at(-1)?.[1] ?? '';
  const [version, earlier] = values.findLast(([, value]) => value !== newest) ?? [];
  return version === undefined ? newest : `${newest} (to ${version}: ${earlier === '' || earlier === undefined ? 'no' : earlier})`.trim();
}

/** Every field that any version has: the newest's in its order, then those that are gone. */
export function versionedFields({ versions }: EventContract): VersionedField[] {
  const lists = [...versions].map(([version, schema]) => ({ version, fields: jsonFields(schema) }));
  const newest = lists.at(-1)?.version;
  const byPath = new Map<string, Field>();
  for (const { fields } of lists.toReversed()) for (const field of fields) if (!byPath.has(field.path)) byPath.set(field.path, field);
  return [...byPath.values()].map((field) => {
    const having = lists.flatMap(({ version, fields }) => fields.filter(({ path }) => path === field.path).map((found) => ({ version, found })));
    const last = having.at(-1)?.version;
    return {
      ...field,
      type: withHistory(having.map(({ version, found }) => [version, found.type])),
      required: withHistory(having.map(({ version, found }) => [version, found.required ? 'yes' : ''])),
      first: having[0]?.version ?? '',
      ...(last === undefined || last === newest ? {} : { last }),
    };
  });
}

/** The value at a path of an example; the first item stands for a list. */
export function valueAt(example: Json | undefined, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((value, step) => {
    const inner = isObject(value) ? value[step.replace('[]', '')] : undefined;
    return step.endsWith('[]') ? (Array.isArray(inner) ? inner[0] : undefined) : inner;
  }, example);
}

export interface RecordField {
  readonly path: string;
  readonly type: string;
  readonly notes: string;
}

const isRecord = (type: AvroType): type is AvroRecord => typeof type === 'object' && 'type' in type && type.type === 'record';

function avroTypeText(type: AvroType): string {
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return (type as readonly AvroType[]).toReversed().map(avroTypeText).join(' or ');
  const named = type as Exclude<AvroType, string | readonly AvroType[]>;
  switch (named.type) {
    case 'record': return `record ${named.name}`;
    case 'array': return `array of ${avroTypeText(named.items)}`;
    case 'map': return `map of ${avroTypeText(named.values)}`;
    case 'long': return named.logicalType;
  }
}

/** Every field of an Avro record, in its order. */
export function recordFields(record: AvroRecord, base = ''): RecordField[] {
  return record.fields.flatMap(({ name, type, doc = '' }) => {
    const path = base + name;
    const own = { path, type: avroTypeText(type), notes: doc };
    if (isRecord(type)) return [own, ...recordFields(type, `${path}.`)];
    if (typeof type === 'object' && 'items' in type && isRecord(type.items)) return [own, ...recordFields(type.items, `${path}[].`)];
    return [own];
  });
}
