// README and ARCHITECTURE are read by strangers: what they name must exist.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const architecture = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;

test('every npm script, path and service that it names exists', () => {
  for (const [, script = ''] of readme.matchAll(/npm run ([\w:-]+)/g)) expect.assert(script in scripts, script);
  for (const [, path = ''] of readme.matchAll(/\]\(([^)#:]+)\)/g)) expect(existsSync(join(root, path)), path).toBe(true);
  for (const [, name = ''] of readme.matchAll(/services\/([\w-]+)/g)) expect(existsSync(join(root, 'services', name)), name).toBe(true);
});

test('every folder and file of the map exists, and every room is on it', () => {
  const map = /```\n([^]*?)```/.exec(architecture)?.[1] ?? '';
  const parents: string[] = [];
  const named = new Set<string>();
  for (const line of map.split('\n').filter((text) => text.trim() !== '')) {
    const depth = (/^ */.exec(line)?.[0].length ?? 0) / 2;
    for (const [name] of (line.trim().split(/ {3,}/)[0] ?? '').matchAll(/[\w.-]+\/?/g)) {
      const path = join(parents[depth - 1] ?? '', name);
      expect(existsSync(join(root, path)), path).toBe(true);
      named.add(path.replace(/\/$/, ''));
      parents[depth] = path;
    }
  }
  const rooms = ['services', 'services/runtime', 'infra', 'test'].flatMap((folder) => readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}/${name}`));
  expect(rooms.filter((room) => !named.has(room))).toStrictEqual([]);
  for (const [, path = ''] of architecture.replace(map, '').matchAll(/`((?:services|infra|test|schemas)\/[\w./-]+)`/g)) expect(existsSync(join(root, path)), path).toBe(true);
  expect(architecture.split('\n').length).toBeLessThanOrEqual(151);
});

test('every setting that the code declares is in it', () => {
  const sources = ['services', 'infra'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8')));
  const declared = new Set(sources.flatMap((source) => [...source.matchAll(/^ {2}([A-Z][A-Z_]+): \{ parse:/gm)].map((match) => match[1] ?? '')));
  expect(declared.size).toBeGreaterThan(10);
  const missing = [...declared].filter((name) => !readme.includes(name));
  expect(missing).toStrictEqual([]);
});

test('it stays short enough to be read', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(151);
});
