// One statement as a cluster is told it. The SQL of one server stays the source; a table of it becomes one of three kinds:
//
//   sharded     its key names integration_id and ticket_id. `queue.timeline` is Distributed over `queue.timeline_local` of each shard,
//               by a hash of both: all rows of a ticket lie on one shard, so that ReplacingMergeTree and FINAL go on replacing them,
//               and its views and the fold see all of it at once.
//   everywhere  all other tables that hold rows: configuration, keys, quarantine, diaries of runs. They are small, and every server has
//               all of them, so that dictionaries and joins find them where they are.
//   plain       holds no rows (Null), and is there on each server.
//
// Paths in Keeper hold a table's UUID, not its name: tables are exchanged and renamed. What isn't known here is refused.
import { RuntimeError } from '../../services/runtime/errors.ts';
import { LOCAL, sqlString } from '../../services/runtime/clickhouse.ts';

export type Spread = 'sharded' | 'everywhere' | 'plain';

export interface Cluster {
  readonly name: string;
  readonly spreadOf: (table: string) => Promise<Spread>;
}

const SHARDING_KEY = 'cityHash64(integration_id, ticket_id)';

/** Of the same length, with blanks for what is quoted or a comment, so that only structure is found in it. */
const outlineOf = (sql: string): string => sql.replaceAll(/'(?:[^'\\]|''|\\[^])*'|--.*$/gm, (found) => ' '.repeat(found.length));

function refused(sql: string): RuntimeError {
  return new RuntimeError('CONFIG_INVALID', `no way is known to say this to a cluster, so nothing was done: ${sql.replaceAll(/\s+/g, ' ').slice(0, 200)}`);
}

const isSharded = (key: string): boolean => ['integration_id', 'ticket_id'].every((column) => new RegExp(`\\b${column}\\b`).test(key));

/** The kind of a table, by the rest of its CREATE TABLE behind the name; null when it is made like another table. */
export function spreadOfDefinition(rest: string): Spread | null {
  const outline = outlineOf(rest);
  const [, engine] = /\bENGINE\s*=\s*(\w+)/i.exec(outline) ?? [];
  if (engine === undefined) return null;
  if (!engine.endsWith('MergeTree')) return 'plain';
  return isSharded(/\bORDER\s+BY\s+(\([^)]*\)|\w+)/i.exec(outline)?.[1] ?? '') ? 'sharded' : 'everywhere';
}

/** MergeTree(args) as Replicated…MergeTree(path, replica, args). */
function replicated(rest: string, spread: Spread): string {
  const place = spread === 'sharded' ? ["'/clickhouse/tables/{uuid}/{shard}'", "'{replica}'"] : ["'/clickhouse/tables/{uuid}/everywhere'", "'{shard}-{replica}'"];
  const [found = '', before = '', engine = '', args = ''] = /(\bENGINE\s*=\s*)(\w*MergeTree)(?:\s*\(([^)]*)\))?/i.exec(outlineOf(rest)) ?? [];
  const at = outlineOf(rest).indexOf(found);
  return `${rest.slice(0, at)}${before}Replicated${engine}(${[...place, ...(args.trim() === '' ? [] : [args])].join(', ')})${rest.slice(at + found.length)}`;
}

const words = String.raw`(?:\s+(?:IF\s+NOT\s+EXISTS|IF\s+EXISTS|IF\s+EMPTY))?`;
const NAME = '([\\w.{}`]+)';
const form = (text: string): RegExp => new RegExp(`^(${text.replaceAll(' ', '\\s+')}${words})\\s+${NAME}`, 'i');

const CREATE_TABLE = form('CREATE (?:OR REPLACE )?TABLE');
const OF_EACH_SERVER = form('(?:CREATE (?:OR REPLACE )?(?:DATABASE|VIEW|MATERIALIZED VIEW|DICTIONARY|FUNCTION)|DROP (?:DATABASE|VIEW|DICTIONARY|FUNCTION))');
const DROP_TABLE = form('DROP TABLE');
const ON_A_TABLE = form('(?:ALTER|TRUNCATE) TABLE');
const EXCHANGE = new RegExp(`^EXCHANGE\\s+TABLES\\s+${NAME}\\s+AND\\s+${NAME}\\s*$`, 'i');
const RENAME = new RegExp(`^RENAME\\s+TABLE\\s+${NAME}\\s+TO\\s+${NAME}\\s*$`, 'i');
const RELOAD = new RegExp(`^SYSTEM\\s+RELOAD\\s+DICTIONARY\\s+${NAME}\\s*$`, 'i');
const AS_IT_IS = /^(?:INSERT|SELECT|WITH|SYSTEM\s+FLUSH)\b/i;
const OF_COLUMNS = /\b(?:ADD|DROP|MODIFY|RENAME|COMMENT|CLEAR)\s+COLUMN\b/i;

const bare = (name: string): string => name.replaceAll('`', '');

