import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileSkim } from './skim.ts';
import { createDecoder, createEncoder, encodeLong, unframe } from './avro.ts';

const schema = {
  type: 'record', name: 'Sample', namespace: 'test',
  fields: [
    { name: 'event_id', type: 'string' },
    { name: 'ticket_id', type: 'string' },
    { name: 'source', type: { type: 'record', name: 'Source', fields: [{ name: 'integration_id', type: 'string' }] } },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'count', type: 'long' },
    { name: 'flag', type: 'boolean' },
    { name: 'files', type: { type: 'array', items: { type: 'record', name: 'File', fields: [{ name: 'url', type: 'string' }] } } },
    { name: 'more', type: { type: 'array', items: 'File' } },
    { name: 'extra', type: { type: 'map', values: 'string' } },
  ],
};
const encode = createEncoder(schema, 7);
const skim = compileSkim(schema);
const decode = createDecoder(schema);

// The encoder's longs reach ±2^52; beyond, the door quarantines.
const value = fc.record({
  event_id: fc.string(), ticket_id: fc.string({ unit: 'grapheme' }), source: fc.record({ integration_id: fc.string() }),
  note: fc.option(fc.string()), count: fc.maxSafeInteger().map((whole) => Math.trunc(whole / 2)), flag: fc.boolean(),
  files: fc.array(fc.record({ url: fc.string() })), more: fc.array(fc.record({ url: fc.string() })),
  extra: fc.dictionary(fc.string(), fc.string()),
});

const bodyOf = (sample: unknown): Buffer => {
  const framed = unframe(encode(sample));
  expect.assert(framed.ok);
  return framed.body;
};

test('finds the end and the identity of every valid body', () => {
  fc.assert(fc.property(value, (sample) => {
    expect(skim(bodyOf(sample))).toStrictEqual({
      ok: true,
      identity: { event_id: sample.event_id, ticket_id: sample.ticket_id, integration_id: sample.source.integration_id },
    });
  }));
});

test('tells a truncated body from one with trailing bytes', () => {
  fc.assert(fc.property(value, fc.nat(), (sample, cut) => {
    const body = bodyOf(sample);
    expect(skim(body.subarray(0, cut % body.length))).toStrictEqual({ ok: false, reason: 'truncated' });
    expect(skim(Buffer.concat([body, Buffer.from([0])]))).toStrictEqual({ ok: false, reason: 'trailing_bytes' });
  }));
});

test('agrees with a full decoder on arbitrary bytes, and never throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    const body = Buffer.from(bytes);
    if (!skim(body).ok) return;
    expect(decode(body)).toBeTruthy();
  }), { numRuns: 5_000 });
});

test('refuses an array that claims more items than bytes remain, without allocating them', () => {
  const body = bodyOf({ event_id: 'e', ticket_id: 't', source: { integration_id: 'i' }, note: null, count: 1, flag: true, files: [], more: [], extra: {} });
  const upToFiles = body.subarray(0, body.length - 3);
  const hostile = Buffer.concat([upToFiles, encodeLong(200_000_000), Buffer.from([0, 0, 0])]);
  expect(skim(hostile)).toStrictEqual({ ok: false, reason: 'truncated' });
});

test('an identity that is no UTF-8 is told: as text it would be another one', () => {
  const sample = { event_id: 'e', ticket_id: 'T??', source: { integration_id: 'i' }, note: null, count: 1, flag: true, files: [], more: [], extra: {} };
  const body = bodyOf(sample);
  const at = body.indexOf('??');
  expect(skim(Buffer.concat([body.subarray(0, at), Buffer.from([0xed, 0xa0]), body.subarray(at + 2)]))).toStrictEqual({ ok: false, reason: 'ill_formed_text' });
  expect(skim(body)).toStrictEqual({ ok: true, identity: { event_id: 'e', ticket_id: 'T??', integration_id: 'i' } });
  expect(skim(bodyOf({ ...sample, ticket_id: 'T\ufffd' })).ok, 'U+FFFD itself is a character like any other').toBe(true);
});

test('reads every record of the contract', () => {
  for (const folder of ['ticket-created', 'message-received', 'status-changed', 'agent-assigned', 'escalation-fired']) {
    const record = JSON.parse(readFileSync(new URL(`../../../schemas/${folder}/record.avsc`, import.meta.url), 'utf8')) as object;
    expect(() => compileSkim(record), folder).not.toThrow();
  }
});
