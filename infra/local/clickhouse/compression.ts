// Which compression an exchange uses, and who does it: Node has gzip, deflate and br, the
// engine has all of these and zstd and lz4 as well. Request bodies that are only data go to
// the engine as they came; clickhouse-connect hides the INSERT's text in its lz4 body, so
// that one is unpacked by the engine first. Answers prefer gzip, since an error in the middle of an answer
// can be written into it; zstd and lz4 are the engine's and are for clients that take nothing else.
import type { Readable, Transform } from 'node:stream';
import { constants, createBrotliCompress, createBrotliDecompress, createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib';
import { BlockUnpacker } from './blocks/blocks.ts';
import { failure } from './errors.ts';

export type Encoding = 'gzip' | 'deflate' | 'br' | 'zstd' | 'lz4';

/** The level that a ClickHouse server uses for answers. */
const LEVEL = 3;

/** Content codings of HTTP under the names of ClickHouse's COMPRESSION clause. */
const ENGINE_NAME: Readonly<Record<string, string>> = { '': 'none', identity: 'none', gzip: 'gzip', deflate: 'deflate', br: 'br', zstd: 'zstd', lz4: 'lz4', xz: 'xz', bz2: 'bz2' };

export function engineCompression(contentEncoding: string): string {
  const name = ENGINE_NAME[contentEncoding];
  if (name === undefined) throw failure(48, 'NOT_IMPLEMENTED', `Unknown compression method: ${contentEncoding}`);
  return name;
}

export function answerEncoding(acceptEncoding: string): Encoding | undefined {
  const accepted = acceptEncoding.toLowerCase().split(',').map((part) => part.trim()).filter((part) => !/;\s*q=0(\.0*)?$/.test(part)).map((part) => part.split(';')[0]?.trim());
  return (['gzip', 'zstd', 'lz4', 'br', 'deflate'] as const).find((encoding) => accepted.includes(encoding));
}

/** True if the engine must write the compressed answer, because Node 20 cannot. */
export function byEngine(encoding: Encoding | undefined): encoding is 'zstd' | 'lz4' {
  return encoding === 'zstd' || encoding === 'lz4';
}

export function compressor(encoding: 'gzip' | 'deflate' | 'br'): Transform {
  if (encoding === 'gzip') return createGzip({ level: LEVEL });
  if (encoding === 'deflate') return createDeflate({ level: LEVEL });
  return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: LEVEL } });
}

export function byNode(contentEncoding: string): boolean {
  return ['', 'identity', 'gzip', 'deflate', 'br'].includes(contentEncoding);
}

function through(body: Readable, stream: Transform): Readable {
  body.on('error', (error) => stream.destroy(error)).on('close', () => {
    if (!body.readableEnded) stream.destroy(new Error('the client left'));
  });
  return body.pipe(stream);
}

export function decompressed(body: Readable, contentEncoding: string): Readable {
  if (contentEncoding === '' || contentEncoding === 'identity') return body;
  return through(body, contentEncoding === 'gzip' ? createGunzip() : contentEncoding === 'deflate' ? createInflate() : createBrotliDecompress());
}

/** A body of decompress=1, with no more in it than that many bytes. */
export function fromBlocks(body: Readable, most?: number): Readable {
  return through(body, new BlockUnpacker(most));
}
