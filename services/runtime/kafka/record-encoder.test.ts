import { createRequire } from 'node:module';
import fc from 'fast-check';
import type { Message } from 'kafkajs';
import { expect, test } from 'vitest';
import { encodeRecord, takeEncodedRecords, toMessage, type CreateRequest, type EncodableRecord } from './record-encoder.ts';

const require = createRequire(import.meta.url);
const REQUEST = 'kafkajs/src/protocol/requests/produce/v3/request.js';
takeEncodedRecords();
const createRequest = require(REQUEST) as CreateRequest;

const text = fc.string({ unit: 'binary', maxLength: 300 });
const record = fc.record({
  key: fc.option(text), value: fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))), headers: fc.dictionary(text, text, { maxKeys: 15 }),
});
const batches = fc.array(fc.tuple(fc.nat(2 ** 31 - 1), fc.array(fc.tuple(record, fc.nat(100_000)), { minLength: 1, maxLength: 70 })), { minLength: 1, maxLength: 4 });
const topics = fc.array(fc.tuple(text, batches), { minLength: 1, maxLength: 3 });
const FIRST_MS = 1_780_000_000_000;

/** Of records that come one after the other, so much later each. */
async function requestsOf(sent: readonly (readonly [topic: string, batches: readonly (readonly [partition: number, records: readonly (readonly [EncodableRecord, number])[]])[]])[]): Promise<[ours: Buffer, theirs: Buffer]> {
  const encoded = (make: (partition: number, records: readonly (readonly [EncodableRecord, number])[]) => readonly Message[]): Promise<Buffer> =>
    createRequest({ acks: -1, timeout: 3_000, topicData: sent.map(([topic, of]) => ({ topic, partitions: of.map(([partition, records]) => ({ partition, messages: make(partition, records) })) })) })
      .encode().then(({ buffer }) => buffer);
  return Promise.all([
    encoded((partition, records) => [toMessage(partition, records.map(([one, later]) => encodeRecord(one, FIRST_MS + later)))]),
    encoded((partition, records) => records.map(([one, later]) => ({ partition, ...one, headers: { ...one.headers }, timestamp: String(FIRST_MS + later) }))),
  ]);
}

const inOrder = (sent: Parameters<typeof requestsOf>[0]): Parameters<typeof requestsOf>[0] =>
  sent.map(([topic, of]) => [topic, of.map(([partition, records]) => [partition, records.toSorted(([, a], [, b]) => a - b)])]);

test("a request has the bytes that kafkajs's own encoder writes", async () => {
  await fc.assert(fc.asyncProperty(topics, async (sent) => {
    const [ours, theirs] = await requestsOf(inOrder(sent));
    expect(ours.equals(theirs)).toBe(true);
  }), { numRuns: 300 });
  for (const length of [63, 64, 65, 8_191, 8_192, 70_000, 1_048_576]) {
    const some = { key: 'k'.repeat(length), value: Buffer.alloc(length, 1), headers: { ['h'.repeat(length)]: 'ü'.repeat(length), short: 'é' } };
    const [ours, theirs] = await requestsOf([['log', [[3, [[some, 0], [some, length]]]]]]);
    expect(ours.equals(theirs), String(length)).toBe(true);
  }
}, 60_000);

test('once is enough, and what kafkajs would encode by itself is refused, not written as something else', () => {
  takeEncodedRecords();
  expect(require(REQUEST)).toBe(createRequest);
  expect(() => String(toMessage(0, []).value)).toThrow('does not take encoded records');
});
