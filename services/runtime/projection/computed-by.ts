// By which code facts are computed: the hash of a projection's definition with everything that it imports, runtime aside,
// which knows nothing of what facts mean. Types, comments and layout don't count. Each row of a facts table says it, and a
// constraint of the table admits one code's rows only: so rows of two definitions never stand beside each other, whatever
// is deployed, rebuilt or rolled back while other processes go on.
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { sqlString, STORED, type ClickHouse } from '../clickhouse.ts';

const servicesFolder = fileURLToPath(new URL('../..', import.meta.url));

/** @param name of the projection, which is that of its folder. */
export const codeOf = (name: string): string => codeOfFile(join(servicesFolder, name, 'projection.ts'));

export function codeOfFile(file: string): string {
  const { outputFiles: [bundle] } = buildSync({
    entryPoints: [file], absWorkingDir: dirname(file), bundle: true, write: false, format: 'esm', platform: 'node',
    minifyWhitespace: true, legalComments: 'none', packages: 'external', external: ['../runtime/*'], logLevel: 'silent',
  });
  return createHash('sha256').update(bundle?.text ?? '').digest('hex').slice(0, 12);
}

const ADMITTED = /CONSTRAINT computed_by_one_code CHECK computed_by = '([0-9a-f]*)'/;

/** Whose rows a facts table admits; null when it admits anybody's. */
export async function admittedTo(clickhouse: ClickHouse, table: string): Promise<string | null> {
  const [row] = await clickhouse.query<{ definition: string }>(`SELECT create_table_query AS definition FROM system.tables WHERE ${STORED}`, { table });
  return ADMITTED.exec(row?.definition ?? '')?.[1] ?? null;
}

/** From now on the table admits rows of this code only. */
export async function admitOnly(clickhouse: ClickHouse, table: string, code: string): Promise<void> {
  if ((await admittedTo(clickhouse, table)) === code) return;
  await clickhouse.command(`ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS computed_by_one_code, ADD CONSTRAINT computed_by_one_code CHECK computed_by = ${sqlString(code)}`);
}

/** Columns that say when and by which code a row was computed. */
export const addProvenance = (clickhouse: ClickHouse, table: string): Promise<void> =>
  clickhouse.command(`ALTER TABLE ${table}
    ADD COLUMN IF NOT EXISTS computed_at DateTime64(3, 'UTC') MATERIALIZED now64(3, 'UTC') COMMENT 'When the row was computed.',
    ADD COLUMN IF NOT EXISTS computed_by LowCardinality(String) COMMENT 'Hash of the code that computed the row; a constraint admits one.'`);
