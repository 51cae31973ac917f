// Every reader decodes the golden samples of every schema that ever was: our decoder under the
// writer's schema and under every other release's, the skimmer, ClickHouse through a landing
// container, fastavro. A reader that fails here fails on the log.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sample } from '../../infra/schemas/corpus.ts';
import { loadContracts } from '../../schemas/contract.ts';
import { compileSkim } from '../../services/runtime/avro/skim.ts';
import { containerOf, createDecoder, createReader, createResolvingDecoder } from '../../services/runtime/avro/avro.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { eventRows, landingColumns, type LandingRow } from '../../services/runtime/projection/landing.ts';
import { readReleases, SchemaLookup, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { environment } from '../system/support.ts';

type Value = Record<string, unknown>;
interface Field { readonly name: string; readonly type: unknown; readonly default?: unknown }
interface RecordSchema { readonly type: 'record'; readonly name: string; readonly fields: readonly Field[] }

const REMEDY = 'Events like this are in the log. Mend the reader; neither the sample nor the release may change (schemas/README.md).';
const DATABASE = 'golden_samples';

const folders = new Map([...(await loadContracts()).values()].map(({ recordName, folder }) => [recordName, folder]));
const corpusFolder = fileURLToPath(new URL('../../schemas/corpus', import.meta.url));
const releases = (await readReleases()).map(({ id, record, schema }) => ({
  id,
  record,
  text: schema,
  schema: JSON.parse(schema) as RecordSchema,
  samples: JSON.parse(readFileSync(join(corpusFolder, folders.get(record) ?? '', `${id}.json`), 'utf8')) as Sample[],
}));
const clickhouse = connectClickHouse(environment.clickhouseUrl);

beforeAll(() => clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`));
afterAll(async () => {
  await clickhouse.command(`DROP DATABASE ${DATABASE}`);
  await clickhouse.close();
});

const isRecord = (type: unknown): type is RecordSchema => (type as Partial<RecordSchema> | null)?.type === 'record';
/** avsc's records are instances of classes of their own. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** What a reader with another release's schema sees: its own fields, with its defaults where the writer had none. */
function seenBy(reader: RecordSchema, writer: RecordSchema, value: Value): Value {
  return Object.fromEntries(reader.fields.map((field) => {
    const written = writer.fields.find(({ name }) => name === field.name);
    if (written === undefined) return [field.name, field.default];
    const inner = value[field.name];
    return [field.name, isRecord(field.type) && isRecord(written.type) ? seenBy(field.type, written.type, inner as Value) : inner];
  }));
}

for (const { id, record, text, schema, samples } of releases) {
  test(`${record} ${id}: our decoder reads every sample, and so does every other release’s`, () => {
    const decode = createDecoder(schema);
    for (const { body, value } of samples) expect(plain(decode(Buffer.from(body, 'base64'))), REMEDY).toStrictEqual(value);
    const next: RecordSchema = { ...schema, fields: [{ name: 'of_the_next_release', type: 'string', default: 'unknown' }, ...schema.fields] };
    for (const reader of [next, ...releases.filter((other) => other.record === record).map((other) => other.schema)]) {
      const resolve = createResolvingDecoder(schema, reader);
      for (const { body, value } of samples) expect(plain(resolve(Buffer.from(body, 'base64'))), REMEDY).toStrictEqual(seenBy(reader, schema, value));
    }
  });

  test(`${record} ${id}: a typed consumer gets the current record, its times as dates`, async () => {
    const current = [...(await loadContracts()).values()].find(({ recordName }) => recordName === record)?.record ?? expect.fail();
    const decode = createReader(current)(schema);
    const times = current.fields.filter(({ type }) => typeof type === 'object' && 'logicalType' in type).map(({ name }) => name);
    for (const { body, value } of samples) {
      const seen = { ...seenBy(current, schema, value), ...Object.fromEntries(times.map((name) => [name, new Date(value[name] as number).toISOString()])) };
      expect(plain(decode(Buffer.from(body, 'base64'))), REMEDY).toStrictEqual(seen);
    }
  });

  test(`${record} ${id}: the skimmer finds whose event it is, and refuses a byte more or less`, () => {
    const skim = compileSkim(schema);
    for (const { body, value } of samples) {
      const bytes = Buffer.from(body, 'base64');
      const { integration_id } = value['source'] as { integration_id: string };
      expect(skim(bytes), REMEDY).toStrictEqual({ ok: true, identity: { event_id: value['event_id'], ticket_id: value['ticket_id'], integration_id } });
      expect(skim(bytes.subarray(0, -1))).toStrictEqual({ ok: false, reason: 'truncated' });
      expect(skim(Buffer.concat([bytes, Buffer.alloc(1)]))).toStrictEqual({ ok: false, reason: 'trailing_bytes' });
    }
  });

  test(`${record} ${id}: ClickHouse reads every sample through a landing container`, async () => {
    const current = [...(await loadContracts()).values()].find(({ recordName }) => recordName === record)?.record ?? expect.fail();
    const columns = landingColumns(current);
    const table = `${DATABASE}.${schema.name}_${id}`;
    await clickhouse.command(`CREATE TABLE ${table} (${columns.map(({ name, type }) => `\`${name}\` ${type}`).join(', ')}) ENGINE = Memory`);
    const rows = await landingRows(id, text, samples);
    const [first] = rows;
    expect.assert(first !== undefined);
    await clickhouse.insertEncoded(table, 'Avro', containerOf(first.header, rows));
    const read = await clickhouse.query<Value>(`SELECT * FROM ${table} ORDER BY kafka_offset`);
    const released = new Set(landingColumns(schema).map(({ name }) => name));
    expect(read.length).toBe(samples.length);
    for (const [index, row] of read.entries()) {
      for (const { name, type } of columns.slice(4).filter((column) => released.has(column.name))) {
        const value = row[name];
        const seen = type.startsWith('DateTime64') ? Date.parse(`${String(value).replace(' ', 'T')}Z`) : value;
        expect(seen, `sample ${index}, column ${name}. ${REMEDY}`).toStrictEqual(at(samples[index]?.value ?? {}, name));
      }
    }
  });
}

const at = (value: Value, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, key) => (inner as Value)[key], value);

async function landingRows(id: number, schema: string, samples: readonly Sample[]): Promise<LandingRow[]> {
  const toLanding = eventRows(new SchemaLookup(new SchemaRegistry('http://unused'), [{ id, subject: 'corpus', schema }]));
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(id, 1);
  return Promise.all(samples.map(async ({ body, value }, offset) => {
    const record = { topic: 'corpus', partition: 0, offset, key: String(value['ticket_id']), value: Buffer.concat([frame, Buffer.from(body, 'base64')]), headers: {}, timestampMs: 0 };
    const row = await toLanding(record);
    return row.kind === 'row' ? row : expect.fail(`sample ${offset}: ${row.reason} ${row.detail}. ${REMEDY}`);
  }));
}

test('fastavro reads every sample under every release’s schema', () => {
  const script = fileURLToPath(new URL('read_corpus.py', import.meta.url));
  for (const { id, record, schema, samples } of releases) {
    const readers = releases.filter((other) => other.record === record).map((other) => other.schema);
    const input = JSON.stringify({ writer: schema, readers, bodies: samples.map(({ body }) => body) });
    const output = JSON.parse(execFileSync(environment.python, [script], { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })) as { values: Value[]; trailing: number }[];
    for (const [index, reader] of readers.entries()) {
      expect(output[index]?.trailing).toBe(0);
      expect(output[index]?.values, `${record} ${id}. ${REMEDY}`).toStrictEqual(samples.map(({ value }) => seenBy(reader, schema, value)));
    }
  }
});
