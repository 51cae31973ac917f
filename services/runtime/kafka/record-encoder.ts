// Records as Kafka has them. kafkajs 2.2.4 makes a buffer for each header of a record, twice over, puts the messages of a partition
// together by copying them all for each, copies a batch five times and takes a byte of it at a time for its checksum: 20 µs of CPU
// for one of our events. Here a record is written once, when it is appended, and a request once, when it is sent. A test holds
// the bytes against those of kafkajs's own encoder.
import { createRequire } from 'node:module';
import type { Message } from 'kafkajs';
import { mostBytes, type NewRecord } from '../event-log.ts';
import { crc32c } from './crc32c.ts';

/** A record that lacks only its place in a batch. */
export interface EncodedRecord {
  readonly timestampMs: number;
  /** Key, value and headers. */
  readonly bytes: Buffer;
}

const zigZag = (value: number): number => (value >= 0 ? value * 2 : value * -2 - 1);

function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = zigZag(value); rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** What writes returns where that ends. */
function writeVarint(into: Buffer, at: number, value: number): number {
  let [next, rest] = [at, zigZag(value)];
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) into[next++] = (rest % 0x80) | 0x80;
  into[next++] = rest;
  return next;
}

/** A longer one is written faster by one call than character by character. */
const SHORT = 64;

/** With its length before it. Nearly all of ours are short and ASCII, where a character is a byte. */
function writeText(into: Buffer, start: number, text: string): number {
  if (text.length > SHORT) return writeAnyText(into, start, text);
  let at = writeVarint(into, start, text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) return writeAnyText(into, start, text);
    into[at++] = code;
  }
  return at;
}

function writeAnyText(into: Buffer, start: number, text: string): number {
  const length = Buffer.byteLength(text);
  const at = writeVarint(into, start, length);
  return at + into.write(text, at, length, 'utf8');
}

function writeBytes(into: Buffer, start: number, bytes: Buffer | null): number {
  const at = writeVarint(into, start, bytes === null ? -1 : bytes.length);
  return bytes === null ? at : at + bytes.copy(into, at);
}

/** Records are written one behind the other, so that none needs to be measured before. */
const SHEET_BYTES = 65_536;
let sheet = Buffer.alloc(0);
let used = 0;

export type EncodableRecord = Omit<NewRecord<Buffer | null>, 'key'> & { readonly key: string | null };

export function encodeRecord(record: EncodableRecord, timestampMs: number): EncodedRecord {
  const { key, value, headers } = record;
  const most = mostBytes(record);
  if (used + most > sheet.length) [sheet, used] = [Buffer.allocUnsafeSlow(Math.max(SHEET_BYTES, most)), 0];
  const start = used;
  let at = key === null ? writeVarint(sheet, start, -1) : writeText(sheet, start, key);
  at = writeBytes(sheet, at, value);
  const names = Object.keys(headers);
  at = writeVarint(sheet, at, names.length);
  for (const name of names) at = writeText(sheet, writeText(sheet, at, name), headers[name] ?? '');
  used = at;
  return { timestampMs, bytes: sheet.subarray(start, at) };
}

/** Of a record besides its bytes, at the most: its length, its attributes, and how far its time and offset are from the first one's. */
export const RECORD_OVERHEAD = 20;

/** Of a batch, before its records. */
const HEAD_BYTES = 61;
/** Where its checksum begins. */
const CHECKED_FROM = 21;
const MAGIC = 2;

function sizeOfRecord({ bytes, timestampMs }: EncodedRecord, index: number, baseMs: number): number {
  return 1 + sizeOfVarint(timestampMs - baseMs) + sizeOfVarint(index) + bytes.length;
}

function sizeOfBatch(records: readonly EncodedRecord[]): number {
  const baseMs = records[0]?.timestampMs ?? 0;
  return records.reduce((sum, record, index) => {
    const size = sizeOfRecord(record, index, baseMs);
    return sum + sizeOfVarint(size) + size;
  }, HEAD_BYTES);
}

