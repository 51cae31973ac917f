// Random record batches, by kafkajs's own decoder and by the one that stands in its place.
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { encodeLong } from '../avro/avro.ts';
import { replaceRecordDecoder, type DecodedRecord } from './record-decoder.ts';

const require = createRequire(import.meta.url);
const protocol = 'kafkajs/src/protocol';
const own = require.resolve(`${protocol}/recordBatch/record/v0/decoder`);
const ofBatches = require.resolve(`${protocol}/recordBatch/v0/decoder`);

type DecodeBatch = (cursor: object) => Promise<{ readonly records: readonly DecodedRecord[] }>;

/** What kafkajs decodes batches with, loaded anew; what other tests of this process use stays as it is. */
function decodeBatchWith(prepare: () => void): DecodeBatch {
  const before = [own, ofBatches].map((path) => [path, require.cache[path]] as const);
  for (const [path] of before) Reflect.deleteProperty(require.cache, path);
  try {
    prepare();
    return require(ofBatches) as DecodeBatch;
  } finally {
    for (const [path, module] of before) {
      if (module === undefined) Reflect.deleteProperty(require.cache, path);
      else require.cache[path] = module;
    }
  }
}

/** Numbers from 0 up to 1, the same each time. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

class BatchMaker {
  readonly #random: Generator<number, never>;

  constructor(seed: number) {
    this.#random = random(seed);
  }

  #below(end: number): number {
    return Math.floor(this.#random.next().value * end);
  }

  #bytes(upTo: number): Buffer {
    if (this.#below(5) === 0) return encodeLong(-1);
    const bytes = Buffer.from(Array.from({ length: this.#below(upTo) }, () => this.#below(256)));
    return Buffer.concat([encodeLong(bytes.length), bytes]);
  }

  #header(): Buffer {
    const name = Buffer.from(['a', 'ce_id', 'größe', '', 'x'.repeat(100)][this.#below(5)] ?? '');
    return Buffer.concat([encodeLong(name.length), name, this.#bytes(90)]);
  }

  #record(offsetDelta: number): Buffer {
    const headers = Array.from({ length: this.#below(14) }, () => this.#header());
    const timestampDelta = this.#below(3) === 0 ? this.#below(2 ** 41) - 2 ** 40 : this.#below(500);
    const body = Buffer.concat([Buffer.from([0]), encodeLong(timestampDelta), encodeLong(offsetDelta), this.#bytes(40), this.#bytes(400), encodeLong(headers.length), ...headers]);
    return Buffer.concat([encodeLong(body.length), body]);
  }

  make(): Buffer {
    const [compressed, appended, transactional, control] = Array.from({ length: 4 }, () => this.#below(3) === 0);
    const count = 1 + this.#below(20);
    const records = Buffer.concat(Array.from({ length: count }, (_, index) => this.#record(index * (1 + this.#below(3)))));
    const rest = Buffer.alloc(49);
    rest.writeInt8(2, 4);
    rest.writeInt16BE((compressed ? 1 : 0) + (appended ? 8 : 0) + (transactional ? 16 : 0) + (control ? 32 : 0), 9);
    rest.writeInt32BE(count - 1, 11);
    rest.writeBigInt64BE(BigInt(this.#below(10) === 0 ? -1 : 1_700_000_000_000 + this.#below(1e11)), 15);
    rest.writeBigInt64BE(BigInt(1_700_000_000_000 + this.#below(1e11)), 23);
    rest.writeBigInt64BE(-1n, 31);
    rest.writeInt32BE(count, 45);
    const first = Buffer.alloc(12);
    first.writeBigInt64BE(BigInt(this.#below(2 ** 45)), 0);
    const body = Buffer.concat([rest, compressed ? gzipSync(records) : records]);
    first.writeInt32BE(body.length, 8);
    return Buffer.concat([first, body]);
  }
}

const Cursor = require(`${protocol}/decoder`) as new (buffer: Buffer) => object;
const recordsOf = async (decode: DecodeBatch, bytes: Buffer): Promise<readonly DecodedRecord[]> => (await decode(new Cursor(bytes))).records;

const fieldsOf = ({ magicByte, attributes, timestamp, offset, key, value, headers, isControlRecord, batchContext }: DecodedRecord): object =>
  ({ magicByte, attributes, timestamp, offset, key, value, headers, isControlRecord, batchContext });

test('a record says the same, by whichever it is decoded', async () => {
  const theirs = decodeBatchWith(() => undefined);
  const ours = decodeBatchWith(replaceRecordDecoder);
  expect(ours).not.toBe(theirs);
  const maker = new BatchMaker(7);
  for (let i = 0; i < 200; i++) {
    const bytes = maker.make();
    const [found, wanted] = await Promise.all([ours, theirs].map(async (decode) => (await recordsOf(decode, bytes)).map(fieldsOf)));
    for (const record of await recordsOf(ours, bytes)) {
      for (const [name, value] of Object.entries(record.headers)) expect(record.header(Buffer.from(name)), name).toBe(String((Array.isArray(value) ? value[0] : value) ?? ''));
      expect(record.header(Buffer.from('ce_ie'))).toBe(undefined);
    }
    expect(JSON.stringify(found)).toBe(JSON.stringify(wanted));
  }
});

test('where kafkajs has decoded before, it is not replaced unseen', () => {
  expect(() => decodeBatchWith(() => {
    require(ofBatches);
    replaceRecordDecoder();
  })).toThrow('was used before it');
});
