import { chmod, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFolder } from './folder.ts';
import { pathStep } from './target.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-export-folder-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('nothing is left of a file that broke off while it was written', async () => {
  const broken = Readable.from((function* () {
    yield Buffer.from('half');
    throw new Error('ClickHouse went away');
  })());
  await expect(openFolder(folder).write('a/b', broken)).rejects.toThrow('ClickHouse went away');
  expect(await readdir(join(folder, 'a'))).toStrictEqual([]);
});

test('of many who create a file at once one does', async () => {
  const made = await Promise.all(Array.from({ length: 20 }, (_, index) => openFolder(folder).create('c/plan', String(index))));
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(await readFile(join(folder, 'c/plan'), 'utf8')).toBe(String(made.indexOf(true)));
  expect(await readdir(join(folder, 'c'))).toStrictEqual(['plan']);
});

test('a link whose answer was lost is ours, as over a network', async () => {
  const target = openFolder(folder);
  expect([await target.create('d/plan', 'ours'), await target.create('d/plan', 'ours'), await target.create('d/plan', 'theirs')]).toStrictEqual([true, true, false]);
});

test('what a killed process left half is taken away, what somebody is writing is not', async () => {
  const target = openFolder(folder);
  await target.create('e/plan', 'x');
  for (const name of ['.old.parquet.1.part', '.now.parquet.2.part']) await writeFile(join(folder, 'e', name), 'half');
  await utimes(join(folder, 'e', '.old.parquet.1.part'), new Date(0), new Date(0));
  await target.write('e/file', Readable.from([Buffer.from('x')]));
  expect((await readdir(join(folder, 'e'))).sort()).toStrictEqual(['.now.parquet.2.part', 'file', 'plan']);
  expect(await target.list?.('e')).toStrictEqual(['file', 'plan']);
});

test('what is in the way is told as refused', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(openFolder(folder).write('file/x', Readable.from(['x']))).rejects.toMatchObject({ code: 'EXPORT_TARGET_REFUSED' });
  await chmod(join(folder, 'file'), 0o600);
});

test('no id leads out of the folder', () => {
  expect(['..', '.', 'a/b', 'ACME', 'a b', 'ü*'].map(pathStep)).toStrictEqual(['%2E%2E', '%2E', 'a%2Fb', 'ACME', 'a%20b', '%C3%BC%2A']);
});
