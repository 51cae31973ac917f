// Brings ClickHouse to what the code expects: per projection its database, a landing table per
// event type (generated from the Avro records, so that a field has one spelling), the shared
// timeline where the projection declares it, and the SQL beside the projection. Every
// statement can be repeated. `npm run migrate`.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadContracts } from '../schemas/contract.ts';
import { connectClickHouse, type ClickHouse } from '../services/runtime/clickhouse.ts';
import { consumerSettings, readConfig } from '../services/runtime/config.ts';
import { messageOf, RuntimeError } from '../services/runtime/errors.ts';
import { landingColumns, landingTable } from '../services/runtime/landing.ts';
import { quarantineLandings } from '../services/runtime/quarantine-landing.ts';
import { endWithMessage } from './local/signals.ts';
import type { Projection } from '../services/runtime/projector.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const servicesFolder = join(root, 'services');
const sharedSql = join(root, 'infra', 'clickhouse');

interface FoundProjection {
  readonly folder: string;
  readonly projection: Projection;
}

async function findProjections(): Promise<FoundProjection[]> {
  const folders = readdirSync(servicesFolder).map((name) => join(servicesFolder, name)).filter((folder) => existsSync(join(folder, 'projection.ts')));
  return Promise.all(folders.map(async (folder) => {
    const { projection } = (await import(pathToFileURL(join(folder, 'projection.ts')).href)) as { projection: Projection };
    return { folder, projection };
  }));
}

/** Statements of a file; each ends with a semicolon at the end of a line. */
const statementsOf = (sql: string): string[] => sql.split(/;[ \t]*(?:\n|$)/).map((statement) => statement.trim()).filter((statement) => statement.replaceAll(/--.*$/gm, '').trim() !== '');

const sqlFiles = (folder: string): string[] => readdirSync(folder).filter((file) => file.endsWith('.sql')).sort().map((file) => join(folder, file));

async function applyFile(clickhouse: ClickHouse, path: string, database: string): Promise<void> {
  for (const statement of statementsOf(readFileSync(path, 'utf8').replaceAll('{database}', database))) {
    try {
      await clickhouse.command(statement);
    } catch (error) {
      throw new RuntimeError('CLICKHOUSE_REFUSED', `${relative(root, path)}: ${messageOf(error)}\n${statement.slice(0, 500)}`, { cause: error });
    }
  }
}

async function createLanding(clickhouse: ClickHouse, table: string, columns: readonly { name: string; type: string }[]): Promise<void> {
  const definitions = columns.map(({ name, type }) => `\`${name}\` ${type}`);
  await clickhouse.command(`CREATE TABLE IF NOT EXISTS ${table} (${definitions.join(', ')}) ENGINE = Null COMMENT 'Door for the projector: materialized views read what is inserted here'`);
  // A field added to the contract later becomes a column here.
  await clickhouse.command(`ALTER TABLE ${table} ${definitions.map((definition) => `ADD COLUMN IF NOT EXISTS ${definition}`).join(', ')}`);
}

async function migrate(clickhouse: ClickHouse): Promise<void> {
  const contracts = [...(await loadContracts()).values()];
  for (const { folder, projection } of await findProjections()) {
    const { database, name, timeline } = projection;
    await clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${database}`);
    for (const { record } of contracts) await createLanding(clickhouse, `${database}.${landingTable(record)}`, landingColumns(record));
    if (database === 'log') {
      for (const { table, columns } of quarantineLandings) await createLanding(clickhouse, `${database}.${table}`, columns);
    }
    const files = [...(timeline ? sqlFiles(sharedSql) : []), ...sqlFiles(folder)];
    for (const file of files) await applyFile(clickhouse, file, database);
    console.log(`database ${database} (${name}): ${files.length} SQL files applied`);
  }
}

async function main(): Promise<void> {
  const clickhouse = connectClickHouse(readConfig(consumerSettings, process.env).CLICKHOUSE_URL);
  try {
    await migrate(clickhouse);
  } finally {
    await clickhouse.close();
  }
}

await main().catch(endWithMessage);