function writeBatch(into: Buffer, start: number, records: readonly EncodedRecord[]): number {
  const baseMs = records[0]?.timestampMs ?? 0;
  let at = start + HEAD_BYTES;
  let maxMs = baseMs;
  for (const [index, record] of records.entries()) {
    maxMs = Math.max(maxMs, record.timestampMs);
    at = writeVarint(into, at, sizeOfRecord(record, index, baseMs));
    // Attributes, of which there are none.
    into[at++] = 0;
    at = writeVarint(into, writeVarint(into, at, record.timestampMs - baseMs), index);
    at += record.bytes.copy(into, at);
  }
  // Offset of the first and epoch of the leader are Kafka's to fill in; attributes, epoch and sequence of a producer are none.
  into.fill(0, start, start + HEAD_BYTES);
  into.writeInt32BE(at - start - 12, start + 8);
  into[start + 16] = MAGIC;
  into.writeInt32BE(records.length - 1, start + 23);
  into.writeBigInt64BE(BigInt(baseMs), start + 27);
  into.writeBigInt64BE(BigInt(maxMs), start + 35);
  into.writeBigInt64BE(-1n, start + 43);
  into.writeInt32BE(records.length, start + 57);
  into.writeUInt32BE(crc32c(into.subarray(start + CHECKED_FROM, at)), start + 17);
  return at;
}

/** By name, since a process may have several copies of this module. */
const RECORDS = Symbol.for('ticketstream.records');

/** All records for a partition, as the one message that kafkajs sees. */
export function toMessage(partition: number, records: readonly EncodedRecord[]): Message {
  // kafkajs's own encoder, should it ever get one, asks for its text.
  const value = { [RECORDS]: records, toString: () => { throw new Error('kafkajs does not take encoded records'); } };
  return { partition, value: value as unknown as Buffer };
}

const recordsIn = ({ value }: Message): readonly EncodedRecord[] | undefined =>
  (value as unknown as { readonly [RECORDS]?: readonly EncodedRecord[] } | null)?.[RECORDS];

interface ProduceRequest {
  readonly acks: number;
  readonly timeout: number;
  readonly topicData: readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number; readonly messages: readonly Message[] }[] }[];
}

function encodeRequest({ acks, timeout, topicData }: ProduceRequest): Buffer {
  const topics = topicData.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition, messages }) => {
      const records = messages.flatMap((message) => recordsIn(message) ?? []);
      return { partition, records, size: sizeOfBatch(records) };
    }),
  }));
  const size = topics.reduce((sum, { topic, partitions }) => sum + 6 + Buffer.byteLength(topic) + partitions.reduce((all, batch) => all + 8 + batch.size, 0), 12);
  const into = Buffer.allocUnsafe(size);
  // Of no transaction.
  into.writeInt16BE(-1, 0);
  into.writeInt16BE(acks, 2);
  into.writeInt32BE(timeout, 4);
  let at = into.writeInt32BE(topics.length, 8);
  for (const { topic, partitions } of topics) {
    at = into.writeInt16BE(Buffer.byteLength(topic), at);
    at += into.write(topic, at, 'utf8');
    at = into.writeInt32BE(partitions.length, at);
    for (const batch of partitions) {
      at = into.writeInt32BE(batch.partition, at);
      at = into.writeInt32BE(batch.size, at);
      at = writeBatch(into, at, batch.records);
    }
  }
  return into;
}

/** What kafkajs copies into a request. */
interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

export type CreateRequest = (request: ProduceRequest) => { readonly encode: () => Promise<Encoded> };

const REQUEST = 'kafkajs/src/protocol/requests/produce/v3/request.js';
/** Takes the former when it is loaded, with the first request. */
const TAKER = 'kafkajs/src/protocol/requests/produce/v4/request.js';

/** @throws Error when kafkajs is not the one that this was written for. */
export function takeEncodedRecords(): void {
  const require = createRequire(import.meta.url);
  const original = require(REQUEST) as CreateRequest;
  // Perhaps by another copy of this module.
  if (original.name === 'createProduceRequest') return;
  const module = require.cache[require.resolve(REQUEST)];
  const { version } = require('kafkajs/package.json') as { version: string };
  if (module === undefined || require.cache[require.resolve(TAKER)] !== undefined || version !== '2.2.4') throw new Error('this kafkajs is not the one whose requests are made here');
  module.exports = function createProduceRequest(request: ProduceRequest): ReturnType<CreateRequest> {
    const made = original(request);
    const isOurs = request.topicData.some(({ partitions }) => partitions.some(({ messages }) => messages.some((message) => recordsIn(message) !== undefined)));
    if (!isOurs) return made;
    return { ...made, encode: () => {
      const buffer = encodeRequest(request);
      return Promise.resolve({ buf: buffer, buffer });
    } };
  };
}
