import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { RuntimeError } from '../errors.ts';
import { eventRows } from '../projection/landing.ts';
import { createLogger } from '../logger.ts';
import { idOfText, idToWrite, readReleases, RESTORED, sameSchema, SchemaLookup, SchemaRegistry } from './registry.ts';
import { watchSchemas } from './schema-watch.ts';

const OURS = '{"type":"record","name":"A","namespace":"n","fields":[{"name":"a","type":"string","doc":"One."}]}';
const logger = createLogger('test', 'error');

/** A registry that answers from a map, or not at all. */
class Played extends SchemaRegistry {
  readonly schemas = new Map<number, string>();
  asked = 0;
  down = false;

  constructor() {
    super('http://played');
  }

  override schemaById(id: number): Promise<string | null> {
    this.asked += 1;
    if (this.down) return Promise.reject(new RuntimeError('REGISTRY_UNAVAILABLE', 'down'));
    return Promise.resolve(this.schemas.get(id) ?? null);
  }

  override idOf(_subject: string, schema: string): Promise<number | null> {
    if (this.down) return Promise.reject(new RuntimeError('REGISTRY_UNAVAILABLE', 'down'));
    return Promise.resolve([...this.schemas].find(([, known]) => sameSchema(known, schema))?.[0] ?? null);
  }
}

test('an id is made of the text: the same everywhere, above what registries count, below what a frame holds', () => {
  expect(idOfText(OURS)).toBe(idOfText(OURS));
  expect(idOfText(OURS)).not.toBe(idOfText(OURS.replace('"a"', '"b"')));
  for (let i = 0; i < 1_000; i++) {
    const id = idOfText(String(i));
    expect(id >= 2 ** 20 && id < 2 ** 30).toBe(true);
  }
});

test('schemas are the same whatever their docs, the order of their keys and the mark of a restored one', () => {
  expect(sameSchema(OURS, `{"${RESTORED}":7,"doc":"Other words.","namespace":"n","name":"A","type":"record","fields":[{"type":"string","name":"a"}]}`)).toBe(true);
  expect(sameSchema(OURS, OURS.replace('"string"', '"long"'))).toBe(false);
  expect(sameSchema(OURS, OURS.replace('"name":"a"', '"name":"b"'))).toBe(false);
  expect(sameSchema(OURS, 'syntax = "proto3";')).toBe(false);
});

test('a known id is never asked for, an unknown one once in 30 s, and an outage is not unknown', async () => {
  const registry = new Played();
  let now = 0;
  const lookup = new SchemaLookup(registry, [{ id: 7, subject: 's', schema: OURS }], () => now);
  registry.down = true;
  expect(await lookup.find(7)).toBe(OURS);
  await expect(lookup.find(8)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  registry.down = false;
  expect(await lookup.find(8)).toBeNull();
  registry.schemas.set(8, OURS);
  expect(await lookup.find(8)).toBeNull();
  now = 30_001;
  expect(await lookup.find(8)).toBe(OURS);
  expect(registry.asked).toBe(3);
});

test('of ids that nobody knows only so many are remembered, whatever a producer writes', async () => {
  const registry = new Played();
  const lookup = new SchemaLookup(registry, [], () => 0);
  for (let id = 0; id <= 10_000; id++) await lookup.find(id);
  await lookup.find(10_000);
  expect(registry.asked).toBe(10_001);
  await lookup.find(0);
  expect(registry.asked, 'the oldest was forgotten').toBe(10_002);
});

test('a schema of another kind in the same registry makes no row, and no exception', async () => {
  const registry = new Played();
  registry.schemas.set(9, 'syntax = "proto3";');
  const value = Buffer.from([0, 0, 0, 0, 9, 1]);
  const row = await eventRows(new SchemaLookup(registry, []))({ topic: 't', partition: 0, offset: 0, key: 'k', value, headers: {}, timestampMs: 0 });
  expect(row.kind).toBe('poison');
});

test('what is written has the id of the lock, else the registry’s, and a release’s own only while the registry is down', async () => {
  const [release] = await readReleases();
  expect.assert(release !== undefined);
  const subject = `crm.production.ticket-events-${release.record}`;
  const registry = new Played();
  await expect(idToWrite(registry, [], subject, release.schema)).rejects.toMatchObject({ code: 'SCHEMA_MISSING' });
  registry.schemas.set(3, release.schema);
  expect(await idToWrite(registry, [], subject, release.schema)).toBe(3);
  expect(await idToWrite(registry, [{ id: 5, subject, schema: release.schema }], subject, release.schema)).toBe(5);
  registry.down = true;
  expect(await idToWrite(registry, [], subject, release.schema)).toBe(release.id);
  await expect(idToWrite(registry, [{ id: 5, subject: 'another', schema: OURS }], subject, release.schema)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
});

test('the watch tells a missing schema, another schema and an outage apart, and when all is well again', async () => {
  const registry = new Played();
  const locked = [{ id: 7, subject: 's', schema: OURS }];
  const warnings = async (): Promise<string> => {
    const watch = watchSchemas(registry, locked, new Registry(), logger);
    await new Promise((resolve) => setImmediate(resolve));
    await watch.stop();
    return watch.warnings().join();
  };
  const silent = logger.level;
  logger.level = 'silent';
  expect(await warnings()).toMatch(/lacks the schema ids 7/);
  registry.schemas.set(7, OURS.replace('"string"', '"long"'));
  expect(await warnings()).toMatch(/other schemas under the ids 7/);
  registry.down = true;
  expect(await warnings()).toMatch(/does not answer/);
  registry.down = false;
  registry.schemas.set(7, OURS);
  expect(await warnings()).toBe('');
  logger.level = silent;
});
