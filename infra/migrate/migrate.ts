// Brings ClickHouse to what the code expects: per projection its database, a landing table per
// event type (generated from the Avro records, so that a field has one spelling), the shared
// timeline where the projection declares it, and the SQL beside the projection. Every
// statement can be repeated. `npm run migrate`.
//
// One thing it leaves to `npm run rebuild`: when the definition of facts has changed and there are
// rows by the old one, the projection's views stay as they are, so that old and new numbers never
// stand in one table.
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadContracts } from '../../schemas/contract.ts';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { messageOf, RuntimeError } from '../../services/runtime/errors.ts';
import { landingColumns, landingTable } from '../../services/runtime/projection/landing.ts';
import { quarantineLandings } from '../../services/runtime/projection/quarantine-landing.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { addComputedAt, definitionOf, recordDefinition, recordedDefinition } from '../projections/definition.ts';
import { queryOf, readStatements, type Statement } from '../projections/statements.ts';
import { withClickHouse } from '../target/with-clickhouse.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const servicesFolder = join(root, 'services');
const sharedSql = join(root, 'infra', 'clickhouse');

export interface FoundProjection {
  readonly folder: string;
  readonly projection: Projection;
}

export async function findProjections(): Promise<FoundProjection[]> {
  const folders = readdirSync(servicesFolder).map((name) => join(servicesFolder, name)).filter((folder) => existsSync(join(folder, 'projection.ts')));
  return Promise.all(folders.map(async (folder) => {
    const { projection } = (await import(pathToFileURL(join(folder, 'projection.ts')).href)) as { projection: Projection };
    return { folder, projection };
  }));
}

const sqlFiles = (folder: string): string[] => readdirSync(folder).filter((file) => file.endsWith('.sql')).sort().map((file) => join(folder, file));

/** Everything that is to be applied to a projection's database, in order. */
export async function statementsOf({ folder, projection }: FoundProjection): Promise<Statement[]> {
  const records = [...(await loadContracts()).values()].map(({ record }) => record);
  return readStatements([...(projection.timeline ? sqlFiles(sharedSql) : []), ...sqlFiles(folder)], records);
}

async function apply(clickhouse: ClickHouse, statement: Statement, database: string): Promise<void> {
  // A materialized view can't be replaced without losing what is inserted meanwhile; its query can.
  const texts = statement.kind === 'materialized view' ? [statement.text, `ALTER TABLE ${statement.target} MODIFY QUERY ${queryOf(statement)}`] : [statement.text];
  for (const text of texts.map((written) => written.replaceAll('{database}', database))) {
    try {
      await clickhouse.command(text);
    } catch (error) {
      throw new RuntimeError('CLICKHOUSE_REFUSED', `${relative(root, statement.file)}: ${messageOf(error)}\n${text.slice(0, 500)}`, { cause: error });
    }
  }
}

async function createLanding(clickhouse: ClickHouse, table: string, columns: readonly { name: string; type: string }[]): Promise<void> {
  const definitions = columns.map(({ name, type }) => `\`${name}\` ${type}`);
  await clickhouse.command(`CREATE TABLE IF NOT EXISTS ${table} (${definitions.join(', ')}) ENGINE = Null COMMENT 'Door for the projector: materialized views read what is inserted here'`);
  // A field added to the contract later becomes a column here.
  await clickhouse.command(`ALTER TABLE ${table} ${definitions.map((definition) => `ADD COLUMN IF NOT EXISTS ${definition}`).join(', ')}`);
}

type Facts = 'current' | 'unknown' | 'outdated';

/** Whether rows of the facts were computed by another definition. A table without rows is made anew. */
async function standingOf(clickhouse: ClickHouse, { database, facts }: Projection, definition: string): Promise<Facts> {
  let standing: Facts = 'current';
  for (const table of facts.map((name) => `${database}.${name}`)) {
    const recorded = await recordedDefinition(clickhouse, table);
    if (recorded === null || recorded === definition) continue;
    const [row] = await clickhouse.query<{ rows: number }>(`SELECT count() AS rows FROM ${table}`);
    if (row?.rows === 0) await clickhouse.command(`DROP TABLE IF EMPTY ${table} SYNC`);
    else if (recorded === '') standing = standing === 'current' ? 'unknown' : standing;
    else standing = 'outdated';
  }
  return standing;
}

const viewsOf = async (clickhouse: ClickHouse, database: string): Promise<Set<string>> =>
  new Set((await clickhouse.query<{ name: string }>(`SELECT concat(database, '.', name) AS name FROM system.tables WHERE database = {database:String} AND engine = 'View'`, { database })).map(({ name }) => name));

/** Applies a projection's SQL; what defines its facts only where that leaves no rows by another definition behind. */
export async function migrateProjection(clickhouse: ClickHouse, projection: Projection, statements: readonly Statement[]): Promise<Facts> {
  const { database, facts } = projection;
  const definition = definitionOf(statements, projection);
  await clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${database}`);
  for (const { record } of (await loadContracts()).values()) await createLanding(clickhouse, `${database}.${landingTable(record)}`, landingColumns(record));
  if (database === 'log') {
    for (const { table, columns } of quarantineLandings) await createLanding(clickhouse, `${database}.${table}`, columns);
  }
  const standing = await standingOf(clickhouse, projection, definition);
  const views = standing === 'outdated' ? await viewsOf(clickhouse, database) : new Set<string>();
  // A view that is not there yet says nothing about the rows; a new facts table needs its definition at once.
  const held = ({ kind, target }: Statement): boolean => kind === 'view' && target.startsWith('{database}.') && views.has(target.replace('{database}', database));
  for (const statement of statements) if (!held(statement)) await apply(clickhouse, statement, database);
  for (const table of facts.map((name) => `${database}.${name}`)) {
    await addComputedAt(clickhouse, table);
    if (standing === 'current') await recordDefinition(clickhouse, table, definition);
  }
  return standing;
}

async function migrate(clickhouse: ClickHouse): Promise<void> {
  for (const found of await findProjections()) {
    const { database, name } = found.projection;
    const statements = await statementsOf(found);
    const standing = await migrateProjection(clickhouse, found.projection, statements);
    console.log(`database ${database} (${name}): ${new Set(statements.map(({ file }) => file)).size} SQL files applied`);
    if (standing === 'outdated') console.error(`${name}: the definition of its facts has changed: its views stay as they were until \`npm run rebuild -- ${name}\``);
    if (standing === 'unknown') console.error(`${name}: its facts don't say by which definition they were computed: \`npm run rebuild -- ${name}\` makes sure`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await withClickHouse({ command: 'migrate', changes: true }, migrate).catch(endWithMessage);
