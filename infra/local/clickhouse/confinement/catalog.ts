// What there is in the engine at this moment, for an analyst: the views that may be named, what is closed, the filter of
// each table, and the functions that compute from their arguments alone. Functions are let in by the kinds that the
// engine's own list gives them, so that one of an unknown kind, or of a later engine, is not.
import { conditionOf, fullName, isConfig, TABLES, WANDERS, type Listed, type Table } from '../../../access/tables.ts';
import type { Session } from '../session.ts';
import { quote } from '../text.ts';
import type { Functions, Readable } from './reading.ts';

export interface Catalog {
  readonly tables: readonly Table[];
  readonly functions: Functions;
}

/** What drivers and BI tools ask, and what holds no row of anybody. */
const SYSTEM = ['one', 'numbers', 'numbers_mt', 'zeros', 'zeros_mt', 'databases', 'tables', 'columns', 'settings', 'data_type_families', 'time_zones', 'formats'].map((name) => `system.${name}`);
const STANDARD = ['information_schema', 'INFORMATION_SCHEMA'].flatMap((database) => ['schemata', 'tables', 'columns', 'views'].flatMap((name) => [`${database}.${name}`, `${database}.${name.toUpperCase()}`]));

const KINDS = ['Aggregate Functions', 'Type Conversion', 'Dates and Times', 'Arrays', 'String', 'Hash', 'String Search', 'JSON', 'URL', 'Mathematical', 'Arithmetic', 'Map', 'IP Address', 'Comparison',
  'Tuple', 'Distance', 'Random Number', 'Bitmap', 'NumericIndexedVector', 'Bit', 'Encoding', 'String Splitting', 'String Replacement', 'Null', 'Rounding', 'Time Window', 'Encryption', 'Conditional', 'Financial', 'Logical'];
/** Of kinds that are closed as a whole. */
const HARMLESS = ['_CAST', 'bar', 'byteSize', 'currentDatabase', 'currentUser', 'caseWithExpression', 'finalizeAggregation', 'formatReadableDecimalSize', 'formatReadableQuantity', 'formatReadableSize', 'formatReadableTimeDelta', 'identity', 'ignore',
  'initializeAggregation', 'isConstant', 'isDecimalOverflow', 'materialize', 'minSampleSizeContinuous', 'minSampleSizeConversion', 'neighbor', 'nested', 'parseTimeDelta', 'rowNumberInAllBlocks', 'rowNumberInBlock', 'runningAccumulate',
  'runningDifference', 'throwIf', 'toColumnTypeName', 'toTypeName', 'transform', 'variantElement', 'variantType', 'version', 'visibleWidth', 'generateUUIDv4', 'generateUUIDv7'];
/** Parts of the language that the engine's list doesn't have. */
const LANGUAGE = ['exists', 'grouping', 'untuple'];
/** Of kinds that are open: they ask the machine, or wait. */
const ASKING = ['serverUUID', 'generateSerialID', 'serverTimezone', 'file', 'dictGet', 'sleep', 'sleepEachRow'];
/** And those that may take hours for one value, which no limit of time ends: the engine looks at the clock between blocks of rows. Geo is closed as a whole for it. */
const ENDLESS = ['editDistance', 'editDistanceUTF8', 'damerauLevenshteinDistance', 'jaroSimilarity', 'jaroWinklerSimilarity', 'arrayLevenshteinDistance', 'arrayLevenshteinDistanceWeighted', 'arraySimilarity',
  'arrayReduceInRanges', 'kolmogorovSmirnovTest', 'flameGraph'];
const HARMFUL = [...ASKING, ...ENDLESS];

async function rowsOf<Row>(session: Session, sql: string): Promise<Row[]> {
  const { bytes } = await session.query(sql, 'JSONEachRow');
  return Buffer.from(bytes).toString().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}

/** What is known of views by their version: a text is looked at once. */
export type Wandering = Map<string, number>;

export async function tablesOf(session: Session, known: Wandering): Promise<Table[]> {
  const listed = await rowsOf<Listed>(session, TABLES);
  const unknown = listed.filter(({ engine, has_tenant, version }) => engine === 'View' && has_tenant === 0 && !known.has(version));
  if (unknown.length > 0) {
    const names = (pick: (table: Listed) => string): string => listOf([...new Set(unknown.map(pick))]);
    const found = await rowsOf<Pick<Table, 'database' | 'name' | 'wanders'>>(session, `SELECT database, name, ${WANDERS} AS wanders FROM system.tables WHERE database IN ${names(({ database }) => database)} AND name IN ${names(({ name }) => name)}`);
    const byName = new Map(found.map((table) => [fullName(table), table.wanders]));
    for (const table of unknown) known.set(table.version, byName.get(fullName(table)) ?? 1);
  }
  return listed.map((table) => ({ ...table, wanders: known.get(table.version) ?? 0 }));
}

