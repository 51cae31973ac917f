// The house found by folder: what a new event type, projection or test must bring along.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { contractFolders, loadContracts } from '../../schemas/contract.ts';
import { landingColumns, landingTable } from '../../services/runtime/landing.ts';
import { closeClients, query } from '../support.ts';

after(closeClients);

const root = fileURLToPath(new URL('../..', import.meta.url));
const services = readdirSync(join(root, 'services')).filter((name) => name !== 'runtime');
const databases: Readonly<Record<string, string>> = { 'queue-analytics': 'queue', 'agent-analytics': 'agents', 'event-archive': 'log' };

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
    if (!existsSync(join(root, 'services', name, 'projection.ts'))) continue;
    assert.ok(readdirSync(join(root, 'services', name)).some((file) => file.endsWith('.sql')), `${name} has no SQL`);
    assert.ok(databases[name] !== undefined, `${name} is unknown to this test: add its database`);
  }
});

test('every database has a landing table per event type with a column per field', async () => {
  const contracts = [...(await loadContracts()).values()];
  for (const database of Object.values(databases)) {
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
    WHERE database IN ('queue', 'agents', 'log') AND comment = ''
      AND (database, table) IN (SELECT database, name FROM system.tables WHERE engine = 'View')
    UNION ALL
    SELECT concat(database, '.', name) FROM system.tables WHERE database IN ('queue', 'agents', 'log') AND engine = 'View' AND comment = ''`);
  assert.deepEqual(silent, []);
});

test('no materialized view adds up: sums over a deduplicated table count a duplicate twice', () => {
  const sql = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.sql') && !file.includes('node_modules'));
  assert.ok(sql.length > 0);
  for (const file of sql) assert.doesNotMatch(readFileSync(join(root, file), 'utf8'), /ENGINE\s*=\s*(Summing|Aggregating)MergeTree/i, file);
});
