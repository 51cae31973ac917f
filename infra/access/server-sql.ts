// The users as statements for a ClickHouse server, which keeps the same promises by its own means. An analyst may read views
// of its own only: mira_queue.tickets for queue.tickets. They run as a user who can't log in, to whom row policies show the
// analyst's tenants, and who may ask dictionaries; so the analyst needs no right to a table or dictionary of everybody.
// `OR REPLACE` throughout: run again after a change of users, tables, views or snapshots.
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { sqlString } from '../../services/runtime/clickhouse.ts';
import { describeViews, KEY_DATABASE, keyStatements, pseudonymous, type Column, type Parameters } from './pseudonyms.ts';
import { conditionOf, fullName, isConfig, isOpenView, SYSTEM_DATABASES, TABLES, twinned, WANDERS, type Table as Known } from './tables.ts';
import type { Administrator, Analyst, Service, User } from './users.ts';

export interface Table extends Known {
  /** Of a view that may be named. */
  readonly parameters: Parameters;
  readonly columns: readonly Column[];
}

const WITH_TEXTS = `SELECT known.*, ${WANDERS} AS wanders FROM (${TABLES}) AS known JOIN system.tables AS texts USING (database, name)`;

/** Of all users that views of analysts run as: whoever is none of them sees every row, as before. */
const TENANTS = 'tenants';
const named = (text: string): string => `\`${text}\``;
const place = ({ database, name }: Table): string => `${named(database)}.${named(name)}`;
const identified = ({ sha256, salt }: User): string => `IDENTIFIED WITH sha256_hash BY ${sqlString(sha256)} SALT ${sqlString(salt)}`;

/** Holds rows that are somebody's. */
const hasPolicy = (table: Table): boolean => (table.engine.endsWith('MergeTree') || table.engine === 'Distributed') && table.has_tenant === 1;

function viewOf(table: Table, { name, pseudonyms }: Analyst): string {
  const parameters = table.parameters.map(([parameter, type]) => `${parameter} = {${parameter}:${type}}`).join(', ');
  const source = `${place(table)}${parameters === '' ? '' : `(${parameters})`}`;
  return `CREATE OR REPLACE VIEW ${named(`${name}_${table.database}`)}.${named(table.name)} DEFINER = ${named(`${name}_views`)} SQL SECURITY DEFINER AS ${pseudonyms === true ? pseudonymous(table) : `SELECT * FROM ${source}`}`;
}

function limitsOf({ name, limits }: Analyst): string[] {
  const memory = limits.memory_mib * 1_048_576;
  const upTo = (setting: string, most: number): string => `${setting} = ${most} MIN 1 MAX ${most}`;
  return [
    // Drivers send settings, which 1 would refuse; those that matter have bounds. Without subcolumns, since `= ''` of a view's column would fail (ClickHouse 26.7).
    `CREATE SETTINGS PROFILE OR REPLACE ${named(name)} SETTINGS readonly = 2 READONLY, optimize_functions_to_subcolumns = 0, ${upTo('max_execution_time', limits.seconds)}, ${upTo('max_memory_usage', memory)}, ${upTo('max_result_rows', limits.result_rows)}, ${upTo('max_threads', limits.threads)}, max_concurrent_queries_for_user = ${limits.queries} READONLY, result_overflow_mode = 'throw' READONLY`,
    `CREATE QUOTA OR REPLACE ${named(name)} FOR INTERVAL 1 hour MAX execution_time = ${limits.seconds * limits.queries * 60} TO ${named(name)}`,
  ];
}