type IsOpen = (expression: string, open: Functions) => Promise<boolean>;

/** Calendars and the version in force are the installation's: what a function of SQL looks up there tells of no tenant. */
function withoutShared(expression: string, tables: readonly Table[]): string {
  const shared = tables.filter(({ engine, database, has_tenant }) => engine === 'Dictionary' && isConfig(database) && has_tenant === 0).map(fullName);
  return shared.reduce((text, name) => text.replaceAll(new RegExp(String.raw`\bdictGet(?:OrDefault)?(?=\('${name}')`, 'g'), 'tuple'), expression);
}

interface SystemFunction { readonly name: string; readonly alias_to: string; readonly origin: string; readonly categories: string; readonly any_case: number; readonly aggregate: number; readonly create_query: string }

export async function functionsOf(session: Session, tables: readonly Table[], asked: IsOpen): Promise<Functions> {
  const isOpen: IsOpen = (expression, open) => asked(withoutShared(expression, tables), open);
  const all = await rowsOf<SystemFunction>(session, 'SELECT name, alias_to, toString(origin) AS origin, categories, case_insensitive AS any_case, is_aggregate AS aggregate, create_query FROM system.functions');
  const combinators = await rowsOf<{ name: string }>(session, 'SELECT name FROM system.aggregate_function_combinators WHERE NOT is_internal');
  const byName = new Map(all.map((item) => [item.name, item]));
  const isHarmless = (item: SystemFunction): boolean => {
    const original = byName.get(item.alias_to) ?? item;
    return !HARMFUL.includes(original.name) && (HARMLESS.includes(original.name) || original.aggregate === 1 || KINDS.includes(original.categories));
  };
  const builtIn = all.filter(({ origin }) => origin === 'System');
  const open = new Set([...LANGUAGE, ...builtIn.filter(isHarmless).map(({ name }) => name)]);
  const closed = new Set(all.filter(({ name }) => !open.has(name)).map(({ name }) => name));
  const anyCase = (names: ReadonlySet<string>): Set<string> => new Set(all.filter(({ name, any_case }) => any_case === 1 && names.has(name)).map(({ name }) => name.toLowerCase()));
  const functions = {
    open, closed, openInAnyCase: anyCase(open), closedInAnyCase: anyCase(closed), combinators: combinators.map(({ name }) => name),
    aggregates: new Set(builtIn.filter((item) => item.aggregate === 1 && isHarmless(item)).map(({ name }) => name)),
  };
  await letInComposed(all.filter(({ origin }) => origin === 'SQLUserDefined'), functions, isOpen);
  return functions;
}

/** Functions of SQL are as open as what they are made of; those made of one another are looked at until nothing changes. */
async function letInComposed(composed: readonly SystemFunction[], functions: Functions & { readonly open: Set<string>; readonly closed: Set<string> }, isOpen: IsOpen): Promise<void> {
  for (let left = composed, before = -1; left.length !== before; ) {
    before = left.length;
    const still: SystemFunction[] = [];
    for (const item of left) {
      const expression = /^CREATE FUNCTION \S+ AS ([\s\S]*)$/.exec(item.create_query)?.[1];
      if (expression === undefined || !(await isOpen(expression, functions))) still.push(item);
      else {
        functions.open.add(item.name);
        functions.closed.delete(item.name);
      }
    }
    left = still;
  }
}

/** `views` are those that may be named. */
export function readableOf({ tables, functions }: Catalog, views: readonly Table[], database: string): Readable {
  const open = new Set([...views.map(fullName), ...SYSTEM, ...STANDARD]);
  return { database, open, closed: new Set(tables.map(fullName).filter((name) => !open.has(name))), functions };
}

const listOf = (texts: readonly string[]): string => `(${texts.map(quote).join(', ')})`;

/** The filter of each table and view, by its full name: an expression of its own columns. Of what there is, `views` are listed. */
export function filtersOf(tables: readonly Table[], views: readonly Table[], integrations: readonly string[]): Map<string, string> {
  const filters = new Map<string, string>();
  for (const table of tables) {
    const condition = conditionOf(table, integrations);
    if (condition !== undefined) filters.set(fullName(table), condition);
  }
  // Begun with a pair that is nowhere: a list of none would not be SQL.
  const pairs = `(${["('', '')", ...views.map(({ database, name }) => `(${quote(database)}, ${quote(name)})`)].join(', ')})`;
  filters.set('system.databases', `name IN ${listOf(['', ...new Set(views.map(({ database }) => database))])}`);
  filters.set('system.tables', `(database, name) IN ${pairs}`);
  filters.set('system.columns', `(database, table) IN ${pairs}`);
  // It would tell the filters, and with them the names of all tables.
  filters.set('system.settings', `name != 'additional_table_filters'`);
  return filters;
}
