// Properties of every event that is accepted: all of it is in the record, once and as it was, and
// no text of the record, its key or its headers is one that a reader would trip over.
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadContracts, type Json, type JsonObject } from '../../../schemas/contract.ts';
import { isObject } from '../../../schemas/upcasting.ts';
import { createDecoder, createEncoder } from '../../runtime/avro/avro.ts';
import type { NewRecord } from '../../runtime/event-log.ts';
import type { AuthenticWebhook, Unusable } from '../outcome.ts';
import { parseWebhook } from './parse.ts';
import { createPrepare, type PreparedEvent } from './prepare.ts';
import { pointer, readJson } from './read-json.ts';
import { toLogRecord } from './to-log-record.ts';

const contracts = await loadContracts();
const prepare = createPrepare(contracts);
const integration = { integration_id: 'acme', environment: 'production', secrets: ['s'] };
const encoders = new Map([...contracts.values()].map(({ eventType, record }) => [eventType, createEncoder(record, 1)]));
const encode = (contract: { eventType: string }, _environment: string, value: Record<string, unknown>): Buffer => encoders.get(contract.eventType)?.(value) ?? expect.fail();

interface Sample { eventType: string; version: string; payload: JsonObject }
const samples: Sample[] = [...contracts.values()].flatMap(({ eventType, versions }) => [...versions].flatMap(([version, schema]) =>
  (schema as { examples: JsonObject[] }).examples.map((payload) => ({ eventType, version, payload }))));

function webhook({ eventType, version }: Sample, fields: JsonObject): AuthenticWebhook {
  const envelope = { event_id: '0b0e7a3c-8b1d-4c55-9d0a-2f6f1c9b7e11', event_type: eventType, timestamp: '2026-03-02T09:00:00Z', source: { platform: 'crm', integration_id: 'acme' }, version };
  const signature = createHmac('sha256', 's').update(envelope.event_id + eventType + envelope.timestamp).digest('hex');
  const parsed = parseWebhook(Buffer.from(JSON.stringify({ ...envelope, signature, ...fields })), new Date(0));
  expect.assert(!('kind' in parsed), JSON.stringify(parsed));
  return { ...parsed, integration };
}

function logged(sent: AuthenticWebhook, prepared: PreparedEvent | Unusable): NewRecord {
  expect.assert(prepared.kind === 'event', JSON.stringify(prepared));
  const record = toLogRecord(sent, prepared, { bodyHash: () => 'sha', traceparent: '' }, encode);
  expect.assert(!('kind' in record));
  return record;
}

/** Pointers of the objects in a payload, but not inside what is kept as one JSON text. */
const objectsOf = (value: Json, path = ''): string[] => {
  if (Array.isArray(value)) return value.flatMap((item, index) => objectsOf(item, pointer(path, index)));
  return isObject(value) && !path.endsWith('/metadata') ? [path, ...Object.entries(value).flatMap(([key, inner]) => objectsOf(inner, pointer(path, key)))] : [];
};

function at(value: Json, path: string): JsonObject {
  const found = path.split('/').slice(1).reduce<Json>((inner, key) => (inner as JsonObject)[key] ?? expect.fail(path), value);
  return found as JsonObject;
}

const anyText = fc.string({ unit: fc.constantFrom('a', '/', '~', '0', '1', '~1', '"', '\\', '\u0000', '\ufeff', '\u2028', '📦', 'é', '.', '_id') });
const oddKey = fc.oneof(anyText, fc.constantFrom('__proto__', 'constructor', 'toString', 'data', 'body', 'payload', 'extra', 'event_id', 'source', 'timestamp'));

test('an unknown field is kept at its own pointer with its very value, wherever it is and however it is named', () => {
  const unknown = fc.record({ key: oddKey, value: fc.jsonValue({ maxDepth: 2 }), place: fc.nat() });
  fc.assert(fc.property(fc.constantFrom(...samples), fc.array(unknown, { minLength: 1, maxLength: 5 }), fc.constantFrom('payload', 'data', 'body'), (sample, unknowns, under) => {
    const payload = structuredClone(sample.payload);
    const expected = new Map<string, Json>();
    // Attachments of old versions move when they become a list; the fields beside them don't.
    const places = objectsOf(payload).filter((path) => !path.includes('/files/'));
    for (const { key, value, place } of unknowns) {
      const path = places[place % places.length] ?? '';
      const object = at(payload, path);
      if (Object.hasOwn(object, key)) continue;
      Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      const read = readJson(JSON.stringify(value));
      expected.set(`/payload${pointer(path, key)}`, read.kind === 'json' ? read.json : expect.fail());
    }
    const prepared = prepare(webhook(sample, { [under]: payload }));
    expect.assert(prepared.kind === 'event', JSON.stringify(prepared));
    const extra = prepared.record['extra'] as Record<string, string>;
    for (const [path, value] of expected) expect(JSON.parse(extra[path] ?? expect.fail(`${path} is lost`))).toStrictEqual(value);
    expect(Object.keys(extra).length).toBe(expected.size);
  }), { numRuns: 1_000 });
});

/** Leaves as text; a time as its instant, whatever its spelling. */
const leavesOf = (value: Json): string[] => {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  if (isObject(value)) return Object.values(value).flatMap(leavesOf);
  if (value === null || typeof value === 'boolean') return [];
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? [String(Date.parse(value))] : [String(value)];
};

const asJson = (text: string): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
};

