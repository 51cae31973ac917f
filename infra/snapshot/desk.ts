// The configuration of a snapshot: what is live, copied as it stands, or another desk file in its place. Later changes of
// the live one don't reach it.
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { sqlString } from '../../services/runtime/clickhouse.ts';
import { insertRows, readLive, reloadAll, rowTables } from '../config/apply.ts';
import type { DeskFile } from '../config/desk-file.ts';
import { toRows } from '../config/rows.ts';

/** Of the chosen tenants; what is said for all belongs to each of them. */
const chosen = (integrations: readonly string[]): string => (integrations.length === 0 ? 'true' : `integration_id IN (${['', ...integrations].map(sqlString).join(', ')})`);

async function copyLive(clickhouse: ClickHouse, database: string, integrations: readonly string[]): Promise<void> {
  const columns = await clickhouse.query<{ table: string; names: string[] }>(`SELECT table, groupArray(name) AS names FROM system.columns WHERE database = {database:String} GROUP BY table`, { database });
  const namesOf = (table: string): readonly string[] => columns.find((item) => item.table === table)?.names ?? [];
  // Named once: another one that goes live meanwhile is not mixed in.
  const { version } = await readLive(clickhouse);
  for (const table of rowTables) {
    const names = namesOf(table);
    await clickhouse.command(`
      INSERT INTO ${database}.${table} (${names.join(', ')})
      SELECT ${names.join(', ')} FROM config.${table} WHERE config_version IN (0, ${version})${names.includes('integration_id') ? ` AND ${chosen(integrations)}` : ''}`);
  }
  await clickhouse.command(`INSERT INTO ${database}.applied (${namesOf('applied').join(', ')}) SELECT ${namesOf('applied').join(', ')} FROM config.applied WHERE state = 'live' AND version = ${version}`);
}

/** The file is the whole configuration, as it is when it is applied, beside what is built in. */
async function layOut(clickhouse: ClickHouse, database: string, { name, content, desk }: DeskFile, sha256: string, integrations: readonly string[]): Promise<void> {
  const own = integrations.length === 0 ? desk : { ...desk, integrations: Object.fromEntries(Object.entries(desk.integrations ?? {}).filter(([id]) => integrations.includes(id))) };
  const version = 1;
  for (const [table, rows] of toRows(own)) await insertRows(clickhouse, `${database}.${table}`, rows.map((row) => ({ config_version: version, ...row })));
  await insertRows(clickhouse, `${database}.applied`, [{ version, state: 'live', applied_by: 'npm run snapshot', file_name: name, file_sha256: sha256, content }]);
}

export interface DeskSource {
  readonly file: DeskFile;
  readonly sha256: string;
}

/** @param source null for the live configuration. */
export async function fillConfig(clickhouse: ClickHouse, database: string, source: DeskSource | null, integrations: readonly string[]): Promise<void> {
  if (source === null) await copyLive(clickhouse, database, integrations);
  else await layOut(clickhouse, database, source.file, source.sha256, integrations);
  await reloadAll(clickhouse, database);
}
