import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ticketstream-removed $HOME 'q'-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const isThere = (): Promise<boolean> => access(folder).then(() => true, () => false);

test('the data folder of a run that is killed goes, and not before', async () => {
  const run = `import { removeWithThisProcess } from './test/system/data-folder.ts'; removeWithThisProcess(process.argv[1]); setInterval(() => {}, 1000); console.log('up');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', run, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  expect(await isThere()).toBe(true);
  child.kill('SIGKILL');
  await vi.waitFor(async () => expect(await isThere()).toBe(false), { timeout: 10_000, interval: 100 });
});
