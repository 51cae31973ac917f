// dbt on the views: the source file is written from what ClickHouse says of them, and the project is compiled and built by
// dbt itself, in a virtual environment of its own.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { install } from '../local/install/cache.ts';
import { readSettings, SetupError } from '../local/settings.ts';

const folder = fileURLToPath(new URL('dbt', import.meta.url));
const DATABASES = ['queue', 'agents'] as const;

interface Described {
  readonly database: string;
  readonly view: string;
  readonly about: string;
  readonly column: string;
  readonly type: string;
  readonly says: string;
}

const quoted = (text: string): string => JSON.stringify(text);

/** Views with parameters are functions to ClickHouse, and have no columns until they are called: dbt can't know them as sources. */
async function describe(clickhouse: ClickHouse): Promise<Described[]> {
  return clickhouse.query<Described>(`
    SELECT t.database AS database, t.name AS view, t.comment AS about, c.name AS column, c.type AS type, c.comment AS says
    FROM system.tables AS t
    INNER JOIN system.columns AS c ON c.database = t.database AND c.table = t.name
    WHERE t.engine = 'View' AND t.database IN (${DATABASES.map((name) => `'${name}'`).join(', ')})
    ORDER BY database, view, c.position`);
}

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
  const rows = await describe(clickhouse);
  if (rows.length === 0) throw new SetupError(['ClickHouse shows no view in queue and agents: npm run migrate makes them, and the user needs to see them']);
  writeFileSync(join(folder, 'models', 'sources.yml'), sourceText(rows));
  return new Set(rows.map(({ database, view }) => `${database}.${view}`)).size;
}

async function dbtProgram(): Promise<string> {
  const { cacheDir } = readSettings(process.env);
  const version = createHash('sha256').update(readFileSync(join(folder, 'requirements.txt'))).digest('hex').slice(0, 8);
  const venv = join(cacheDir, `dbt-${version}-venv`);
  await install(cacheDir, {
    folder: `dbt-${version}`,
    build: async () => {
      console.error('fetching dbt…');
      await rm(venv, { recursive: true, force: true });
      execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
      execFileSync(join(venv, 'bin', 'pip'), ['install', '--quiet', '-r', join(folder, 'requirements.txt')], { stdio: 'inherit' });
    },
  });
  return join(venv, 'bin', 'dbt');
}

/** Runs dbt on the ClickHouse at the URL; its output is shown. */
export async function runDbt(clickhouseUrl: string, args: readonly string[]): Promise<void> {
  const { hostname, port, username, password, protocol } = new URL(clickhouseUrl);
  const { cacheDir } = readSettings(process.env);
  const scratch = join(cacheDir, 'dbt-work');
  execFileSync(await dbtProgram(), [...args, '--project-dir', folder, '--profiles-dir', folder, '--target-path', join(scratch, 'target'), '--log-path', join(scratch, 'logs')], {
    stdio: 'inherit',
    env: {
      ...process.env, DBT_HOST: hostname, DBT_PORT: port === '' ? (protocol === 'https:' ? '443' : '80') : port, DBT_SECURE: String(protocol === 'https:'),
      DBT_USER: decodeURIComponent(username) || 'default', DBT_PASSWORD: decodeURIComponent(password), DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
    },
  });
}
