import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { RuntimeError } from './errors.ts';
import { eventRows } from './projection/landing.ts';
import { createLogger } from './logger.ts';
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
  assert.equal(idOfText(OURS), idOfText(OURS));
  assert.notEqual(idOfText(OURS), idOfText(OURS.replace('"a"', '"b"')));
  for (let i = 0; i < 1_000; i++) {
    const id = idOfText(String(i));
    assert.ok(id >= 2 ** 20 && id < 2 ** 30);
  }
});

test('schemas are the same whatever their docs, the order of their keys and the mark of a restored one', () => {
  assert.ok(sameSchema(OURS, `{"${RESTORED}":7,"doc":"Other words.","namespace":"n","name":"A","type":"record","fields":[{"type":"string","name":"a"}]}`));
  assert.ok(!sameSchema(OURS, OURS.replace('"string"', '"long"')));
  assert.ok(!sameSchema(OURS, OURS.replace('"name":"a"', '"name":"b"')));
  assert.ok(!sameSchema(OURS, 'syntax = "proto3";'));
});

test('a known id is never asked for, an unknown one once in 30 s, and an outage is not unknown', async () => {
  const registry = new Played();
  let now = 0;
  const lookup = new SchemaLookup(registry, [{ id: 7, subject: 's', schema: OURS }], () => now);
  registry.down = true;
  assert.equal(await lookup.find(7), OURS);
  await assert.rejects(lookup.find(8), { code: 'REGISTRY_UNAVAILABLE' });
  registry.down = false;
  assert.equal(await lookup.find(8), null);
  registry.schemas.set(8, OURS);
  assert.equal(await lookup.find(8), null);
  now = 30_001;
  assert.equal(await lookup.find(8), OURS);
  assert.equal(registry.asked, 3);
});

test('a schema of another kind in the same registry makes no row, and no exception', async () => {
  const registry = new Played();
  registry.schemas.set(9, 'syntax = "proto3";');
  const value = Buffer.from([0, 0, 0, 0, 9, 1]);
  const row = await eventRows(new SchemaLookup(registry, []))({ topic: 't', partition: 0, offset: 0, key: 'k', value, headers: {}, timestampMs: 0 });
  assert.equal(row.kind, 'poison');
});

test('what is written has the id of the lock, else the registry’s, and a release’s own only while the registry is down', async () => {
  const [release] = await readReleases();
  assert.ok(release !== undefined);
  const subject = `crm.production.ticket-events-${release.record}`;
  const registry = new Played();
  await assert.rejects(idToWrite(registry, [], subject, release.schema), { code: 'SCHEMA_MISSING' });
  registry.schemas.set(3, release.schema);
  assert.equal(await idToWrite(registry, [], subject, release.schema), 3);
  assert.equal(await idToWrite(registry, [{ id: 5, subject, schema: release.schema }], subject, release.schema), 5);
  registry.down = true;
  assert.equal(await idToWrite(registry, [], subject, release.schema), release.id);
  await assert.rejects(idToWrite(registry, [{ id: 5, subject: 'another', schema: OURS }], subject, release.schema), { code: 'REGISTRY_UNAVAILABLE' });
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
  assert.match(await warnings(), /lacks the schema ids 7/);
  registry.schemas.set(7, OURS.replace('"string"', '"long"'));
  assert.match(await warnings(), /other schemas under the ids 7/);
  registry.down = true;
  assert.match(await warnings(), /does not answer/);
  registry.down = false;
  registry.schemas.set(7, OURS);
  assert.equal(await warnings(), '');
  logger.level = silent;
});
