// kafkajs 2.2.4 makes a buffer for each header of a record, twice over: 22 µs of CPU for one of our
// events, more than validating it takes. A record is written here into one buffer of its size. The
// bytes are the same, which is checked against kafkajs's own encoder before the first record.
import { createRequire } from 'node:module';

type Bytes = Buffer | string;

export interface EncodableRecord {
  readonly offsetDelta: number;
  readonly timestampDelta: number;
  readonly key?: Bytes | null;
  readonly value: Bytes | null;
  readonly headers?: Readonly<Record<string, Bytes | readonly Bytes[] | undefined>>;
}

/** What kafkajs copies into the batch. */
export interface EncodedRecord {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

export type EncodeRecord = (record: EncodableRecord) => EncodedRecord;

const zigZag = (value: number): number => (value >= 0 ? value * 2 : value * -2 - 1);

function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = zigZag(value); rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

const lengthOf = (bytes: Bytes | null | undefined): number =>
  (bytes === null || bytes === undefined ? -1 : typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length);

/** With its length before it; a missing one has the length -1. */
const sizeOf = (length: number): number => sizeOfVarint(length) + Math.max(0, length);

function writeVarint(into: Buffer, at: number, value: number): number {
  let [next, rest] = [at, zigZag(value)];
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) into[next++] = (rest % 0x80) | 0x80;
  into[next++] = rest;
  return next;
}

function writeBytes(into: Buffer, at: number, bytes: Bytes | null | undefined, length: number): number {
  const next = writeVarint(into, at, length);
  if (typeof bytes === 'string') into.write(bytes, next, length, 'utf8');
  else if (bytes !== null && bytes !== undefined) into.set(bytes, next);
  return next + Math.max(0, length);
}

function pairsOf(headers: EncodableRecord['headers']): (readonly [name: string, value: Bytes])[] {
  return Object.entries(headers ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly Bytes[]).map((one) => [name, one] as const) : [[name, value as Bytes] as const]));
}

/** Longer ones take three bytes for their length. */
const TWO_BYTE_LENGTHS = 8_192;
const ONE_BYTE_LENGTHS = Array.from({ length: 64 }, (_, length) => String.fromCharCode(zigZag(length)));
const lengthInText = (length: number): string =>
  ONE_BYTE_LENGTHS[length] ?? String.fromCharCode((zigZag(length) % 0x80) | 0x80, Math.floor(zigZag(length) / 0x80));

const isShortAscii = (text: string): boolean => text.length < TWO_BYTE_LENGTHS && Buffer.byteLength(text) === text.length;

/** All headers as one text, a character a byte, which is written by one call; null where one is no ASCII. Ours nearly always are. */
function inOneText(headers: EncodableRecord['headers'] = {}): string | null {
  let all = '';
  for (const [name, text] of Object.entries(headers)) {
    if (typeof text !== 'string' || !isShortAscii(text) || !isShortAscii(name)) return null;
    all += lengthInText(name.length) + name + lengthInText(text.length) + text;
  }
  return all;
}

interface Headers {
  readonly count: number;
  readonly bytes: number;
  /** @returns where they end. */
  readonly write: (into: Buffer, at: number) => number;
}

function headersOf(headers: EncodableRecord['headers'] = {}): Headers {
  const text = inOneText(headers);
  if (text !== null) return { count: Object.keys(headers).length, bytes: text.length, write: (into, at) => at + into.write(text, at, 'latin1') };
  const parts = pairsOf(headers).flat();
  return {
    count: parts.length / 2,
    bytes: parts.reduce((sum, part) => sum + sizeOf(lengthOf(part)), 0),
    write: (into, at) => parts.reduce((next, part) => writeBytes(into, next, part, lengthOf(part)), at),
  };
}

export const encodeRecord: EncodeRecord = ({ offsetDelta, timestampDelta, key, value, headers }) => {
  const { count, bytes, write } = headersOf(headers);
  const [keyLength, valueLength] = [lengthOf(key), lengthOf(value)];
  const size = 1 + sizeOfVarint(timestampDelta) + sizeOfVarint(offsetDelta) + sizeOf(keyLength) + sizeOf(valueLength) + sizeOfVarint(count) + bytes;
  const into = Buffer.allocUnsafe(sizeOfVarint(size) + size);
  let at = writeVarint(into, 0, size);
  // Attributes, of which there are none.
  into[at++] = 0;
  at = writeVarint(into, at, timestampDelta);
  at = writeVarint(into, at, offsetDelta);
  at = writeBytes(into, at, key, keyLength);
  at = writeBytes(into, at, value, valueLength);
  write(into, writeVarint(into, at, count));
  return { buf: into, buffer: into };
};

const RECORD = 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
/** Takes the encoder when it is loaded, with the first batch. */
const TAKER = 'kafkajs/src/protocol/requests/produce/v3/request.js';

const samples: readonly EncodableRecord[] = [
  { offsetDelta: 0, timestampDelta: 0, key: 'TKT-é', value: Buffer.alloc(300, 7), headers: { a: 'b', 'content-type': 'ü'.repeat(70), twice: ['1', Buffer.from('2')] } },
  { offsetDelta: 200, timestampDelta: 70_000, key: null, value: null },
];

/** @throws Error when kafkajs is not the one that this was written for. */
export function useRecordEncoder(): void {
  const require = createRequire(import.meta.url);
  const original = require(RECORD) as EncodeRecord;
  // Perhaps by another copy of this module.
  if (original.name === encodeRecord.name) return;
  const module = require.cache[require.resolve(RECORD)];
  if (module === undefined || require.cache[require.resolve(TAKER)] !== undefined) throw new Error('kafkajs loads its record encoder in another order than this was written for');
  for (const sample of samples) {
    if (!original(sample).buffer.equals(encodeRecord(sample).buffer)) throw new Error('kafkajs writes records otherwise than this was written for');
  }
  module.exports = encodeRecord;
}
