// A session for one query of an analyst: it sees the rows of the analyst's integrations, and takes no more than its limits.
//
// Each table has an additional filter, which holds in views and subqueries, too. Left to itself the engine would look at a
// condition of the query before that filter, where it is cheaper, and then an error text or a division by zero tells of
// other tenants' rows. So the plan is run as it is written, filter first: without the optimizations that move conditions.
// `readonly` comes last and locks all of it. The session is closed after the query: nothing of it is left for the next.
import { isOpenView, type Table } from '../../../access/tables.ts';
import type { Analyst, Limits } from '../../../access/users.ts';
import type { Profile } from '../engine.ts';
import { failure } from '../errors.ts';
import { spelt, type Session } from '../session.ts';
import type { Statement } from '../sql.ts';
import { bytesOf, engineText, quote, quoteIdentifier, textOf } from '../text.ts';
import { tokensOf } from '../tokens.ts';
import { filtersOf, functionsOf, readableOf, tablesOf, type Catalog, type Wandering } from './catalog.ts';
import type { CatalogWatch } from './catalog-watch.ts';
import { checkNames, checkReading, unreadable, type Functions, type Readable } from './reading.ts';
import { Twins } from './twins.ts';

/** What is sent is shorter (body.ts); here it is quoted once more, to be spelt. */
const MAX_QUERY_BYTES = 2_097_152;

/** Rows are filtered before anything else is asked of them, and no cache or index answers for rows that aren't. */
const FILTER_FIRST = ['query_plan_enable_optimizations', 'optimize_move_to_prewhere', 'query_plan_optimize_prewhere', 'query_plan_filter_push_down', 'query_plan_merge_filters', 'optimize_trivial_count_query',
  'optimize_use_projections', 'optimize_use_implicit_projections', 'use_query_condition_cache', 'use_query_cache', 'optimize_functions_to_subcolumns'];

/** Statistics would tell how many rows there are of everybody. */
const OURS = { implicit_select: '0', enable_analyzer: '1', output_format_write_statistics: '0', result_overflow_mode: 'throw', timeout_overflow_mode: 'throw', max_query_size: String(MAX_QUERY_BYTES),
  max_bytes_before_external_group_by: '0', max_bytes_before_external_sort: '0', max_bytes_ratio_before_external_group_by: '0', max_bytes_ratio_before_external_sort: '0', ...Object.fromEntries(FILTER_FIRST.map((name) => [name, '0'])) };

const limitsOf = ({ seconds, memory_mib, result_rows, threads }: Limits): Record<string, number> =>
  ({ max_execution_time: seconds, max_memory_usage: memory_mib * 1_048_576, max_result_bytes: memory_mib * 1_048_576, max_result_rows: result_rows, max_threads: threads });

/** How values look. What else a driver sends is refused, as by a server whose user is read-only. */
const WELCOME = /^(?:output_format_(?!write_statistics$|schema$)\w+|date_time_(?:in|out)put_format|cast_string_to_dynamic_use_inference|session_timezone|join_use_nulls|group_by_use_nulls|extremes|union_default_mode|log_comment|limit|offset|max_block_size|allow_experimental_(?:json|dynamic|variant)_type)$/;
/** Drivers, and the commands of this project, say these of themselves; they change nothing for who only reads. */
const WITHOUT_EFFECT = /^(?:readonly|result_overflow_mode|log_queries|max_query_size|async_insert|optimize_on_insert|insert_deduplicate|input_format_(?:avro_allow_missing_fields|null_as_default)|distributed_foreground_insert|insert_quorum|insert_quorum_parallel|load_balancing|prefer_localhost_replica|distributed_product_mode)$/;

function settingsFor({ limits }: Analyst, asked: Profile['settings']): Map<string, string> {
  const settings = new Map<string, string>();
  const most = limitsOf(limits);
  for (const [name, value] of asked) {
    const limit = most[name];
    if (limit !== undefined) {
      if (Number(value) > 0 && Number(value) < limit) most[name] = Number(value);
    } else if (WELCOME.test(name)) settings.set(name, value);
    else if (!WITHOUT_EFFECT.test(name)) throw failure(164, 'READONLY', `Cannot modify '${name}' setting in readonly mode.`);
  }
  for (const [name, value] of Object.entries(OURS)) settings.set(name, value);
  for (const [name, value] of Object.entries(most)) settings.set(name, String(value));
  return settings;
}

/** As text of SQL: what the engine is asked about instead of the statement, whose own tree it doesn't show. */
function readingOf(statement: Statement): { readonly text: string } | 'lists' {
  if (statement.kind === 'select') return { text: statement.before };
  if (statement.kind !== 'command') throw failure(164, 'READONLY', 'Cannot execute query in readonly mode.');
  const tokens = [...tokensOf(statement.sql)];
  const format = tokens.findLastIndex(({ word }) => word === 'FORMAT');
  const told = format > 0 && format === tokens.length - 2 ? tokens.slice(0, format) : tokens;
  const words = told.map(({ word }) => word);
  const [verb = '', what = ''] = words;
  if (verb === 'SHOW' && ['TABLES', 'DATABASES'].includes(what) && !['WHERE', 'LIMIT', 'SETTINGS', '(', '{'].some((word) => words.includes(word))) return 'lists';
  const text = statement.sql.slice(0, told.at(-1)?.end).trimStart();
  const prefix = /^(?:(?:DESCRIBE|DESC)\s+(?:TABLE\s+)?|SHOW\s+CREATE\s+(?:TABLE\s+|VIEW\s+)?|EXISTS\s+(?:TABLE\s+|VIEW\s+)?)/i.exec(text)?.[0];
  if (prefix === undefined) throw unreadable(`The statement ${verb}`);
  const named = text.slice(prefix.length);
  return { text: `SELECT * FROM ${named}` };
}