function analystSql(analyst: Analyst, tables: readonly Table[]): string[] {
  const views = tables.filter((table) => isOpenView(table) && (analyst.pseudonyms !== true || table.columns.length > 0));
  const reader = named(`${analyst.name}_views`);
  const databases = [...new Set(views.map(({ database }) => database))].map((database) => named(`${analyst.name}_${database}`));
  const inside = tables.filter((table) => hasPolicy(table) || (table.engine === 'View' && !SYSTEM_DATABASES.has(table.database)) || isConfig(table.database));
  const [settings = '', quota = ''] = limitsOf(analyst);
  return [
    `CREATE USER OR REPLACE ${reader} HOST NONE`,
    `GRANT ${named(TENANTS)} TO ${reader}`,
    ...inside.map((table) => `GRANT SELECT ON ${place(table)} TO ${reader}`),
    ...(analyst.pseudonyms === true ? [`GRANT dictGet ON ${KEY_DATABASE}.key TO ${reader}`] : []),
    ...tables.filter(({ engine }) => engine === 'Dictionary').map((table) => `GRANT dictGet ON ${place(table)} TO ${reader}`),
    ...tables.filter(hasPolicy).map((table) => `CREATE ROW POLICY OR REPLACE ${named(`${analyst.name}_views`)} ON ${place(table)} FOR SELECT USING ${conditionOf(table, analyst.integrations) ?? '0'} TO ${reader}`),
    ...databases.map((database) => `CREATE DATABASE IF NOT EXISTS ${database}`),
    ...views.map((view) => viewOf(view, analyst)),
    settings,
    `CREATE USER OR REPLACE ${named(analyst.name)} ${identified(analyst)} SETTINGS PROFILE ${named(analyst.name)}`,
    quota,
    ...databases.map((database) => `GRANT SELECT ON ${database}.* TO ${named(analyst.name)}`),
  ];
}

function serviceSql(service: Service, tables: readonly Table[]): string[] {
  const user = named(service.name);
  const read = [...new Set(tables.map(({ database }) => database))].filter((database) => !SYSTEM_DATABASES.has(database));
  return [
    `CREATE USER OR REPLACE ${user} ${identified(service)}`,
    ...read.map((database) => `GRANT SHOW, SELECT, dictGet ON ${named(database)}.* TO ${user}`),
    ...service.databases.map((database) => `GRANT INSERT ON ${named(database)}.* TO ${user}`),
  ];
}

const administratorSql = (user: Administrator): string[] => [`CREATE USER OR REPLACE ${named(user.name)} ${identified(user)}`, `GRANT ALL ON *.* TO ${named(user.name)} WITH GRANT OPTION`];

function sqlOf(user: User, tables: readonly Table[]): string[] {
  switch (user.kind) {
    case 'analyst':
      return analystSql(user, tables);
    case 'service':
      return serviceSql(user, tables);
    case 'administrator':
      return administratorSql(user);
  }
}

/** Statements, each with its semicolon and a line of its own. */
export function renderUsers(users: readonly User[], tables: readonly Table[]): string {
  const own = new Set(users.flatMap(({ kind, name }) => (kind === 'analyst' ? tables.map(({ database }) => database).filter((database) => database.startsWith(`${name}_`)) : [])));
  // Views that this, or the local endpoint, made before are no source of others.
  const sources = tables.filter(({ database }) => !own.has(database) && database !== KEY_DATABASE && twinned(database) === undefined).sort((a, b) => fullName(a).localeCompare(fullName(b)));
  // A table with a policy shows nothing to whom none of its policies is for.
  const open = sources.filter(hasPolicy).map((table) => `CREATE ROW POLICY OR REPLACE everybody_else ON ${place(table)} FOR SELECT USING 1 TO ALL EXCEPT ${named(TENANTS)}`);
  const hasAnalysts = users.some(({ kind }) => kind === 'analyst');
  const hasPseudonyms = users.some((user) => user.kind === 'analyst' && user.pseudonyms === true);
  const statements = [...(hasPseudonyms ? keyStatements() : []), ...(hasAnalysts ? [`CREATE ROLE IF NOT EXISTS ${named(TENANTS)}`, ...open] : []), ...users.flatMap((user) => sqlOf(user, sources))];
  return statements.map((statement) => `${statement};\n`).join('');
}

export async function serverSql(clickhouse: ClickHouse, users: readonly User[]): Promise<string> {
  const known = await clickhouse.query<Known>(WITH_TEXTS);
  const described = new Map((await describeViews((sql) => clickhouse.query(sql), known.filter(isOpenView))).map((view) => [fullName(view), view]));
  return renderUsers(users, known.map((table) => ({ parameters: [], columns: [], ...table, ...described.get(fullName(table)) })));
}
