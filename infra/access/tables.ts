// Which tables and views an analyst's rows are in, and which of them an analyst may name: the same for the local endpoint and
// for a server. Views only: what lies behind them is theirs to read through them.

export interface Listed {
  readonly database: string;
  readonly name: string;
  readonly engine: string;
  /** 1 when a column says whose a row is. */
  readonly has_tenant: number;
  /** Another one after each change. */
  readonly version: string;
}

export interface Table extends Listed {
  /** 1 for a view that reads tables which it doesn't name, so that no filter of theirs would hold in it. */
  readonly wanders: number;
}

/** The engine's own: nothing in them is a row of anybody. */
export const SYSTEM_DATABASES: ReadonlySet<string> = new Set(['system', 'information_schema', 'INFORMATION_SCHEMA']);

export const TABLES = `SELECT t.database AS database, t.name AS name, t.engine AS engine, concat(t.database, '.', t.name, ' ', toString(t.uuid), ' ', toString(t.metadata_modification_time)) AS version,
    (t.database, t.name) IN (SELECT database, table FROM system.columns WHERE name = 'integration_id' AND database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')) AS has_tenant
FROM system.tables AS t`;

/** What a view's text says. Apart, since the engine takes a ms to write a text. */
export const WANDERS = String.raw`match(as_select, '(?i)\\b(merge|loop|remote|cluster|dictionary|view)\\w*\\(')`;

export const fullName = ({ database, name }: Pick<Table, 'database' | 'name'>): string => `${database}.${name}`;

/** The configuration of a desk is read inside views, where a tenant's own rows go together with those for all. */
export const isConfig = (database: string): boolean => database === 'config' || database.endsWith('_config');

/** Where views are that call agents by pseudonyms: a name that no projection and no snapshot can have. */
const TWINS = 'Pseudonymous_';
export const twinOf = (database: string): string => TWINS + database;
/** The database that a twin is of; of another, nothing. */
export const twinned = (database: string): string | undefined => (database.startsWith(TWINS) ? database.slice(TWINS.length) : undefined);

/** A view that says whose its rows are is filtered itself, wherever they come from. */
export const isOpenView = ({ database, engine, has_tenant, wanders }: Table): boolean => engine === 'View' && database !== 'default' && twinned(database) === undefined && !SYSTEM_DATABASES.has(database) && !isConfig(database) && (has_tenant === 1 || wanders === 0);

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Which rows of a table belong to these tenants, as a condition on its own columns; of a table that doesn't say whose its rows are, none. */
export function conditionOf(table: Table, integrations: readonly string[]): string | undefined {
  if (SYSTEM_DATABASES.has(table.database)) return undefined;
  if (table.has_tenant === 1) return `integration_id IN (${(isConfig(table.database) ? ['', ...integrations] : integrations).map(quoted).join(', ')})`;
  return table.engine !== 'View' && !isConfig(table.database) ? '0' : undefined;
}
