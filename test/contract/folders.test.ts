// The house found by folder: what a new event type, projection or test must bring along.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { generateTypes, typesFile } from '../../infra/types.ts';
import { contractFolders, loadContracts } from '../../schemas/contract.ts';
import type { Consumer } from '../../services/runtime/consumer.ts';
import { landingColumns, landingTable } from '../../services/runtime/projection/landing.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';
import { closeClients, query } from '../support.ts';

after(closeClients);

const root = fileURLToPath(new URL('../..', import.meta.url));
const services = readdirSync(join(root, 'services')).filter((name) => name !== 'runtime' && name !== 'ticket');
const projections = await Promise.all(services.filter((name) => existsSync(join(root, 'services', name, 'projection.ts'))).map(async (name) =>
  ({ folder: name, ...((await import(pathToFileURL(join(root, 'services', name, 'projection.ts')).href)) as { projection: Projection }).projection })));
const databases = projections.map(({ database }) => database);

test('every event type has a schema per version with an example, a documented record, and an upcaster per version', async () => {
  const contracts = await loadContracts();
  assert.equal(contracts.size, contractFolders().length);
  for (const contract of contracts.values()) {
    assert.ok(contract.versions.size >= 3, contract.folder);
    assert.deepEqual(Object.keys(contract.upcasters), [...contract.versions.keys()], contract.folder);
    for (const [version, schema] of contract.versions) assert.ok(Array.isArray(schema['examples']), `${contract.folder} ${version}`);
    for (const field of contract.record.fields) assert.ok((field.doc ?? '').length > 10, `${contract.folder}.${field.name} has no doc`);
  }
});

test('every service is a folder with a main.ts, and a projection has its SQL beside it', () => {
  for (const name of services) {
    assert.ok(existsSync(join(root, 'services', name, 'main.ts')), name);
  }
  for (const { folder, name } of projections) {
    assert.equal(name, folder, 'a projection is named as its folder');
    assert.ok(readdirSync(join(root, 'services', folder)).some((file) => file.endsWith('.sql')), `${folder} has no SQL`);
  }
  assert.equal(new Set(databases).size, databases.length, 'each projection has a database of its own');
});

test('every consumer is named as its folder, is tested, and says in its settings what it reads from the environment', async () => {
  for (const folder of services.filter((name) => existsSync(join(root, 'services', name, 'consumer.ts')))) {
    const { consumer } = (await import(pathToFileURL(join(root, 'services', folder, 'consumer.ts')).href)) as { consumer: Consumer };
    assert.equal(consumer.name, folder);
    assert.ok(consumer.records.size > 0, folder);
    for (const [name, setting] of Object.entries(consumer.settings)) assert.ok(setting.doc.length > 10, `${folder}: ${name} has no doc`);
    assert.ok(readdirSync(join(root, 'services', folder)).some((file) => file.endsWith('.test.ts')), `${folder} has no test`);
  }
});

test('the types of the events are what the Avro records say', async () => {
  assert.equal(readFileSync(typesFile, 'utf8'), await generateTypes(), 'run npm run types and commit its file');
});

test('every database has a landing table per event type with a column per field', async () => {
  const contracts = [...(await loadContracts()).values()];
  for (const database of databases) {
    for (const { record } of contracts) {
      const columns = await query<{ name: string; type: string }>('SELECT name, type FROM system.columns WHERE database = {d:String} AND table = {t:String} ORDER BY position', { d: database, t: landingTable(record) });
      const spaced = (type: string): string => type.replaceAll(' ', '');
      assert.deepEqual(columns.map(({ name, type }) => `${name} ${spaced(type)}`), landingColumns(record).map(({ name, type }) => `${name} ${spaced(type)}`), `${database}.${landingTable(record)}`);
    }
  }
});

test('every view that an analyst reads and every column of it says what it means', async () => {
  const silent = await query<{ what: string }>(`
    SELECT concat(database, '.', table, '.', name) AS what FROM system.columns
    WHERE database IN {databases:Array(String)} AND comment = ''
      AND (database, table) IN (SELECT database, name FROM system.tables WHERE engine = 'View')
    UNION ALL
    SELECT concat(database, '.', name) FROM system.tables WHERE database IN {databases:Array(String)} AND engine = 'View' AND comment = ''`, { databases });
  assert.deepEqual(silent, []);
});

test('no materialized view adds up: sums over a deduplicated table count a duplicate twice', () => {
  const sql = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.sql') && !file.includes('node_modules'));
  assert.ok(sql.length > 0);
  for (const file of sql) assert.doesNotMatch(readFileSync(join(root, file), 'utf8'), /ENGINE\s*=\s*(Summing|Aggregating)MergeTree/i, file);
});
