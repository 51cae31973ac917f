// The README is read by strangers: what it names must exist.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;

test('every npm script, path and service that it names exists', () => {
  for (const [, script = ''] of readme.matchAll(/npm run ([\w:-]+)/g)) assert.ok(script in scripts, script);
  for (const [, path = ''] of readme.matchAll(/\]\(([^)#:]+)\)/g)) assert.ok(existsSync(join(root, path)), path);
  for (const [, name = ''] of readme.matchAll(/services\/([\w-]+)/g)) assert.ok(existsSync(join(root, 'services', name)), name);
});

test('every setting that the code declares is in it', () => {
  const sources = ['services', 'infra'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8')));
  const declared = new Set(sources.flatMap((source) => [...source.matchAll(/^ {2}([A-Z][A-Z_]+): \{ parse:/gm)].map((match) => match[1] ?? '')));
  assert.ok(declared.size > 10);
  const missing = [...declared].filter((name) => !readme.includes(name));
  assert.deepEqual(missing, []);
});

test('it stays short enough to be read', () => {
  assert.ok(readme.split('\n').length <= 151);
});
