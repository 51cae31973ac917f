import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeRecord, useRecordEncoder, type EncodeRecord } from './record-encoder.ts';

const require = createRequire(import.meta.url);
const RECORD = 'kafkajs/src/protocol/recordBatch/record/v0/index.js';

/** kafkajs's own, whether or not it was replaced in this process. */
function ownOfKafkajs(): EncodeRecord {
  const path = require.resolve(RECORD);
  const loaded = require.cache[path];
  Reflect.deleteProperty(require.cache, path);
  const own = require(RECORD) as EncodeRecord;
  if (loaded === undefined) Reflect.deleteProperty(require.cache, path);
  else require.cache[path] = loaded;
  return own;
}

const text = fc.string({ unit: 'binary', maxLength: 300 });
const bytes = fc.oneof(text, fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)));
const record = fc.record({
  offsetDelta: fc.nat(100_000), timestampDelta: fc.oneof(fc.nat(1_000), fc.integer({ min: -(2 ** 31), max: 2 ** 40 })),
  key: fc.option(bytes), value: fc.option(bytes), headers: fc.dictionary(text, fc.oneof(bytes, fc.array(bytes, { maxLength: 3 })), { maxKeys: 15 }),
}, { requiredKeys: ['offsetDelta', 'timestampDelta', 'value'] });

test("a record has the bytes that kafkajs's own encoder writes", () => {
  const original = ownOfKafkajs();
  expect(original.name).not.toBe(encodeRecord.name);
  fc.assert(fc.property(record, (some) => {
    expect(encodeRecord(some).buffer.equals(original(some).buffer)).toBe(true);
  }), { numRuns: 3_000 });
  for (const length of [63, 64, 8_191, 8_192, 1_048_575, 1_048_576]) {
    const some = { offsetDelta: length, timestampDelta: length, key: 'k'.repeat(length), value: Buffer.alloc(length, 1), headers: { ['h'.repeat(length)]: 'v'.repeat(length) } };
    expect(encodeRecord(some).buffer.equals(original(some).buffer), String(length)).toBe(true);
  }
});

test('kafkajs takes it for its batches, and once is enough', () => {
  useRecordEncoder();
  useRecordEncoder();
  expect((require(RECORD) as EncodeRecord).name).toBe(encodeRecord.name);
});
