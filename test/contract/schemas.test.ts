// What keeps a record from changing in a way that loses an event: every record is a release,
// every release can read every other, and nothing released is ever touched. No registry needed.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../../infra/corpus.ts';
import { diffSchemas, incompatibility } from '../../infra/schema-diff.ts';
import { loadContracts, type AvroRecord } from '../../schemas/contract.ts';
import { idOfText, readReleases, sameSchema } from '../../services/runtime/registry.ts';

const schemas = fileURLToPath(new URL('../../schemas', import.meta.url));
const releases = await readReleases();
const contracts = [...(await loadContracts()).values()];

test('every record is released, and can read and be read by every earlier release', () => {
  for (const { folder, recordName, record } of contracts) {
    const earlier = releases.filter((release) => release.record === recordName);
    for (const release of earlier) {
      const problem = incompatibility(JSON.parse(release.schema) as object, record);
      assert.equal(problem, null, `schemas/${folder}/record.avsc cannot follow release ${release.id}, whose events are in the log.\n${problem ?? ''}`);
    }
    const newest = earlier.at(-1);
    assert.ok(newest !== undefined && sameSchema(newest.schema, JSON.stringify(record)), `schemas/${folder}/record.avsc changed since its last release. Run \`npm run schemas -- release\` and commit what it writes.`);
  }
});

test('a release keeps its text, its id and its golden samples for ever', () => {
  for (const { id, record, schema, corpus_sha256 } of releases) {
    assert.equal(id, idOfText(schema), `schemas.lock.json: the schema of ${record} was edited after its release under ${id}. Restore it; a change is a new release.`);
    const contract = contracts.find(({ recordName }) => recordName === record);
    assert.ok(contract !== undefined, `${record} has events in the log, but no folder below schemas/ any more`);
    const corpus = readFileSync(join(schemas, 'corpus', contract.folder, `${id}.json`), 'utf8');
    assert.equal(sha256(corpus), corpus_sha256, `schemas/corpus/${contract.folder}/${id}.json was changed. Golden samples are frozen: restore the file.`);
  }
  assert.equal(new Set(releases.map(({ id }) => id)).size, releases.length);
  const files = readdirSync(join(schemas, 'corpus'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
  assert.equal(files.length, releases.length, 'A release was taken out of schemas/schemas.lock.json: events in the log need it. Restore it.');
});

const created = contracts.find(({ folder }) => folder === 'ticket-created')?.record ?? assert.fail();
const withFields = (change: (fields: AvroRecord['fields']) => AvroRecord['fields']): AvroRecord => ({ ...created, fields: change(created.fields) });
const customer = created.fields.find(({ name }) => name === 'customer') ?? assert.fail();

test('a field with a default can be added, anywhere in the record', () => {
  const added = { name: 'priority', type: ['null', 'string'], default: null } as const;
  assert.equal(incompatibility(created, withFields((fields) => [...fields, added])), null);
  const nested = { ...(customer.type as AvroRecord), fields: [...(customer.type as AvroRecord).fields, added] };
  const changed = withFields((fields) => fields.map((field) => (field === customer ? { ...field, type: nested } : field)));
  assert.equal(incompatibility(created, changed), null);
  assert.deepEqual(diffSchemas(created, changed), ['+ customer.priority: null | string, default null']);
});

const forbidden: Readonly<Record<string, readonly [AvroRecord, RegExp]>> = {
  'a new field without a default': [withFields((fields) => [...fields, { name: 'priority', type: 'string' }]), /\+ priority: string/],
  'a removed required field': [withFields((fields) => fields.filter(({ name }) => name !== 'created_at')), /- created_at: timestamp-millis/],
  'a removed field with a default': [withFields((fields) => fields.filter(({ name }) => name !== 'status')), /- status: null \| string, default null/],
  'a renamed field': [withFields((fields) => fields.map((field) => (field.name === 'status' ? { ...field, name: 'state' } : field))), /\+ state[^]*- status/],
  'a renamed field with an alias': [withFields((fields) => fields.map((field) => (field.name === 'status' ? { ...field, name: 'state', aliases: ['status'] } : field))), /- status/],
  'a changed type': [withFields((fields) => fields.map((field) => (field.name === 'version' ? { ...field, type: 'long' } : field))), /~ version: string → long/],
  'a field that is no longer optional': [withFields((fields) => fields.map((field) => (field.name === 'status' ? { ...field, type: 'string', default: '' } : field))), /~ status/],
  'another record name': [{ ...created, name: 'TicketOpened' }, /consumer/],
};

for (const [what, [record, lines]] of Object.entries(forbidden)) {
  test(`${what} is refused, with what to do instead`, () => {
    const problem = incompatibility(created, record) ?? assert.fail('was taken');
    assert.match(problem, lines);
    assert.match(problem, /add what is new beside it, with a default/);
  });
}

test('words of the documentation change no schema', () => {
  const reworded = { ...created, doc: 'Other words.' };
  assert.ok(sameSchema(JSON.stringify(created), JSON.stringify(reworded)));
  assert.equal(incompatibility(created, reworded), null);
});
