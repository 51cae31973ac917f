import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { packBlock } from '../../infra/local/clickhouse/blocks/blocks.ts';
import { contentsOf, searchDisk } from './disk-search.ts';

const around = (text: string): string => `${'before '.repeat(50)}${text}${' after'.repeat(50)}`;

function kafkaBatch(codec: number, records: Buffer): Buffer {
  const head = Buffer.alloc(61);
  head.writeUInt32BE(49 + records.length, 8);
  head.writeUInt8(2, 16);
  head.writeUInt16BE(codec, 21);
  return Buffer.concat([head, records]);
}

const said = Buffer.from(around('Anna-Maria'));
/** LZ4 would leave it as it is if none of it stood there before. */
const saidTwice = Buffer.from(around('Anna-Mob and Anna-Maria'));
const utf16be = Buffer.from(around('Anna-Maria'), 'utf16le').swap16();
const files: readonly (readonly [how: string, name: string, content: Buffer, isPacked: boolean])[] = [
  ['as it is', 'a', said, false], ['in capitals', 'a', Buffer.from(around('ANNA-MARIA')), false], ['as UTF-16', 'a', Buffer.from(around('Anna-Maria'), 'utf16le'), false], ['as UTF-16 of the other order', 'a', utf16be, false],
  ['as hex', 'a', Buffer.from(said.toString('hex')), false], ['as base64', 'a', Buffer.from(said.toString('base64')), false], ['as base64, one further', 'a', Buffer.from(Buffer.from(`x${said.toString()}`).toString('base64url')), false],
  ['as base64, two further', 'a', Buffer.from(Buffer.from(`xy${said.toString()}`).toString('base64')), false], ['escaped', 'a', Buffer.from('\\u0041\\u006e\\u006e\\u0061\\u002d\\u004d\\u0061\\u0072\\u0069\\u0061'), false],
  ['in a name', 'Anna-Maria.txt', Buffer.from('x'), false], ['in gzip', 'a.gz', gzipSync(said), true], ['in a block of ClickHouse', 'data.bin', Buffer.concat([packBlock(Buffer.alloc(5_000)), packBlock(saidTwice)]), true],
  ['in a batch of Kafka', '0.log', Buffer.concat([kafkaBatch(0, Buffer.from('others')), kafkaBatch(1, gzipSync(said))]), true],
];

test.each(files)('a word is found %s, and another one is not', async (_how, name, content, isPacked) => {
  const folder = await mkdtemp(join(tmpdir(), 'disk-'));
  try {
    await writeFile(join(folder, name), content);
    expect(await searchDisk([folder], ['Anna-Maria'])).toStrictEqual([{ path: join(folder, name), isPacked }]);
    expect(await searchDisk([folder], ['Anna-Zara'])).toStrictEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('what can’t be unpacked is told, since a word could be in it', () => {
  expect(() => contentsOf('0.log', kafkaBatch(2, said))).toThrow(/codec 2/);
  expect(() => contentsOf('a.parquet', Buffer.from('PAR1 and more'))).toThrow(/a\.parquet/);
});
