// What keeps a record from changing in a way that loses an event: every record is a release,
// every release can read every other, and nothing released is ever touched. No registry needed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { sha256 } from '../../infra/schemas/corpus.ts';
import { diffSchemas, incompatibility } from '../../infra/schemas/diff.ts';
import { loadContracts, type AvroRecord } from '../../schemas/contract.ts';
import { idOfText, readReleases, sameSchema } from '../../services/runtime/registry/registry.ts';

const schemas = fileURLToPath(new URL('../../schemas', import.meta.url));
const releases = await readReleases();
const contracts = [...(await loadContracts()).values()];

test('every record is released, and can read and be read by every earlier release', () => {
  for (const { folder, recordName, record } of contracts) {
    const earlier = releases.filter((release) => release.record === recordName);
    for (const release of earlier) {
      const problem = incompatibility(JSON.parse(release.schema) as object, record);
      expect(problem, `schemas/${folder}/record.avsc cannot follow release ${release.id}, whose events are in the log.\n${problem ?? ''}`).toBeNull();
    }
    const newest = earlier.at(-1);
    expect.assert(newest !== undefined && sameSchema(newest.schema, JSON.stringify(record)), `schemas/${folder}/record.avsc changed since its last release. Run \`npm run schemas -- release\` and commit what it writes.`);
  }
});

test('a release keeps its text, its id and its golden samples for ever', () => {
  for (const { id, record, schema, corpus_sha256 } of releases) {
    expect(id, `schemas.lock.json: the schema of ${record} was edited after its release under ${id}. Restore it; a change is a new release.`).toBe(idOfText(schema));
    const contract = contracts.find(({ recordName }) => recordName === record);
    expect.assert(contract !== undefined, `${record} has events in the log, but no folder below schemas/ any more`);
    const corpus = readFileSync(join(schemas, 'corpus', contract.folder, `${id}.json`), 'utf8');
    expect(sha256(corpus), `schemas/corpus/${contract.folder}/${id}.json was changed. Golden samples are frozen: restore the file.`).toBe(corpus_sha256);
  }
  expect(new Set(releases.map(({ id }) => id)).size).toBe(releases.length);
  const files = readdirSync(join(schemas, 'corpus'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
  expect(files.length, 'A release was taken out of schemas/schemas.lock.json: events in the log need it. Restore it.').toBe(releases.length);
});

const created = contracts.find(({ folder }) => folder === 'ticket-created')?.record ?? expect.fail();
const withFields = (change: (fields: AvroRecord['fields']) => AvroRecord['fields']): AvroRecord => ({ ...created, fields: change(created.fields) });
const customer = created.fields.find(({ name }) => name === 'customer') ?? expect.fail();

test('a field with a default can be added, anywhere in the record', () => {
  const added = { name: 'priority', type: ['null', 'string'], default: null } as const;
  expect(incompatibility(created, withFields((fields) => [...fields, added]))).toBeNull();
  const nested = { ...(customer.type as AvroRecord), fields: [...(customer.type as AvroRecord).fields, added] };
  const changed = withFields((fields) => fields.map((field) => (field === customer ? { ...field, type: nested } : field)));
  expect(incompatibility(created, changed)).toBeNull();
  expect(diffSchemas(created, changed)).toStrictEqual(['+ customer.priority: null | string, default null']);
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
    const problem = incompatibility(created, record) ?? expect.fail('was taken');
    expect(problem).toMatch(lines);
    expect(problem).toMatch(/add what is new beside it, with a default/);
  });
}

test('words of the documentation change no schema', () => {
  const reworded = { ...created, doc: 'Other words.' };
  expect(sameSchema(JSON.stringify(created), JSON.stringify(reworded))).toBe(true);
  expect(incompatibility(created, reworded)).toBeNull();
});