/** Leaves of a record; what is kept as JSON text is read. */
const keptLeaves = (value: Json): string[] => {
  if (Array.isArray(value)) return value.flatMap(keptLeaves);
  if (isObject(value)) return Object.values(value).flatMap(keptLeaves);
  return typeof value === 'string' ? [value, ...leavesOf(asJson(value))] : leavesOf(value);
};

test('every leaf of an example is found again, under each version and each place of the fields', () => {
  for (const sample of samples) {
    for (const fields of [{ payload: sample.payload }, { data: sample.payload }, sample.payload]) {
      const sent = webhook(sample, fields);
      const prepared = prepare(sent);
      expect.assert(prepared.kind === 'event', JSON.stringify(prepared));
      const kept = keptLeaves(JSON.parse(JSON.stringify(prepared.record)) as Json);
      for (const leaf of leavesOf(sample.payload)) expect(kept, `${leaf} of ${sample.eventType} ${sample.version} is lost`).toContain(leaf);
    }
  }
});

test('of a file that is named twice, in the list and beside it, nothing is lost', () => {
  const file = fc.record({ file_url: fc.constantFrom('u1', 'u2', 'u3'), file_size: fc.constantFrom(1_001, 1_002, null) }, { requiredKeys: ['file_url'] });
  const content = fc.record({ file_url: fc.constantFrom('u1', 'u2', null), file_size: fc.constantFrom(1_003, 1_001, null), files: fc.option(fc.array(file)) }, { requiredKeys: [] });
  const messages = samples.filter(({ eventType }) => eventType === 'message.received');
  fc.assert(fc.property(fc.constantFrom(...messages), content, (sample, attached) => {
    const payload = { ...sample.payload, content: { content_type: 'document', ...attached } };
    const prepared = prepare(webhook(sample, { payload }));
    expect.assert(prepared.kind === 'event', JSON.stringify(prepared));
    const kept = keptLeaves(JSON.parse(JSON.stringify(prepared.record)) as Json);
    for (const leaf of leavesOf(payload)) expect(kept, `${leaf} is lost`).toContain(leaf);
  }), { numRuns: 500 });
});

test('a platform that is no text, and whatever else the envelope has, is kept', () => {
  const [sample] = samples;
  expect.assert(sample);
  for (const platform of [7, null, ['a'], { name: 'crm' }, true]) {
    const prepared = prepare(webhook(sample, { payload: sample.payload, source: { platform, integration_id: 'acme', 'a/b': 1 }, 'c~/d': 2 }));
    expect.assert(prepared.kind === 'event');
    expect(prepared.record['extra']).toStrictEqual({ '/source/platform': JSON.stringify(platform), '/source/a~1b': '1', '/c~0~1d': '2' });
    expect((prepared.record['source'] as { platform: string }).platform).toBe('');
  }
});

test('a number is no platform, however many digits it has', () => {
  const [sample] = samples;
  expect.assert(sample);
  const sent = webhook(sample, { payload: sample.payload, source: { platform: 'NUMBER', integration_id: 'acme' } });
  for (const number of ['1234', '12345678901234567890', '1e400', '0.1000000000000000055511151231257827']) {
    const parsed = parseWebhook(Buffer.from(JSON.stringify(sent.json).replace('"NUMBER"', number)), new Date(0));
    expect.assert(!('kind' in parsed));
    const prepared = prepare({ ...parsed, integration });
    expect.assert(prepared.kind === 'event');
    expect((prepared.record['source'] as { platform: string }).platform, number).toBe('');
    expect(JSON.stringify(prepared.record['extra'])).toContain(number);
  }
});

const loneSurrogates = fc.string({ unit: fc.constantFrom('a', '\ud800', '\udbff', '\udc00', '📦'), minLength: 1 });

test('ill-formed text anywhere never gets into value, key or headers: it is mended, and in an identifier quarantined', () => {
  fc.assert(fc.property(fc.constantFrom(...samples), loneSurrogates, fc.nat(), (sample, text, index) => {
    const payload = structuredClone(sample.payload);
    const places = objectsOf(payload);
    const object = at(payload, places[index % places.length] ?? '');
    const names = Object.keys(object).filter((name) => typeof object[name] === 'string');
    const name = names[index % Math.max(1, names.length)] ?? 'unknown';
    object[name] = text;
    object[`${text}${text}`] = { [text]: [text] };
    const sent = webhook(sample, { payload, [`x${text}`]: text, source: { platform: text, integration_id: 'acme', [text]: text } });
    const prepared = prepare(sent);
    if (prepared.kind === 'unusable') {
      // A time or a number of an id is no text; all else is an identifier.
      expect(['invalid_identifier', 'schema_violation'], JSON.stringify(prepared)).toContain(prepared.reason);
      if (prepared.reason === 'invalid_identifier') expect([/[/_]id$/.test(prepared.path), text.isWellFormed()]).toStrictEqual([true, false]);
      return;
    }
    const record = logged(sent, prepared);
    const decoded = createDecoder(prepared.contract.record)(record.value.subarray(5));
    const strings = JSON.stringify([decoded, record.key, record.headers]);
    // JSON.stringify writes an unpaired surrogate as an escape; inside a JSON text it has one more backslash.
    expect(strings).not.toMatch(/\\ud[89a-f]/i);
    expect(JSON.parse(JSON.stringify(decoded)), 'what was encoded is what was prepared').toStrictEqual(JSON.parse(JSON.stringify(prepared.record)));
  }), { numRuns: 2_000 });
});
