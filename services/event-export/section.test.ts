import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDestinations } from '../destinations/file.ts';
import { exportSection } from './section.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-export-section-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(section: object): Promise<unknown> {
  const path = join(folder, 'destinations.json');
  await writeFile(path, JSON.stringify({ acme: { event_export: section } }));
  return (await readDestinations(path, exportSection)).get('acme');
}

test('a folder or a bucket, whose key may be in a file', async () => {
  await writeFile(join(folder, 'key'), 'the-secret\n');
  expect(await read({ to: { folder: '/srv/exports' } })).toStrictEqual({ to: { folder: '/srv/exports' } });
  expect(await read({ to: { bucket: 'b', access_key_id: 'a', secret_access_key_file: 'key' }, profiles: ['customer'], formats: ['ndjson'] })).toMatchObject({ to: { secret_access_key: 'the-secret' } });
});

test.each([
  { to: {} }, { to: { folder: 'a', bucket: 'b' } }, { to: { bucket: 'b', access_key_id: 'a' } }, { to: { bucket: 'b', endpoint: 'ftp://x' } }, { to: { folder: 'a' }, profiles: ['public'] },
  { to: { folder: 'a' }, profiles: [] }, { to: { folder: 'a' }, formats: ['csv'] }, {},
])('%j is told as wrong, without a secret', async (section) => {
  await expect(read(section)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
