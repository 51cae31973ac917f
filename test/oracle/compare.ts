// Compares the oracle's rows of a view with those that SQL returned as JSON, and tells the
// differences in a way that names the row, the column and both values.
import type { Cell, Row } from './events.ts';

export type SqlRow = Readonly<Record<string, unknown>>;

export interface Comparison {
  view: string;
  keys: readonly string[];
  oracle: readonly Row[];
  sql: readonly SqlRow[];
  /** Columns of the oracle to leave out. */
  ignore?: readonly string[];
  /** Columns of SQL that need no twin in the oracle, each with the reason. */
  excused?: Readonly<Record<string, string>>;
  /** Oracle column → SQL column, where they are called differently. */
  rename?: Readonly<Record<string, string>>;
}

export type Difference =
  | { kind: 'missing column' | 'column without a twin' | 'needless excuse'; view: string; column: string }
  | { kind: 'missing row' | 'unexpected row'; view: string; key: string; row: SqlRow }
  | { kind: 'duplicate row'; view: string; key: string; side: 'oracle' | 'sql' }
  | { kind: 'value'; view: string; key: string; column: string; oracle: Cell; sql: unknown };

const dateTime = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?$/;

/** ClickHouse writes 64-bit numbers as text, DateTime64 as UTC wall time and Bool as true or false. */
function normalise(value: unknown, like: Cell): unknown {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  if (typeof value !== 'string' || typeof like === 'string') return value;
  const time = dateTime.exec(value);
  if (time) return Date.parse(`${time[1] ?? ''}T${time[2] ?? ''}${(time[3] ?? '.000').slice(0, 4)}Z`);
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

function equal(oracle: Cell, sql: unknown): boolean {
  const value = normalise(sql, oracle);
  if (typeof oracle === 'number' && typeof value === 'number' && !(Number.isInteger(oracle) && Number.isInteger(value))) {
    return Math.abs(oracle - value) <= 1e-9 * Math.max(1, Math.abs(oracle));
  }
  return value === oracle;
}

function keyOf(row: SqlRow, keys: readonly string[], like: Row | undefined, rename: Readonly<Record<string, string>>): string {
  return JSON.stringify(keys.map((key) => normalise(row[rename[key] ?? key] ?? null, like?.[key] ?? null)));
}

function byKey<R>(rows: readonly R[], key: (row: R) => string): { found: Map<string, R>; repeated: string[] } {
  const found = new Map<string, R>();
  const repeated: string[] = [];
  for (const row of rows) {
    if (found.has(key(row))) repeated.push(key(row));
    else found.set(key(row), row);
  }
  return { found, repeated };
}

/** How key values are to be read: a key that is text in any oracle row is text in SQL, even if it looks like a number. */
function keySample(rows: readonly Row[], keys: readonly string[]): Row {
  return Object.fromEntries(keys.map((key) => [key, rows.find((r) => r[key] !== null)?.[key] ?? null]));
}

/** Columns of SQL that nobody compares, unless excused, and excuses of columns that are compared or don't exist. */
function uncomparedColumns({ view, oracle, sql, ignore = [], excused = {}, rename = {} }: Comparison): Difference[] {
  const [first] = sql;
  if (first === undefined || oracle.length === 0) return [];
  const twins = new Set<string>();
  for (const row of oracle) for (const column of Object.keys(row)) if (!ignore.includes(column)) twins.add(rename[column] ?? column);
  const alone = Object.keys(first).filter((column) => !twins.has(column));
  return [
    ...alone.filter((column) => !(column in excused)).map((column): Difference => ({ kind: 'column without a twin', view, column })),
    ...Object.keys(excused).filter((column) => !alone.includes(column)).map((column): Difference => ({ kind: 'needless excuse', view, column })),
  ];
}

export function compareRows(comparison: Comparison): Difference[] {
  const { view, keys, ignore = [], rename = {} } = comparison;
  const sample = keySample(comparison.oracle, keys);
  const oracle = byKey(comparison.oracle, (row) => keyOf(row, keys, sample, {}));
  const sql = byKey(comparison.sql, (row) => keyOf(row, keys, sample, rename));
  const differences: Difference[] = [
    ...uncomparedColumns(comparison),
    ...oracle.repeated.map((key): Difference => ({ kind: 'duplicate row', view, key, side: 'oracle' })),
    ...sql.repeated.map((key): Difference => ({ kind: 'duplicate row', view, key, side: 'sql' })),
  ];
  const missingColumns = new Set<string>();
  for (const [key, expected] of oracle.found) {
    const actual = sql.found.get(key);
    if (!actual) {
      differences.push({ kind: 'missing row', view, key, row: expected });
      continue;
    }
    for (const [column, value] of Object.entries(expected)) {
      if (ignore.includes(column)) continue;
      const name = rename[column] ?? column;
      if (!(name in actual)) missingColumns.add(name);
      else if (!equal(value, actual[name])) differences.push({ kind: 'value', view, key, column, oracle: value, sql: actual[name] });
    }
  }
  for (const [key, row] of sql.found) {
    if (!oracle.found.has(key)) differences.push({ kind: 'unexpected row', view, key, row });
  }
  return [...[...missingColumns].map((column): Difference => ({ kind: 'missing column', view, column })), ...differences];
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  const isTime = typeof value === 'number' && value > 1e12;
  return isTime ? `${text} (${new Date(value).toISOString()})` : text;
}

function describe(difference: Difference): string {
  switch (difference.kind) {
    case 'missing column': return `${difference.view}: SQL has no column ${difference.column}`;
    case 'column without a twin': return `${difference.view}: the oracle has nothing to compare SQL's column ${difference.column} with`;
    case 'needless excuse': return `${difference.view}: ${difference.column} is excused, but is compared or no column of SQL`;
    case 'missing row': return `${difference.view} ${difference.key}: row is missing in SQL: ${JSON.stringify(difference.row)}`;
    case 'unexpected row': return `${difference.view} ${difference.key}: the oracle has no such row: ${JSON.stringify(difference.row)}`;
    case 'duplicate row': return `${difference.view} ${difference.key}: more than one row in ${difference.side}`;
    case 'value':
      return `${difference.view} ${difference.key}.${difference.column}: oracle ${show(difference.oracle)}, SQL ${show(difference.sql)}`;
  }
}

/** One line per difference, the first `limit` of them. */
export function tellDifferences(differences: readonly Difference[], limit = 25): string {
  const lines = differences.slice(0, limit).map(describe);
  const more = differences.length - lines.length;
  return [...lines, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n');
}
