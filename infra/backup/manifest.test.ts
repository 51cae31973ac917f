import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { damages, describeFile, type Manifest, type Segment } from './manifest.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-manifest-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function segment(from: number, to: number): Promise<Segment> {
  const path = `${from}-${to}`;
  await writeFile(join(folder, path), path);
  return { topic: 'a', partition: 1, from, to, ...(await describeFile(folder, path)) };
}
const manifestOf = (...segments: Segment[]): Manifest => ({ format: 1, environment: 'production', created_at: '', topics: { a: 2 }, segments, offsets: [], files: [] });

test('a whole backup has no damage, whatever order its files came in', async () => {
  expect(await damages(folder, manifestOf(await segment(5, 9), await segment(0, 5)))).toStrictEqual([]);
});

test('a file that is gone, one that was changed, and offsets that no file has are told', async () => {
  const segments = [await segment(0, 5), await segment(7, 9), await segment(9, 12)];
  await writeFile(join(folder, '7-9'), 'other');
  await rm(join(folder, '9-12'));
  expect(await damages(folder, manifestOf(...segments))).toStrictEqual(['7-9 is not what was written: its SHA-256 is another', '9-12 is not there', 'a/1: offsets 5 to 6 are in no file']);
});
