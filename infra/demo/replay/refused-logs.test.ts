// npm run demo -- --replay with a log that can't be used: it ends before anything is started.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const projectDir = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

const replay = (file: string, ...options: string[]): Promise<{ code: number; said: string }> => new Promise((resolve) => {
  const env = { ...process.env, DATA_DIR: folder, INIT_CWD: projectDir };
  execFile(process.execPath, ['infra/start/run.mjs', 'infra/demo/demo.ts', '--replay', file, ...options], { cwd: projectDir, env, timeout: 60_000 }, (error, _, said) =>
    resolve({ code: error === null ? 0 : Number(error.code), said }));
});

test('bytes that are not of the encoding are told with their row, and the option that helps', async () => {
  const { code, said } = await replay('test/inputs/incident-logs/windows-1252.csv');
  expect([code, said]).toStrictEqual([2, "--replay test/inputs/incident-logs/windows-1252.csv: row 1 (line 2, INC0900013): byte 0xFC at offset 587 is not utf-8; name the file's own encoding, for example --encoding windows-1252\n"]);
});

test('a log of which every row is skipped ends with code 1 and the lines, one without rows with code 2', async () => {
  const file = join(folder, 'log.csv');
  const header = 'number;incident_state;opened_at;sys_updated_at;assignment_group';
  writeFileSync(file, `${header}\n?;New;1/3/2016 10:00;1/3/2016 10:00;Group 1\nINC1;New\n`);
  const skipped = await replay(file);
  expect([skipped.code, skipped.said.split('\n').slice(1, 3)]).toStrictEqual([1, ['skipped line 2: no incident number', 'skipped line 3: 2 cells where the header has 5']]);
  writeFileSync(file, `${header}\n`);
  const empty = await replay(file);
  expect([empty.code, /there is no incident in it that can be replayed/.test(empty.said)]).toStrictEqual([2, true]);
  expect((await replay(join(folder, 'none.csv'))).code).toBe(2);
});
