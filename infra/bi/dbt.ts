// dbt on the views: the source file is written from what ClickHouse says of them, and the project is compiled and built by
// dbt itself, in a virtual environment of its own.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { readSettings, SetupError } from '../local/settings.ts';
import { pythonPrograms } from './python.ts';
import { describeViews, type Described } from './views.ts';

const folder = fileURLToPath(new URL('dbt', import.meta.url));

const quoted = (text: string): string => JSON.stringify(text);

function sourceText(rows: readonly Described[]): string {
  const lines = ['# Written by npm run bi -- sources, from the comments of the views. One row of a view is what its description says.', 'version: 2', 'sources:'];
  let [database, view] = ['', ''];
  for (const row of rows) {
    if (row.database !== database) lines.push(`  - name: ${row.database}`, `    schema: ${row.database}`, '    tables:');
    if (row.database !== database || row.view !== view) lines.push(`      - name: ${row.view}`, `        description: ${quoted(row.about)}`, '        columns:');
    lines.push(`          - name: ${row.column}`, `            data_type: ${quoted(row.type)}`, `            description: ${quoted(row.says)}`);
    [database, view] = [row.database, row.view];
  }
  return `${lines.join('\n')}\n`;
}

/** @returns how many views it describes. */
export async function writeSources(clickhouse: ClickHouse): Promise<number> {
  const rows = await describeViews(clickhouse);
  writeFileSync(join(folder, 'models', 'sources.yml'), sourceText(rows));
  return new Set(rows.map(({ database, view }) => `${database}.${view}`)).size;
}

/** Runs dbt on the ClickHouse at the URL; its output is shown. */
export async function runDbt(clickhouseUrl: string, args: readonly string[]): Promise<void> {
  const { hostname, port, username, password, protocol } = new URL(clickhouseUrl);
  const { cacheDir } = readSettings(process.env);
  const scratch = join(cacheDir, 'dbt-work');
  const programs = await pythonPrograms('dbt', join(folder, 'requirements.txt'));
  const { status } = spawnSync(join(programs, 'dbt'), [...args, '--project-dir', folder, '--profiles-dir', folder, '--target-path', join(scratch, 'target'), '--log-path', join(scratch, 'logs')], {
    stdio: 'inherit',
    env: {
      ...process.env, DBT_HOST: hostname, DBT_PORT: port === '' ? (protocol === 'https:' ? '443' : '80') : port, DBT_SECURE: protocol === 'https:' ? 'True' : 'False',
      DBT_USER: decodeURIComponent(username) || 'default', DBT_PASSWORD: decodeURIComponent(password), DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
    },
  });
  if (status !== 0) throw new SetupError([`dbt ended with ${status ?? 'a signal'}: its own words are above`]);
}