export interface Means {
  /** Runs a statement of this process itself. */
  readonly own: (sql: string) => Promise<Buffer>;
  readonly watch: CatalogWatch;
}

export class Tenants {
  readonly #watch: CatalogWatch;
  readonly #twins: Twins;
  readonly #wandering: Wandering = new Map();
  #catalog: { readonly of: number; readonly known: Catalog } | undefined;
  #functions: { readonly of: string; readonly known: Functions } | undefined;

  constructor({ own, watch }: Means) {
    this.#watch = watch;
    this.#twins = new Twins((sql) => watch.changing(() => own(sql)));
  }

  /** Makes a new session the analyst's, and throws unless the statement reads only what it may. @returns the statement to run. */
  async confine(session: Session, analyst: Analyst, { profile, statement }: { readonly profile: Profile; readonly statement: Statement }): Promise<Statement> {
    const settings = settingsFor(analyst, profile.settings);
    const { catalog, views } = await this.#seenBy(analyst, session);
    const { tables } = catalog;
    const meant = analyst.pseudonyms === true ? this.#twins.meant(statement, views) : statement;
    const reading = readingOf(meant);
    const database = textOf(profile.database ?? 'default');
    const readable = readableOf(catalog, views, analyst.pseudonyms === true ? this.#twins.entered(database, views) : database);
    await enter(session, readable);
    const values = [...profile.parameters].map(([name, value]) => `param_${name} = ${quote(value)}`);
    // What there is is told by the names that everybody uses, too.
    const listed = [...new Set([...views, ...tables.filter(isOpenView)])];
    const filters = [...filtersOf(tables, listed, analyst.integrations)].map(([table, filter]) => `${quote(bytesOf(table))}: ${quote(bytesOf(filter))}`);
    const all = [...values, ...[...settings].map(([name, value]) => `${name} = ${quote(value)}`), `additional_table_filters = {${filters.join(', ')}}`];
    // The engine limits a SET as it does a query, by what the statement before has set.
    await session.query('SET max_query_size = 0');
    await session.query(engineText(`SET ${all.join(', ')}`));
    await session.query('SET readonly = 1');
    if (reading !== 'lists') await this.#check(session, reading.text, readable);
    return meant;
  }

  /** What there is at this moment, and the views that may be named. */
  async #seenBy({ pseudonyms }: Analyst, session: Session): Promise<{ readonly catalog: Catalog; readonly views: readonly Table[] }> {
    const catalog = await this.#catalogNow(session);
    if (pseudonyms !== true) return { catalog, views: catalog.tables.filter(isOpenView) };
    const now = (await this.#twins.follow(catalog.tables)) ? await this.#catalogNow(session) : catalog;
    return { catalog: now, views: this.#twins.of(now.tables) };
  }

  async #check(session: Session, text: string, readable: Readable): Promise<void> {
    // In the analyst's own session, too: the engine's lexer may take seconds for a text, and others must not wait for it.
    checkNames(await spelt(session, text));
    // Of the statement as it was sent, since that is what will be run.
    checkReading(await treeOf(session, text), readable);
  }

  /** Read again after whatever may have changed it. What was read while something changed it is nobody else's. */
  async #catalogNow(session: Session): Promise<Catalog> {
    const of = this.#watch.version;
    if (of !== null && this.#catalog?.of === of) return this.#catalog.known;
    const tables = await tablesOf(session, this.#wandering);
    const known = { tables, functions: await this.#functionsNow(session, tables) };
    if (of !== null && this.#watch.version === of) this.#catalog = { of, known };
    return known;
  }

  /** Looked at again when the functions that are written in SQL have changed. */
  async #functionsNow(session: Session, tables: readonly Table[]): Promise<Functions> {
    const { bytes } = await session.query("SELECT groupArray(create_query) FROM (SELECT create_query FROM system.functions WHERE origin != 'System' ORDER BY name)");
    const of = Buffer.from(bytes).toString();
    if (this.#functions?.of !== of) {
      const nothing = { database: 'default', open: new Set(['system.one']), closed: new Set<string>() };
      const known = await functionsOf(session, tables, async (expression, functions) => {
        try {
          checkReading(await treeOf(session, bytesOf(`SELECT (${expression})`)), { ...nothing, functions });
          return true;
        } catch {
          return false;
        }
      });
      this.#functions = { of, known };
    }
    return this.#functions.known;
  }
}

async function treeOf(session: Session, sql: string): Promise<string> {
  const { bytes } = await session.query(engineText(`EXPLAIN QUERY TREE run_passes = 0 ${sql}`), 'TabSeparated');
  return Buffer.from(bytes).toString();
}

/** The same answer for a database that isn't there and for one that is not theirs. */
async function enter(session: Session, { database, open }: Readable): Promise<void> {
  if (database === 'default') return;
  if (![...open].some((table) => table.startsWith(`${database}.`))) throw failure(81, 'UNKNOWN_DATABASE', `Database ${database} does not exist, or has nothing that this user may read.`);
  await session.query(`USE ${quoteIdentifier(database)}`);
}
