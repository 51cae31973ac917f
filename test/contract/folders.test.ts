// The house found by folder: what a new event type, projection or test must bring along.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { generateTypes, typesFile } from '../../infra/types/types.ts';
import { contractFolders, loadContracts } from '../../schemas/contract.ts';
import type { Consumer } from '../../services/runtime/consumer.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const services = readdirSync(join(root, 'services')).filter((name) => !['runtime', 'ticket', 'destinations'].includes(name));
const projections = await Promise.all(services.filter((name) => existsSync(join(root, 'services', name, 'projection.ts'))).map(async (name) =>
  ({ folder: name, ...((await import(pathToFileURL(join(root, 'services', name, 'projection.ts')).href)) as { projection: Projection }).projection })));
const databases = projections.map(({ database }) => database);

test('every event type has a schema per version with an example, a documented record, and an upcaster per version', async () => {
  const contracts = await loadContracts();
  expect(contracts.size).toBe(contractFolders().length);
  for (const contract of contracts.values()) {
    expect(contract.versions.size, contract.folder).toBeGreaterThanOrEqual(3);
    expect(Object.keys(contract.upcasters), contract.folder).toStrictEqual([...contract.versions.keys()]);
    for (const [version, schema] of contract.versions) expect.assert(Array.isArray(schema['examples']), `${contract.folder} ${version}`);
    for (const field of contract.record.fields) expect((field.doc ?? '').length, `${contract.folder}.${field.name} has no doc`).toBeGreaterThan(10);
  }
});

test('every service is a folder with a main.ts, and a projection has its SQL beside it', () => {
  for (const name of services) {
    expect(existsSync(join(root, 'services', name, 'main.ts')), name).toBe(true);
  }
  for (const { folder, name } of projections) {
    expect(name, 'a projection is named as its folder').toBe(folder);
    expect(readdirSync(join(root, 'services', folder)).some((file) => file.endsWith('.sql')), `${folder} has no SQL`).toBe(true);
  }
  expect(new Set(databases).size, 'each projection has a database of its own').toBe(databases.length);
});

test('every consumer is named as its folder, is tested, and says in its settings what it reads from the environment', async () => {
  for (const folder of services.filter((name) => existsSync(join(root, 'services', name, 'consumer.ts')))) {
    const { consumer } = (await import(pathToFileURL(join(root, 'services', folder, 'consumer.ts')).href)) as { consumer: Consumer };
    expect(consumer.name).toBe(folder);
    expect(consumer.records.size, folder).toBeGreaterThan(0);
    for (const [name, setting] of Object.entries(consumer.settings)) expect(setting.doc.length, `${folder}: ${name} has no doc`).toBeGreaterThan(10);
    expect(readdirSync(join(root, 'services', folder)).some((file) => file.endsWith('.test.ts')), `${folder} has no test`).toBe(true);
  }
});

test('the types of the events are what the Avro records say', async () => {
  expect(readFileSync(typesFile, 'utf8'), 'run npm run types and commit its file').toBe(await generateTypes());
});

test('no materialized view adds up, since sums over a deduplicated table count a duplicate twice; the highest or lowest of something stays what it is', () => {
  const sql = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.sql') && !file.includes('node_modules'));
  expect(sql.length).toBeGreaterThan(0);
  for (const file of sql) expect(readFileSync(join(root, file), 'utf8'), file).not.toMatch(/ENGINE\s*=\s*\w*SummingMergeTree|AggregateFunction\((?!(?:max|min),)/i);
});
