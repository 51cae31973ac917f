// The questions that the pages may ask: one file of SQL each, in queries/<page>/<name>.sql. Nothing else reaches ClickHouse. The
// first line of a file is its title, the comment lines after it say what a row is and how it is counted. What several of them
// say is said once, in queries/parts/<name>.sql: {name} stands for it.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
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
  /** Whose databases it asks instead of the live ones. */
  readonly snapshot?: string;
}

export type Parts = ReadonlyMap<string, string>;

const folder = fileURLToPath(new URL('queries', import.meta.url));
const PARTS = 'parts';
const PARAMETER = /\{(\w+):([^{}]+)\}/g;
const PART = /^([^\S\n]*)(.*?)\{(\w+)\}/m;

const NO_PARTS: Parts = new Map();

/** Comments that a file begins with, and what comes after them. */
function opened(text: string): { readonly comments: readonly string[]; readonly sql: string } {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => !line.startsWith('--'));
  return { comments: lines.slice(0, first).map((line) => line.replace(/^-- ?/, '')), sql: lines.slice(first).join('\n').trim() };
}

/** With its parts in place, as far in as the line that names them. @throws Error for a part that isn't there. */
function withParts(sql: string, parts: Parts, name: string): string {
  for (let text = sql; ; ) {
    const [whole, indent = '', before = '', part = ''] = PART.exec(text) ?? [];
    if (whole === undefined) return text;
    const meant = parts.get(part);
    if (meant === undefined) throw new Error(`${name}: there is no queries/${PARTS}/${part}.sql`);
    text = text.replace(whole, () => indent + before + meant.replaceAll('\n', `\n${indent}`));
  }
}

export function readQuery(name: string, text: string, parts = NO_PARTS): NamedQuery {
  const { comments: [title = '', ...about], sql: written } = opened(text);
  const sql = withParts(written, parts, name);
  return { name, title, about: about.join(' '), sql, parameters: new Map([...sql.matchAll(PARAMETER)].map(([, parameter = '', type = '']) => [parameter, type])) };
}

export function readCatalogue(): ReadonlyMap<string, NamedQuery> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.sql')).sort();
  const textOf = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const isPart = (file: string): boolean => file.startsWith(`${PARTS}/`);
  const parts = new Map(files.filter(isPart).map((file) => [basename(file, '.sql'), opened(textOf(file)).sql]));
  return new Map(files.filter((file) => !isPart(file)).map((file) => {
    const name = file.slice(0, -'.sql'.length);
    return [name, readQuery(name, textOf(file), parts)];
  }));
}

/** A question that asks the clock, or the names that people give, is of the live desk only. */
const OF_THE_PRESENT = /\bnow(64)?\(|\blog\.|\bsystem\./;

/** The same question of a snapshot (npm run snapshot), whose views have their own present. Null when it can't be asked of one. */
export function ofSnapshot(query: NamedQuery, snapshot: string): NamedQuery | null {
  if (OF_THE_PRESENT.test(query.sql)) return null;
  return { ...query, snapshot, sql: query.sql.replaceAll(/(?<![\w.'])(queue|agents)(?=\.\w)/g, `${snapshot}_$1`) };
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
