// Where a word is on a disk: in the bytes of every file, however they are written, and in what they hold packed. What can't be unpacked
// is an error, since the word could be in it.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decompress as unzstd } from 'fzstd';
import { unpackBlock } from '../../infra/local/clickhouse/blocks/blocks.ts';

/** An ASCII word as plain text, UTF-16 of both orders, hex, base64 from each of three places, and the escapes of JSON and URLs. */
function writings(word: string): readonly Buffer[] {
  const bytes = Buffer.from(word);
  const hex = bytes.toString('hex');
  // Of base64 the characters at both ends depend on what stands beside the word.
  const base64 = [0, 1, 2].map((before) => Buffer.concat([Buffer.alloc(before), bytes]).toString('base64').replace(/=+$/, '').slice(before === 0 ? 0 : before + 1, -1));
  const escaped = (start: string, digits: number): string => [...bytes].map((byte) => start + byte.toString(16).padStart(digits, '0')).join('');
  const texts = [word, word.toUpperCase(), hex, hex.toUpperCase(), ...base64, ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')), escaped('\\u', 4), escaped('%', 2)];
  // Without its last byte the one order is in the other.
  return [...texts.map((text) => Buffer.from(text)), Buffer.from(word, 'utf16le').subarray(0, -1)];
}

const CLICKHOUSE_METHODS = new Set([0x02, 0x82, 0x90]);
const CLICKHOUSE_HEAD = 25;

/** A file of ClickHouse's blocks: checksum, method, sizes, data. Null for what is none. */
function clickhouseBlocks(file: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + CLICKHOUSE_HEAD <= file.length && CLICKHOUSE_METHODS.has(file.readUInt8(at + 16))) {
    const end = at + 16 + file.readUInt32LE(at + 17);
    if (end > file.length) break;
    try {
      parts.push(Buffer.from(unpackBlock(file.subarray(at, end))));
    } catch {
      break;
    }
    at = end;
  }
  return parts.length === 0 ? null : Buffer.concat(parts);
}

const KAFKA_HEAD = 61;
const LZ4_FRAME = 0x184d2204;

function unpackedBatch(codec: number, packed: Buffer): Buffer {
  if (codec === 1) return gunzipSync(packed);
  if (codec === 4) return Buffer.from(unzstd(packed));
  throw new Error(`a batch of Kafka is packed by codec ${codec}, which this search does not read`);
}

/** The packed batches of one of Kafka's segments; those that aren't are read as they lie. */
function kafkaBatches(file: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 0; at + KAFKA_HEAD <= file.length && file.readUInt8(at + 16) === 2; ) {
    const end = at + 12 + file.readUInt32BE(at + 8);
    if (end > file.length || end <= at + KAFKA_HEAD - 1) break;
    const codec = file.readUInt16BE(at + 21) & 7;
    if (codec !== 0) parts.push(unpackedBatch(codec, file.subarray(at + KAFKA_HEAD, end)));
    at = end;
  }
  return parts.length === 0 ? null : Buffer.concat(parts);
}

/** What a file holds: itself, and what it has packed. */
export function contentsOf(path: string, file: Buffer): readonly Buffer[] {
  if (file.length < 8) return [file];
  const magic = file.readUInt32LE(0);
  if ((magic & 0xffff) === 0x8b1f) return [file, ...contentsOf(path, gunzipSync(file))];
  if (magic === 0xfd2fb528) return [file, ...contentsOf(path, Buffer.from(unzstd(file)))];
  if (magic === LZ4_FRAME || file.subarray(0, 4).toString() === 'PAR1' || magic === 0x04034b50) throw new Error(`${path} is packed in a way that this search does not read`);
  const packed = path.endsWith('.log') ? kafkaBatches(file) : clickhouseBlocks(file);
  return packed === null ? [file] : [file, packed];
}

export interface Found {
  readonly path: string;
  readonly isPacked: boolean;
}

/** Files may go away meanwhile. */
async function* filesIn(folder: string): AsyncGenerator<string> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) if (entry.isFile()) yield join(entry.parentPath, entry.name);
}

/** Every file that has one of the words in it, or in its name. */
export async function searchDisk(folders: readonly string[], words: readonly string[]): Promise<Found[]> {
  const wanted = words.flatMap(writings);
  const found: Found[] = [];
  for (const folder of folders) {
    for await (const path of filesIn(folder)) {
      const file = await readFile(path).catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
        throw error;
      });
      const at = contentsOf(path, file).findIndex((content) => wanted.some((word) => content.includes(word)));
      if (at >= 0 || words.some((word) => path.includes(word))) found.push({ path, isPacked: at === 1 });
    }
  }
  return found;
}
