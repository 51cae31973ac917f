// kafkajs 2.2.4 spends more on decoding a record than everything after it: sums of 64 bits by BigInt, and a new object for
// each header, of which an event has twelve (9 to 20 µs a record). Here numbers are plain ones, and headers are decoded when
// somebody asks for them. What comes out is the same; record-decoder.test.ts holds the two against each other.
import { createRequire } from 'node:module';
import { RuntimeError } from '../errors.ts';

/** Of kafkajs: where it reads. */
interface Cursor {
  readonly buffer: Buffer;
  offset: number;
}

interface BatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly maxTimestamp: string;
  readonly timestampType: number;
  readonly magicByte: number;
  readonly isControlBatch?: boolean;
}

type HeaderValue = Buffer | null;

export type RecordDecoder = (cursor: Cursor, batch: BatchContext) => DecodedRecord;

const KAFKAJS = '2.2.4';
const LOG_APPEND_TIME = 1;

let position = 0;

/** A zigzag number of up to 53 bits at `position`, which moves behind it. */
function readVarint(buffer: Buffer): number {
  let value = 0;
  let factor = 1;
  for (;;) {
    const byte = buffer[position++] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    factor *= 128;
  }
}

function readBytes(buffer: Buffer): HeaderValue {
  const length = readVarint(buffer);
  if (length < 0) return null;
  const start = position;
  position += length;
  return buffer.subarray(start, position);
}

export class DecodedRecord {
  readonly magicByte: number;
  /** Of the record itself; unused by Kafka. */
  readonly attributes: number;
  readonly timestamp: string;
  readonly offset: string;
  readonly key: HeaderValue;
  readonly value: HeaderValue;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
  readonly #buffer: Buffer;
  readonly #headersAt: number;

  constructor(cursor: Cursor, batch: BatchContext) {
    const { buffer } = cursor;
    position = cursor.offset;
    this.magicByte = batch.magicByte;
    this.attributes = buffer.readInt8(position++);
    const timestampDelta = readVarint(buffer);
    const isAppended = batch.timestampType === LOG_APPEND_TIME && batch.maxTimestamp !== '';
    this.timestamp = isAppended ? batch.maxTimestamp : String(Number(batch.firstTimestamp) + timestampDelta);
    this.offset = String(Number(batch.firstOffset) + readVarint(buffer));
    this.key = readBytes(buffer);
    this.value = readBytes(buffer);
    this.isControlRecord = batch.isControlBatch ?? false;
    this.batchContext = batch;
    this.#buffer = buffer;
    this.#headersAt = position;
  }

  /** Of a name that comes again, all values. */
  get headers(): Record<string, HeaderValue | HeaderValue[]> {
    const headers: Record<string, HeaderValue | HeaderValue[]> = {};
    position = this.#headersAt;
    for (let left = readVarint(this.#buffer); left > 0; left--) {
      const name = String(readBytes(this.#buffer));
      const value = readBytes(this.#buffer);
      const before = headers[name];
      headers[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
    }
    return headers;
  }

  /** The text of one header, the first of its name, without decoding the others. */
  header(name: Buffer): string | undefined {
    const buffer = this.#buffer;
    position = this.#headersAt;
    for (let left = readVarint(buffer); left > 0; left--) {
      const nameBytes = readVarint(buffer);
      const found = nameBytes === name.length && isAt(buffer, name);
      position += nameBytes;
      const bytes = Math.max(0, readVarint(buffer));
      if (found) return buffer.toString('utf8', position, position + bytes);
      position += bytes;
    }
    return undefined;
  }
}

/** Whether these bytes are there from `position` on. */
function isAt(buffer: Buffer, bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) if (buffer[position + i] !== bytes[i]) return false;
  return true;
}

/**
 * Puts it in the place of kafkajs's own, which is loaded with the first answer to a fetch.
 * @throws RuntimeError where this is another kafkajs, or that has happened.
 */
export function replaceRecordDecoder(): void {
  const require = createRequire(import.meta.url);
  const { version } = require('kafkajs/package.json') as { version: string };
  const own = 'kafkajs/src/protocol/recordBatch/record/v0/decoder';
  const replaced = isReplaced(require(own) as RecordDecoder);
  const isInUse = require.cache[require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder')] !== undefined;
  const module = require.cache[require.resolve(own)];
  if (version !== KAFKAJS || module === undefined || (isInUse && !replaced)) {
    throw new RuntimeError('CONFIG_INVALID', `kafkajs ${version} is not the ${KAFKAJS} that record-decoder.ts was made for, or was used before it: compare their decoders`);
  }
  module.exports = decodeRecord;
}

/** By its name, since a test may have loaded this file twice. */
const isReplaced = ({ name }: RecordDecoder): boolean => name === decodeRecord.name;

function decodeRecord(cursor: Cursor, batch: BatchContext): DecodedRecord {
  return new DecodedRecord(cursor, batch);
}
