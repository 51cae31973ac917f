// How two versions of an Avro record differ, for people, and whether each can read what the
// other wrote (FULL compatibility; against every earlier version it is FULL_TRANSITIVE).
import { createResolvingDecoder } from '../../services/runtime/avro/avro.ts';
import { messageOf } from '../../services/runtime/errors.ts';

interface Field {
  readonly type: string;
  readonly default: string | undefined;
  readonly doc: string | undefined;
}

interface Node {
  readonly type?: unknown;
  readonly name?: string;
  readonly fields?: readonly { readonly name: string; readonly type: unknown; readonly default?: unknown; readonly doc?: string }[];
  readonly items?: unknown;
  readonly values?: unknown;
  readonly logicalType?: string;
}

function typeName(type: unknown): string {
  if (Array.isArray(type)) return type.map(typeName).join(' | ');
  if (typeof type === 'string') return type;
  const node = type as Node;
  switch (node.type) {
    case 'record': return `record ${node.name ?? ''}`;
    case 'array': return `array of ${typeName(node.items)}`;
    case 'map': return `map of ${typeName(node.values)}`;
    default: return node.logicalType ?? typeName(node.type);
  }
}

/** The record inside a type, if there is one: of the type itself, its items, its values or a branch. */
function recordIn(type: unknown): Node | undefined {
  if (Array.isArray(type)) return type.map(recordIn).find((found) => found !== undefined);
  if (typeof type !== 'object' || type === null) return undefined;
  const node = type as Node;
  return node.type === 'record' ? node : recordIn(node.items ?? node.values ?? node.type);
}

function fieldsOf(schema: Node, path = ''): Map<string, Field> {
  return new Map((schema.fields ?? []).flatMap((field): [string, Field][] => {
    const inner = recordIn(field.type);
    const name = path + field.name;
    const own: Field = { type: typeName(field.type), default: 'default' in field ? JSON.stringify(field.default) : undefined, doc: field.doc };
    return [[name, own], ...(inner === undefined ? [] : fieldsOf(inner, `${name}.`))];
  }));
}

const described = ({ type, default: value }: Field): string => `${type}${value === undefined ? '' : `, default ${value}`}`;

/** One line a difference: `+` added, `-` removed, `~` changed; empty when the fields are the same. */
export function diffSchemas(before: object, after: object): string[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const lines: string[] = [];
  for (const [name, field] of now) {
    const was = old.get(name);
    if (was === undefined) lines.push(`+ ${name}: ${described(field)}`);
    else if (described(was) !== described(field)) lines.push(`~ ${name}: ${described(was)} → ${described(field)}`);
    else if (was.doc !== field.doc) lines.push(`~ ${name}: doc`);
  }
  for (const [name, field] of old) if (!now.has(name)) lines.push(`- ${name}: ${described(field)}`);
  return lines;
}

function unreadable(writer: object, reader: object): string | null {
  try {
    createResolvingDecoder(writer, reader);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

const REMEDY = `Keep the field as it was and add what is new beside it, with a default:
a rename is a new field that upcast.ts fills together with the old one, a changed type is a new field
under a new name, a new required field has a default for the events that lack it (schemas/README.md).`;

/** Why `after` can't follow `before`, with what to do; null when each reads the other's records. */
export function incompatibility(before: object, after: object): string | null {
  const problems = [
    { who: 'A consumer of the new build cannot read the events that are in the log already', why: unreadable(before, after) },
    { who: 'A consumer of the old build cannot read what the new build writes', why: unreadable(after, before) },
    // Avro would fill the default in silently; a reader's column would be empty from then on.
    ...diffSchemas(before, after).filter((line) => line.startsWith('- ')).map((line) => ({ who: 'Consumers and their SQL still read a field that would be gone', why: line.slice(2) })),
  ].filter(({ why }) => why !== null);
  if (problems.length === 0) return null;
  const changes = diffSchemas(before, after).map((line) => `  ${line}`);
  return [...problems.map(({ who, why }) => `${who}: ${why ?? ''}.`), 'What changed:', ...changes, REMEDY].join('\n');
}
