// ClickHouse's native compression, as compress=1 and decompress=1 ask for it (the JDBC driver
// does by default): a stream of blocks, each of a checksum (16 bytes), a method (1), the size
// of the packed block with these last nine bytes (4), the size unpacked (4), and the data.
import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';
import { decompress as unzstd } from 'fzstd';
import { compressSync, uncompressSync } from 'lz4-napi';
import { failure } from '../errors.ts';
import { cityHash128 } from './cityhash.ts';

const CHECKSUM_BYTES = 16;
const HEADER_BYTES = 9;
const METHOD = { none: 0x02, lz4: 0x82, zstd: 0x90 };
/** What a server puts into one block. */
const BLOCK_BYTES = 1_048_576;
/** A block is unpacked as a whole, so a false size must not cost more memory than this. */
const MAX_BLOCK_BYTES = 128 * 1_048_576;
/** lz4-napi puts the unpacked size in front of a block; here it stands in the header. */
const LZ4_PREFIX_BYTES = 4;

function checksumOf(block: Uint8Array): Buffer {
  const { low, high } = cityHash128(block);
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeBigUInt64LE(low, 0);
  checksum.writeBigUInt64LE(high, 8);
  return checksum;
}

export function packBlock(data: Buffer): Buffer {
  const packed = compressSync(data).subarray(LZ4_PREFIX_BYTES);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(METHOD.lz4, 0);
  header.writeUInt32LE(HEADER_BYTES + packed.length, 1);
  header.writeUInt32LE(data.length, 5);
  const block = Buffer.concat([header, packed]);
  return Buffer.concat([checksumOf(block), block]);
}

function unpack(method: number, packed: Buffer, size: number): Uint8Array {
  switch (method) {
    case METHOD.none:
      return packed;
    case METHOD.lz4: {
      const prefix = Buffer.alloc(LZ4_PREFIX_BYTES);
      prefix.writeUInt32LE(size);
      return uncompressSync(Buffer.concat([prefix, packed]));
    }
    case METHOD.zstd:
      return unzstd(packed, new Uint8Array(size));
    default:
      throw failure(89, 'UNKNOWN_COMPRESSION_METHOD', `Unknown compression method 0x${method.toString(16).padStart(2, '0')} in a block of the request's body.`);
  }
}

/** `block` holds all of one block, its checksum included. */
export function unpackBlock(block: Buffer): Uint8Array {
  const checked = block.subarray(CHECKSUM_BYTES);
  if (!checksumOf(checked).equals(block.subarray(0, CHECKSUM_BYTES))) {
    throw failure(40, 'CHECKSUM_DOESNT_MATCH', "Checksum doesn't match: corrupted data in a compressed block of the request's body.");
  }
  const size = checked.readUInt32LE(5);
  let data: Uint8Array;
  try {
    data = unpack(checked.readUInt8(0), checked.subarray(HEADER_BYTES), size);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('Code: ')) throw error;
    throw failure(271, 'CANNOT_DECOMPRESS', `Cannot decompress a block of the request's body: ${String(error)}`);
  }
  if (data.length !== size) throw failure(271, 'CANNOT_DECOMPRESS', `A block of the request's body unpacks to ${data.length} bytes instead of ${size}.`);
  return data;
}

function sizeOf(head: Buffer, most: number): number {
  const packed = head.readUInt32LE(CHECKSUM_BYTES + 1);
  const unpacked = head.readUInt32LE(CHECKSUM_BYTES + 5);
  if (packed < HEADER_BYTES || packed > most || unpacked > most) {
    throw failure(298, 'TOO_LARGE_SIZE_COMPRESSED', `A compressed block of the request's body claims ${packed} bytes, ${unpacked} unpacked; ${most} is the limit. decompress=1 takes ClickHouse's native blocks only.`);
  }
  return CHECKSUM_BYTES + packed;
}

export class BlockPacker extends Transform {
  #parts: Buffer[] = [];
  #size = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    if (this.#size >= BLOCK_BYTES) this.#emit();
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#size > 0) this.#emit();
    done();
  }

  #emit(): void {
    this.push(packBlock(Buffer.concat(this.#parts)));
    this.#parts = [];
    this.#size = 0;
  }
}

export class BlockUnpacker extends Transform {
  #parts: Buffer[] = [];
  #size = 0;
  /** Bytes that must be there before the next step can be made: a head, then the whole block. */
  #wanted = CHECKSUM_BYTES + HEADER_BYTES;
  #left: number;

  /** @param most that may come out: a few bytes may unpack to any number of large blocks. */
  constructor(most = Infinity) {
    super();
    this.#left = most;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    try {
      while (this.#size >= this.#wanted) this.#step();
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.#size === 0 ? null : failure(33, 'CANNOT_READ_ALL_DATA', "Cannot read all data: the request's body ends inside a compressed block."));
  }

  #step(): void {
    const whole = Buffer.concat(this.#parts);
    const end = sizeOf(whole, Math.min(MAX_BLOCK_BYTES, this.#left));
    this.#parts = [whole];
    this.#wanted = end;
    if (whole.length < end) return;
    const data = unpackBlock(whole.subarray(0, end));
    this.#left -= data.length;
    this.push(data);
    this.#parts = [whole.subarray(end)];
    this.#size = whole.length - end;
    this.#wanted = CHECKSUM_BYTES + HEADER_BYTES;
  }
}
