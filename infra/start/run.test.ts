// How everything starts, on a small project of its own: what has changed runs as it is now, whatever was bundled before.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { projectDir, runner } from '../local/settings.ts';

let project = '';
const put = (file: string, text: string): void => {
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), text);
};

/** What it prints, or the error that ended it. */
const start = (file: string, ...args: string[]): Promise<string> =>
  new Promise((resolve) => void execFile(process.execPath, ['infra/start/run.mjs', file, ...args], { cwd: project }, (_, stdout, stderr) => resolve((stdout + stderr).trim())));

const main = `import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { word } from './word.ts';
const text = readFileSync(new URL('text.sql', import.meta.url), 'utf8');
const names: string[] = readdirSync(new URL('parts', import.meta.url));
const parts = await Promise.all(names.map(async (name) => ((await import(\`./parts/\${name}/part.ts\`)) as { part: string }).part));
const isMain = process.argv[1] === fileURLToPath(import.meta.url);
console.log([word, text, ...parts, isMain, ...process.argv.slice(2)].join(' '));
`;

beforeEach(async () => {
  project = mkdtempSync(join(tmpdir(), 'ticketstream-run ü-'));
  put('package.json', '{ "type": "module" }');
  put('app/main.ts', main);
  put('app/word.ts', 'export const word: string = "one";');
  put('app/text.sql', 'SELECT');
  put('app/parts/a/part.ts', 'export const part = "a";');
  mkdirSync(join(project, 'infra/start'), { recursive: true });
  await copyFile(runner, join(project, 'infra/start/run.mjs'));
  symlinkSync(join(projectDir, 'node_modules'), join(project, 'node_modules'));
});

afterEach(() => rmSync(project, { recursive: true }));

test('a file runs with its arguments, finds what lies beside it, and each change of what it imports', async () => {
  expect(await start('app/main.ts', '--x', 'y')).toBe('one SELECT a true --x y');
  expect(await start('app/main.ts')).toBe('one SELECT a true');
  put('app/word.ts', 'export const word: string = "two";');
  put('app/text.sql', 'INSERT');
  expect(await start('app/main.ts')).toBe('two INSERT a true');
  put('app/parts/b/part.ts', 'export const part = "b";');
  expect(await start('app/main.ts')).toBe('two INSERT a b true');
  rmSync(join(project, 'app/parts/a'), { recursive: true });
  expect(await start('app/main.ts')).toBe('two INSERT b true');
});

test('several at once make one bundle, and one that is broken or gone is made again', async () => {
  expect(await Promise.all([1, 2, 3].map((n) => start('app/main.ts', String(n))))).toStrictEqual([1, 2, 3].map((n) => `one SELECT a true ${n}`));
  const made = readdirSync(join(project, '.bundles'));
  expect(made).toHaveLength(2);
  for (const name of made) rmSync(join(project, '.bundles', name), { recursive: true });
  put('.bundles/app.main.json', '{');
  expect(await start('app/main.ts')).toBe('one SELECT a true');
});

test('an error is told with the line of the source', async () => {
  put('app/word.ts', '\n\nexport const word: string = ((): string => { throw new Error("no word"); })();');
  expect(await start('app/main.ts')).toMatch(/no word[^]*run ü-[^/]*\/app\/word\.ts:3:/);
});

test('JavaScript runs as it is', async () => {
  put('app/plain.mjs', 'console.log(process.argv.slice(2).join(), import.meta.url.endsWith("/app/plain.mjs"));');
  expect(await start('app/plain.mjs', 'x')).toBe('x true');
  expect(readdirSync(project)).not.toContain('.bundles');
});

test('what cannot be read is told, and what cannot be kept runs all the same', async () => {
  expect(await start('app/nothing.ts')).toMatch(/Could not resolve "[^"]*nothing\.ts"/);
  put('.bundles', 'no folder');
  expect(await start('app/main.ts')).toBe('one SELECT a true');
});
