// Brings a desk into force: its rows are written beside those of the live version, dictionaries
// load both, and one row makes it live. Killed before that row, nothing has changed; killed
// after it, the same command finds it live and finishes what depends on it.
import { createHash } from 'node:crypto';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { RuntimeError } from '../../services/runtime/errors.ts';
import type { DeskFile } from './desk-file.ts';
import type { Desk } from './desk.ts';
import { changedFacts, toRows, type Row } from './rows.ts';

export interface LiveConfig {
  readonly version: number;
  readonly at: string;
  readonly applied_by: string;
  readonly file_name: string;
  readonly file_sha256: string;
  readonly content: string;
}
export interface AppliedConfig {
  readonly version: number;
  /** Whether it was in force already. */
  readonly unchanged: boolean;
  /** Tenants whose facts it changes; '' stands for all. */
  readonly changed: readonly string[];
}

const NOTHING: LiveConfig = { version: 0, at: '', applied_by: '', file_name: '', file_sha256: '', content: '{}' };

/** They hold what the tables say. */
const dictionaries = ['calendar', 'default_calendar', 'queue_name', 'agent_name'];
/** Rows of the configuration, by its version. */
export const rowTables = ['calendar_windows', 'default_calendars', 'status_map', 'sla_policies', 'queue_names', 'agent_names', 'agent_shifts'];

const INSERT_ROWS = 20_000;

export async function readLive(clickhouse: ClickHouse): Promise<LiveConfig> {
  const [live] = await clickhouse.query<LiveConfig>("SELECT version, at, applied_by, file_name, file_sha256, content FROM config.applied WHERE state = 'live' ORDER BY version DESC, at DESC, file_sha256 LIMIT 1");
  return live ?? NOTHING;
}

/** @param table with its database. */
export async function insertRows(clickhouse: ClickHouse, table: string, rows: readonly Row[]): Promise<void> {
  for (let from = 0; from < rows.length; from += INSERT_ROWS) {
    const body = rows.slice(from, from + INSERT_ROWS).map((row) => JSON.stringify(row)).join('\n');
    await clickhouse.insertEncoded(table, 'JSONEachRow', Buffer.from(body));
  }
}

async function forget(clickhouse: ClickHouse, condition: string, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const [found] = await clickhouse.query<{ n: number }>(`SELECT count() AS n FROM config.${table} WHERE ${condition}`);
    if ((found?.n ?? 0) > 0) await clickhouse.command(`ALTER TABLE config.${table} DELETE WHERE ${condition} SETTINGS mutations_sync = 1`);
  }
}

async function reload(clickhouse: ClickHouse, names: readonly string[], database = 'config'): Promise<void> {
  for (const name of names) await clickhouse.command(`SYSTEM RELOAD DICTIONARY ${database}.${name}`);
}

/** Of a database with tables and dictionaries like those of `config`. */
export const reloadAll = (clickhouse: ClickHouse, database: string): Promise<void> => reload(clickhouse, [...dictionaries, 'fact_change', 'live'], database);

/** Two at a time would mix their rows; whoever comes second sees more rows than its own, and gives up. */
async function assertWhole(clickhouse: ClickHouse, version: number, expected: ReadonlyMap<string, readonly Row[]>): Promise<void> {
  for (const [table, rows] of expected) {
    const [found] = await clickhouse.query<{ n: number }>(`SELECT count() AS n FROM config.${table} WHERE config_version = ${version}`);
    if (found?.n !== rows.length) throw new RuntimeError('CLICKHOUSE_REFUSED', `config.${table} has ${found?.n ?? 0} rows of version ${version} instead of ${rows.length}: is another one being applied? Nothing has changed; try again`);
  }
}

async function stage(clickhouse: ClickHouse, version: number, rows: ReadonlyMap<string, readonly Row[]>): Promise<void> {
  await forget(clickhouse, `config_version = ${version}`, [...rowTables, 'fact_changes']);
  for (const [table, ofTable] of rows) await insertRows(clickhouse, `config.${table}`, ofTable.map((row) => ({ config_version: version, ...row })));
  await assertWhole(clickhouse, version, rows);
  await reload(clickhouse, dictionaries);
}

/** @returns once every query planned from now on uses the desk. */
export async function bringIntoForce(clickhouse: ClickHouse, { name, content, desk }: DeskFile, appliedBy: string): Promise<AppliedConfig> {
  const live = await readLive(clickhouse);
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (sha256 === live.file_sha256) {
    await reloadAll(clickhouse, 'config');
    return { version: live.version, unchanged: true, changed: [] };
  }
  const version = live.version + 1;
  const changed = changedFacts(JSON.parse(live.content) as Desk, desk);
  const mark = { version, applied_by: appliedBy, file_name: name, file_sha256: sha256, content };
  await insertRows(clickhouse, 'config.applied', [{ ...mark, state: 'staged', content: '' }]);
  await stage(clickhouse, version, new Map([...toRows(desk), ['fact_changes', changed.map((integration_id) => ({ integration_id }))]]));
  await insertRows(clickhouse, 'config.applied', [{ ...mark, state: 'live' }]);
  await reload(clickhouse, ['live', 'fact_change']);
  return { version, unchanged: false, changed };
}

/** Drops the rows of versions that no query asks for any more; those of the one before stay for queries under way. */
export const forgetOld = (clickhouse: ClickHouse, version: number): Promise<void> =>
  forget(clickhouse, `config_version > 0 AND config_version < ${version - 1}`, rowTables);