class Rendering {
  readonly #cluster: Cluster;
  readonly #on: string;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#on = `ON CLUSTER ${sqlString(cluster.name)}`;
  }

  #distributed(create: string, table: string, like: string, comment = ''): string {
    const [database = '', name = ''] = bare(table).split('.');
    return `${create} ${table} ${this.#on} AS ${like} ENGINE = Distributed(${sqlString(this.#cluster.name)}, ${sqlString(database)}, ${sqlString(name + LOCAL)}, ${SHARDING_KEY})${comment}`;
  }

  createTable(sql: string, create: string, table: string): string[] {
    const rest = sql.slice(sql.indexOf(table, create.length) + table.length);
    const outline = outlineOf(rest);
    if (/\bAS\s*(?:\(|SELECT\b|WITH\b)/i.test(outline)) throw refused(sql);
    const spread = spreadOfDefinition(rest);
    if (spread === null) throw refused(sql);
    if (spread === 'plain') return [`${create} ${table} ${this.#on}${rest}`];
    if (spread === 'everywhere') return [`${create} ${table} ${this.#on}${replicated(rest, spread)}`];
    const comment = /\bCOMMENT\s*$/i.exec(outline.trimEnd());
    return [
      `${create} ${table}${LOCAL} ${this.#on}${replicated(rest, spread)}`,
      this.#distributed(create, table, `${table}${LOCAL}`, comment === null ? '' : ` ${rest.slice(comment.index).trim()}`),
    ];
  }

  /** An empty table is dropped as any other: ON CLUSTER knows no IF EMPTY, so whoever asks has counted before. */
  async dropTable(rest: string, table: string): Promise<string[]> {
    const names = (await this.#cluster.spreadOf(bare(table))) === 'sharded' ? [table, `${table}${LOCAL}`] : [table];
    return names.map((name) => `DROP TABLE IF EXISTS ${name} ${this.#on}${rest}`);
  }

  /** What is replicated to all servers is changed by one of them. Columns are those of both tables, all else is of the rows' own. */
  async onTable(sql: string, verb: string, table: string): Promise<string[]> {
    const rest = sql.slice(sql.indexOf(table, verb.length) + table.length);
    switch (await this.#cluster.spreadOf(bare(table))) {
      case 'everywhere':
        return [sql];
      case 'plain':
        return [`${verb} ${table} ${this.#on}${rest}`];
      case 'sharded':
        return [`${verb} ${table}${LOCAL} ${this.#on}${rest}`, ...(OF_COLUMNS.test(outlineOf(rest)) ? [`${verb} ${table} ${this.#on}${rest}`] : [])];
    }
  }

  /**
   * The rows' tables trade places last: broken off before, all of it can be said again. Until then each server reads the old rows by
   * the new columns; those that only one of both has are not to be asked for meanwhile.
   */
  async exchange(one: string, other: string): Promise<string[]> {
    const names = (await this.#cluster.spreadOf(bare(one))) === 'sharded' ? LOCAL : '';
    const columns = names === '' ? [] : [this.#distributed('CREATE OR REPLACE TABLE', one, `${other}${LOCAL}`), this.#distributed('CREATE OR REPLACE TABLE', other, `${one}${LOCAL}`)];
    return [...columns, `EXCHANGE TABLES ${one}${names} AND ${other}${names} ${this.#on}`];
  }

  /** The old name goes last, so that whoever finds it there can say all of it again. */
  async rename(from: string, to: string): Promise<string[]> {
    if ((await this.#cluster.spreadOf(bare(from))) !== 'sharded') return [`RENAME TABLE ${from} TO ${to} ${this.#on}`];
    return [
      this.#distributed('CREATE OR REPLACE TABLE', to, from),
      `RENAME TABLE IF EXISTS ${from}${LOCAL} TO ${to}${LOCAL} ${this.#on}`,
      `DROP TABLE IF EXISTS ${from} ${this.#on} SYNC`,
    ];
  }

  async of(sql: string): Promise<string[]> {
    const created = CREATE_TABLE.exec(sql);
    if (created !== null) return this.createTable(sql, created[1] ?? '', created[2] ?? '');
    const each = OF_EACH_SERVER.exec(sql);
    if (each !== null) return [`${each[0]} ${this.#on}${sql.slice(each[0].length)}`];
    const dropped = DROP_TABLE.exec(sql);
    if (dropped !== null) return this.dropTable(sql.slice(dropped[0].length), dropped[2] ?? '');
    const changed = ON_A_TABLE.exec(sql);
    if (changed !== null) return this.onTable(sql, changed[1] ?? '', changed[2] ?? '');
    const exchanged = EXCHANGE.exec(sql);
    if (exchanged !== null) return this.exchange(exchanged[1] ?? '', exchanged[2] ?? '');
    const renamed = RENAME.exec(sql);
    if (renamed !== null) return this.rename(renamed[1] ?? '', renamed[2] ?? '');
    const reloaded = RELOAD.exec(sql);
    if (reloaded !== null) return [`SYSTEM RELOAD DICTIONARY ${this.#on} ${reloaded[1] ?? ''}`];
    if (AS_IT_IS.test(sql)) return [sql];
    throw refused(sql);
  }
}

/** Without what is said before its first word, which says nothing to a server. */
const begun = (sql: string): string => sql.replace(/^(?:\s*--.*\n)*\s*/, '');

/** What `sql` is on the cluster, in order. @throws RuntimeError `CONFIG_INVALID` for what isn't known here. */
export const rendered = (sql: string, cluster: Cluster): Promise<string[]> => new Rendering(cluster).of(begun(sql));

/** The table that a statement creates, and of what kind; null for all others. */
export function createdBy(sql: string): { readonly table: string; readonly spread: Spread } | null {
  const text = begun(sql);
  const [head, , table = ''] = CREATE_TABLE.exec(text) ?? [];
  const spread = head === undefined ? null : spreadOfDefinition(text.slice(head.length));
  return spread === null ? null : { table: bare(table), spread };
}
