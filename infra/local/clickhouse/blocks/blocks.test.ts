import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockPacker, BlockUnpacker, packBlock, unpackBlock } from './blocks.ts';
import { cityHash128 } from './cityhash.ts';

/** Values of CityHash128 1.0.2 for (i * 131 + length * 7 + (i >> 3)) % 256, made by another implementation. */
const VECTORS: readonly (readonly [length: number, hash: string])[] = [
  [0, '3df09dfc64c09a2b3cb540c392e51e29'],
  [1, '8be55b379cce0e4005ab4744478b1cba'],
  [3, '8f7d45aae1464cfdee8c620863a55c1c'],
  [4, '9bcfd31c18d04235d3b4c0bb9b41cac8'],
  [7, '6ad6ad12fbb1e1cb4b9af03c88eddcbd'],
  [8, 'ccde6e918e8e013f4440ef67eeb26a17'],
  [9, '2ac8a3e6603154a7c1c98a22b2994b9b'],
  [15, 'b54cb20d2c7c4287e3a2ca6376492cb5'],
  [16, '0b4b76fab7302d6f977a0b8f50698f9e'],
  [17, '846ecd9bef4f200482366b9590b66ddb'],
  [20, '6fdc91ca658762ccf68f33735b716fd9'],
  [24, '108e62f9d121cfab911c0a614432c44d'],
  [31, '286a53be7e60cc853bbfaab424f7bbaf'],
  [32, '029e1b86184052c930f6b2a4b7163b2d'],
  [33, 'ae220048e55dd199b37d2753e06ecd0e'],
  [47, 'c2a9ea397625a0e104d259b645a7e8f4'],
  [64, 'e1210a1f48f432247ee4746d291e56df'],
  [127, '5f1f4c93ea39fb97eea7a7e3576aa06c'],
  [143, '5d6048d6ec674d0a3a554fa3475e7e1d'],
  [144, 'ea1b9ffe4bdb98145dbf92488b2edebc'],
  [145, '693f2620ac08b27c00221e7177df65ae'],
  [200, '115bf990846714240ff078fa44a1e962'],
  [255, '5e7179b25af39683cffe632b777b7083'],
  [272, '10f2e6733a4a12f84e9acc34d819ea9d'],
  [273, '0247f2c7e0a2aad6c3bc940f007b2545'],
  [1000, '61d0da7ce20401417de90d662d15d075'],
  [4096, '126d28c1b5c7cc9ac0bce2065ac8b7d5'],
];

function sample(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 131 + length * 7 + (i >> 3)) % 256);
}

/** A block around data that stays as it is, or that is packed already. */
function block(method: number, data: Buffer, size: number): Buffer {
  const body = Buffer.alloc(9 + data.length);
  body.writeUInt8(method, 0);
  body.writeUInt32LE(body.length, 1);
  body.writeUInt32LE(size, 5);
  data.copy(body, 9);
  const { low, high } = cityHash128(body);
  const sum = Buffer.alloc(16);
  sum.writeBigUInt64LE(low, 0);
  sum.writeBigUInt64LE(high, 8);
  return Buffer.concat([sum, body]);
}

async function through(stream: BlockPacker | BlockUnpacker, chunks: readonly Buffer[]): Promise<Buffer> {
  return Buffer.concat(await Readable.from(chunks).pipe(stream).toArray() as Buffer[]);
}

describe('CityHash128', () => {
  it('gives the known values for every length class', () => {
    for (const [length, hash] of VECTORS) {
      const { low, high } = cityHash128(sample(length));
      expect(low.toString(16).padStart(16, '0') + high.toString(16).padStart(16, '0'), String(length)).toBe(hash);
    }
  });
});

describe('native blocks', () => {
  it('come back as they went, however they are cut', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 700 }), async (bytes, step) => {
      const data = Buffer.from(bytes);
      const packed = Buffer.concat([packBlock(data.subarray(0, 100)), packBlock(data.subarray(100)), block(0x02, Buffer.from('as it is'), 8)]);
      const chunks = Array.from({ length: Math.ceil(packed.length / step) }, (_, n) => packed.subarray(n * step, (n + 1) * step));
      expect((await through(new BlockUnpacker(), chunks)).compare(Buffer.concat([data, Buffer.from('as it is')]))).toBe(0);
    }), { numRuns: 50 });
    const large = Buffer.alloc(3_000_000, 'abcdefghij');
    expect((await through(new BlockUnpacker(), [await through(new BlockPacker(), [large])])).compare(large)).toBe(0);
    expect((await through(new BlockPacker(), [])).length).toBe(0);
  });

  it('may be packed with zstd', () => {
    const zstd = Buffer.from('KLUv/WDoApUAAFhoZWxsbyB6c3RkIAEA2l0VLw==', 'base64');
    expect(Buffer.from(unpackBlock(block(0x90, zstd, 1000))).toString()).toBe('hello zstd '.repeat(91).slice(0, 1000));
  });

  it('are refused when they are broken, and cost no memory by saying that they are large', async () => {
    const good = packBlock(Buffer.from('hello hello hello hello hello'));
    const flipped = Buffer.from(good);
    flipped[30] = (flipped[30] ?? 0) ^ 1;
    await expect(through(new BlockUnpacker(), [flipped])).rejects.toThrow(/CHECKSUM_DOESNT_MATCH/);
    await expect(through(new BlockUnpacker(), [good.subarray(0, -3)])).rejects.toThrow(/CANNOT_READ_ALL_DATA/);
    await expect(through(new BlockUnpacker(), [block(0x82, Buffer.from([0xf0, 1, 2]), 500)])).rejects.toThrow(/CANNOT_DECOMPRESS/);
    await expect(through(new BlockUnpacker(), [block(0x90, Buffer.from('no zstd'), 500)])).rejects.toThrow(/CANNOT_DECOMPRESS/);
    await expect(through(new BlockUnpacker(), [block(0x02, Buffer.from('abc'), 4)])).rejects.toThrow(/CANNOT_DECOMPRESS/);
    await expect(through(new BlockUnpacker(), [block(0x55, Buffer.from('abc'), 3)])).rejects.toThrow(/UNKNOWN_COMPRESSION_METHOD/);
    await expect(through(new BlockUnpacker(), [block(0x82, Buffer.from('abc'), 0xffffffff)])).rejects.toThrow(/TOO_LARGE_SIZE_COMPRESSED/);
    const many = Buffer.concat(Array.from({ length: 50 }, () => packBlock(Buffer.alloc(1_000))));
    await expect(through(new BlockUnpacker(10_000), [many])).rejects.toThrow(/TOO_LARGE_SIZE_COMPRESSED/);
    expect(await through(new BlockUnpacker(50_000), [many])).toHaveLength(50_000);
    await expect(through(new BlockUnpacker(), [Buffer.alloc(25)])).rejects.toThrow(/TOO_LARGE_SIZE_COMPRESSED/);
  });
});
