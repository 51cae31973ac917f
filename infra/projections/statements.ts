// Reads the SQL files of a projection as statements, with what stands for more than itself:
//
//   {database}           the projection's database
//   DEFINE name AS …;    text that {name} stands for in the statements after it
//   {event}              an event type, e.g. ticket_created; the statement is made once for each
//   {event_columns}      what that event's record says, selected from its landing table
//   {content_columns}    what the records of all events say, as columns with types and comments
//   {content_names}      their names
//   {readable_content}   the same as they are read: what is sealed in a row of `stored` with the key that `key` has, opened
//   {add_content_columns}  the same as ADD COLUMN, for a field that came with a later contract
//
// A record's own columns (`customer.username`) are called customer_username there.
import { readFileSync } from 'node:fs';
import type { AvroRecord } from '../../schemas/contract.ts';
import { freeFormField, personalFields } from '../../schemas/personal.ts';
import { eventTypeOf, landingColumns, leadingFields } from '../../services/runtime/projection/landing.ts';

export interface Statement {
  readonly file: string;
  /** With `{database}` in it. */
  readonly text: string;
  readonly kind: 'view' | 'materialized view' | 'function' | 'dictionary' | 'table' | 'other';
  /** What it creates, e.g. `{database}.tickets`, `config.calendar` or a function's name. */
  readonly target: string;
}

export const withoutComments = (sql: string): string => sql.replaceAll(/--.*$/gm, '');

/** Statements of a file; each ends with a semicolon at the end of a line. */
const split = (sql: string): string[] => sql.split(/;[ \t]*(?:\n|$)/).map((text) => text.trim()).filter((text) => withoutComments(text).trim() !== '');

const CREATES = /^CREATE\s+(?:OR\s+REPLACE\s+)?(MATERIALIZED\s+VIEW|VIEW|FUNCTION|DICTIONARY|TABLE)\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.{}]+)/i;

const kinds: Readonly<Record<string, Statement['kind']>> = { 'MATERIALIZED VIEW': 'materialized view', VIEW: 'view', FUNCTION: 'function', DICTIONARY: 'dictionary', TABLE: 'table' };

function statementOf(file: string, text: string): Statement {
  const [, kind = '', target = ''] = CREATES.exec(withoutComments(text).trim()) ?? [];
  return { file, text, kind: kinds[kind.toUpperCase().replace(/\s+/, ' ')] ?? 'other', target };
}

const DEFINES = /^DEFINE\s+(\w+)\s+AS\s+([^]*)$/;

const replaceNames = (text: string, meanings: ReadonlyMap<string, string>): string => text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => meanings.get(name) ?? whole);

/** `records` are those of the event types. */
export function readStatements(files: readonly string[], records: readonly AvroRecord[]): Statement[] {
  const meanings = new Map(contentOf(records));
  const statements: Statement[] = [];
  for (const file of files) {
    for (const written of split(readFileSync(file, 'utf8'))) {
      const text = replaceNames(written, meanings);
      const [, name, meaning] = DEFINES.exec(withoutComments(text).trim()) ?? [];
      if (name !== undefined && meaning !== undefined) meanings.set(name, meaning);
      else if (text.includes('{event}')) statements.push(...records.map((record) => statementOf(file, replaceNames(text, eventOf(record)))));
      else statements.push(statementOf(file, text));
    }
  }
  return statements;
}

/** The envelope, which every record has: its columns are written in the SQL. */
const ENVELOPE = new Set([...leadingFields.map(({ name }) => name), 'event_id', 'ticket_id', 'source.platform', 'source.integration_id', 'source.environment', 'timestamp', 'version', 'extra']);

const contentColumns = (record: AvroRecord): ReturnType<typeof landingColumns> => landingColumns(record).filter(({ name }) => !ENVELOPE.has(name));
const flat = (name: string): string => name.replaceAll('.', '_');
const lines = (parts: readonly string[]): string => parts.join(',\n    ');

const eventOf = (record: AvroRecord): Map<string, string> => new Map([
  ['event', eventTypeOf(record).replaceAll('.', '_')],
  ['event_columns', lines(contentColumns(record).map(({ name }) => (name.includes('.') ? `\`${name}\` AS ${flat(name)}` : name)))],
]);

function contentOf(records: readonly AvroRecord[]): [string, string][] {
  const columns = new Map<string, { type: string; docs: string[] }>();
  for (const record of records) {
    for (const { name, type, doc } of contentColumns(record)) {
      const column = columns.get(flat(name)) ?? { type, docs: [] };
      column.docs.push(`${eventTypeOf(record)}: ${doc}`);
      columns.set(flat(name), column);
    }
  }
  const definitions = [...columns].map(([name, { type, docs }]) => {
    const isList = /^(Array|Map)\(/.test(type);
    const comment = [...docs, isList ? 'Empty for other types.' : 'NULL for other types.'].join(' ').replaceAll("'", "''");
    return `${name} ${isList || type.startsWith('Nullable(') ? type : `Nullable(${type})`} COMMENT '${comment}'`;
  });
  return [
    ['content_columns', lines(definitions)],
    ['content_names', lines([...columns.keys()])],
    ['readable_content', lines([...columns].map(([name, { type }]) => `${readable(name, type)} AS ${name}`))],
    ['add_content_columns', lines(definitions.map((definition) => `ADD COLUMN IF NOT EXISTS ${definition}`))],
  ];
}

const personalColumns = new Set(Object.values(personalFields).flat().map(({ path }) => path.join('_')));

/** With the names that the views give what they need for it. */
const unsealed = (text: string): string => `unsealed_of(${text}, key, sealed_together, together)`;

/** Most rows are plain, and for them nothing is computed. */
function readable(name: string, type: string): string {
  const stored = `stored.${name}`;
  const ifSealed = (opened: string): string => `if(stored.key_id = 0, ${stored}, ${opened})`;
  if (name === freeFormField) return ifSealed(`ifNull(${unsealed(`stored.extra['/payload/${name}']`)}, ${stored})`);
  const parts = /^Array\(Tuple\((.+)\)\)$/.exec(type)?.[1]?.split(', ').map((part) => part.split(' ')[0] ?? '') ?? [];
  if (parts.some((part) => personalColumns.has(`${name}_${part}`))) {
    return ifSealed(`arrayMap(item -> tuple(${parts.map((part) => (personalColumns.has(`${name}_${part}`) ? unsealed(`item.${part}`) : `item.${part}`)).join(', ')}), ${stored})`);
  }
  return personalColumns.has(name) ? ifSealed(unsealed(stored)) : stored;
}

/** The query of a materialized view, so that one which exists can be given it. */
export const queryOf = ({ text }: Statement): string => text.replace(/^[^]*?\bAS\s+(?=SELECT\b|WITH\b)/, '').replace(/\s+COMMENT\s+'(?:[^'\\]|''|\\.)*'\s*$/, '');
