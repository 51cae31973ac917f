// The questions that the pages may ask: one file of SQL each, in queries/<page>/<name>.sql. Nothing else reaches ClickHouse. The
// first line of a file is its title, the comment lines after it say what a row is and how it is counted.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface NamedQuery {
  /** `now/cells`. */
  readonly name: string;
  readonly title: string;
  /** What a row is, and what its numbers leave out. */
  readonly about: string;
  readonly sql: string;
  /** Types by parameter, as the SQL declares them. */
  readonly parameters: ReadonlyMap<string, string>;
}

const folder = fileURLToPath(new URL('queries', import.meta.url));
const PARAMETER = /\{(\w+):([^{}]+)\}/g;

export function readQuery(name: string, text: string): NamedQuery {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => !line.startsWith('--'));
  const [title = '', ...about] = lines.slice(0, first).map((line) => line.replace(/^-- ?/, ''));
  const sql = lines.slice(first).join('\n').trim();
  return { name, title, about: about.join(' '), sql, parameters: new Map([...sql.matchAll(PARAMETER)].map(([, parameter = '', type = '']) => [parameter, type])) };
}

export function readCatalogue(): ReadonlyMap<string, NamedQuery> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.sql')).sort();
  return new Map(files.map((file) => {
    const name = file.slice(0, -'.sql'.length);
    return [name, readQuery(name, readFileSync(join(folder, file), 'utf8'))];
  }));
}

export type Value = string | number | readonly string[];
export type Values = Readonly<Record<string, Value>>;

const quoted = (value: string | number): string => (typeof value === 'number' ? String(value) : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`);

function literal(value: Value, type: string): string {
  if (type === 'String' || typeof value === 'number') return quoted(value as string | number);
  const text = typeof value === 'string' ? quoted(value) : `[${value.map(quoted).join(', ')}]`;
  return `CAST(${text}, ${quoted(type)})`;
}

/** The statement as anybody can run it: each parameter replaced by its value. Only shown, never sent. */
export const runnable = (sql: string, values: Values): string =>
  sql.replaceAll(PARAMETER, (whole, name: string, type: string) => {
    const value = values[name];
    return value === undefined ? whole : literal(value, type);
  });
