// The statements that make the live tables and views, as those of a snapshot. They are the very same texts; what differs is
// which databases they name, which functions ask the desk, and what is taken for the present:
//
//   queue.tickets, 'queue'      monday_queue.tickets, 'monday_queue'; likewise agents and config
//   business_clock(…)           monday_business_clock(…), as every function that rests on config or on the present
//   now64(3, 'UTC')             the snapshot's instant
//   {database}.timeline         a view over the live timeline: what had happened, and was known, by then
//
// Views show what they were created with, so a snapshot stays what it is when live definitions change.
import { instantText, sqlString } from '../../services/runtime/clickhouse.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';
import { conditionOf, type Filter } from '../facts/filter.ts';
import { withoutComments, type Statement } from '../projections/statements.ts';
import { ownName } from './names.ts';

/** What a snapshot's SQL depends on. */
export interface Scope {
  readonly name: string;
  /** Live databases that it has its own of. */
  readonly databases: readonly string[];
  /** Functions that it has its own of. */
  readonly functions: readonly string[];
  /** Its now. */
  readonly present: number;
}

const PRESENT = /\bnow(64)?\(\s*(?:3\s*,\s*)?'UTC'\s*\)/g;

/** One of the names, called. Of no names nothing. */
const calls = (names: readonly string[]): RegExp => new RegExp(names.length === 0 ? '(?!)' : String.raw`(?<![\w.])(${names.join('|')})(?=\s*\()`, 'g');

/** Functions that ask the configuration or the present, by themselves or through others. */
export function functionsOfTheDesk(statements: readonly Statement[]): string[] {
  const functions = statements.filter(({ kind }) => kind === 'function').map(({ target, text }) => ({ target, text: withoutComments(text) }));
  const found = new Set<string>();
  for (let before = -1; before < found.size; ) {
    before = found.size;
    const calling = calls([...found]);
    for (const { target, text } of functions) {
      if (/\bconfig\./.test(text) || text.search(PRESENT) >= 0 || text.search(calling) >= 0) found.add(target);
    }
  }
  return [...found];
}

/** With the snapshot's own databases and functions. */
function renamed(sql: string, { name, databases, functions }: Scope): string {
  const qualified = new RegExp(String.raw`(?<![\w.])(${databases.join('|')})(?=\.[a-z_])`, 'g');
  const literal = new RegExp(`'(${databases.join('|')})'`, 'g');
  return sql
    .replaceAll(qualified, (database) => ownName(name, database))
    .replaceAll(literal, (_, database: string) => sqlString(ownName(name, database)))
    .replaceAll(calls(functions), (called) => ownName(name, called));
}

/** Any live SQL as it is asked of a snapshot. */
export function inSnapshot(sql: string, scope: Scope): string {
  const instant = instantText(scope.present);
  return renamed(sql, scope).replaceAll(PRESENT, (_, precise?: string) => (precise === undefined ? `toDateTime('${instant.slice(0, 19)}', 'UTC')` : `toDateTime64('${instant}', 3, 'UTC')`));
}

/** A configuration that never changes is not looked for again. */
const unchanging = (text: string): string => text.replace(/\bLIFETIME\([^)]*\)/, 'LIFETIME(0)');

/** Tables, dictionaries and views of the configuration, and the functions that ask it. */
export function configStatements(statements: readonly Statement[], scope: Scope): string[] {
  return statements.flatMap(({ kind, target, text }) => {
    if (text.includes('{database}')) return [];
    if (kind === 'function') return scope.functions.includes(target) ? [inSnapshot(text, scope).replace(/(FUNCTION\s+)(\w+)/i, `$1${ownName(scope.name, target)}`)] : [];
    if (!/\bconfig\./.test(withoutComments(text))) return [];
    // When a row is written is no matter of the snapshot's now.
    return [unchanging(kind === 'table' ? renamed(text, scope) : inSnapshot(text, scope))];
  });
}

const TIMELINE = '{database}.timeline';

/** A projection's functions, facts tables and views. What else it has is fed by the log: there views read the live ones. */
export function projectionStatements(statements: readonly Statement[], projection: Projection, scope: Scope, filter: Filter): string[] {
  const tables = projection.facts.map((table) => `{database}.${table}`);
  const isOwn = ({ kind, target, text }: Statement): boolean => (kind === 'view' && target.startsWith('{database}.')) || tables.includes(target)
    || (kind === 'other' && tables.includes(/^ALTER\s+TABLE\s+(\S+)/i.exec(withoutComments(text).trim())?.[1] ?? ''));
  const own = new Set([TIMELINE, ...statements.filter(isOwn).map(({ target }) => target)]);
  const database = ownName(scope.name, projection.database);
  const rendered = (text: string): string => inSnapshot(text, scope)
    .replaceAll(/\{database\}\.\w+/g, (name) => name.replace('{database}', own.has(name) ? database : projection.database)).replaceAll('{database}', database);
  return statements.flatMap((statement) => {
    if (statement.target === TIMELINE) return [`CREATE OR REPLACE VIEW ${database}.timeline AS SELECT * FROM ${projection.database}.timeline FINAL WHERE ${conditionOf(filter, '')} COMMENT 'The events that the snapshot is made of.'`];
    return isOwn(statement) ? [rendered(statement.text)] : [];
  });
}
