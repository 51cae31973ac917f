// Who may import whom. The rules are few and the list of exceptions is empty.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const sources = ['schemas', 'services', 'infra', 'test'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .map((file) => join(folder, file)));

interface Import {
  readonly target: string;
  /** Erased when run: it can't make a circle at start. */
  readonly typeOnly: boolean;
}

const importsOf = (file: string): Import[] =>
  // What a scaffold writes stands in template strings, and is imported from elsewhere.
  [...readFileSync(join(root, file), 'utf8').replace(/`[^`]*`/g, '').matchAll(/(?:^|\n)(?:import|export)( type)?[^;'"]*?from\s*['"]([^'"]+)['"]/g)].map(([, type, target = '']) => ({
    target: target.startsWith('.') ? normalize(join(dirname(file), target)) : target,
    typeOnly: type !== undefined,
  }));

const imports = new Map(sources.map((file) => [file, importsOf(file)]));
const graph = new Map([...imports].map(([file, found]) => [file, found.map(({ target }) => target)]));

/** `services/ingress/…` → `services/ingress`; `schemas/…` → `schemas`. */
const roomOf = (file: string): string => (file.startsWith('services/') ? file.split('/').slice(0, 2).join('/') : file.split('/')[0] ?? '');
const isTest = (file: string): boolean => file.endsWith('.test.ts') || file.startsWith('test/');

const allowed: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  'services/runtime': [],
  'services/ticket': [],
  'services/destinations': ['schemas', 'services/runtime'],
  infra: ['schemas', 'services/runtime', 'services/ticket', 'services/destinations'],
};
const allowedFor = (room: string): readonly string[] => allowed[room] ?? ['schemas', 'services/runtime', 'services/ticket', 'services/destinations'];

test('rooms import only what their place in the house allows', () => {
  const wrong = [...graph].filter(([file]) => !isTest(file)).flatMap(([file, targets]) => targets
    .filter((target) => sources.includes(target) && roomOf(target) !== roomOf(file) && !allowedFor(roomOf(file)).includes(roomOf(target)))
    .map((target) => `${file} → ${target}`));
  expect(wrong).toStrictEqual([]);
});

test('what a ticket\'s events mean is decided without anything from outside', () => {
  const wrong = [...graph].filter(([file]) => roomOf(file) === 'services/ticket' && !isTest(file) && !file.includes('/testing/'))
    .flatMap(([file, targets]) => targets.filter((target) => roomOf(target) !== 'services/ticket').map((target) => `${file} → ${target}`));
  expect(wrong).toStrictEqual([]);
});

test('the second reading of the metrics is one of its own', () => {
  const wrong = [...graph].filter(([file]) => file.startsWith('test/oracle/'))
    .flatMap(([file, targets]) => targets.filter((target) => sources.includes(target) && !target.startsWith('test/oracle/')).map((target) => `${file} → ${target}`));
  expect(wrong).toStrictEqual([]);
});

test('each client library is known to its own files only', () => {
  const homes: Readonly<Record<string, RegExp>> = {
    kafkajs: /^services\/runtime\/kafka/,
    avsc: /^services\/runtime\/avro\/avro\.ts$/,
    '@kafkajs/confluent-schema-registry': /^services\/runtime\/registry\/registry\.ts$/,
    '@clickhouse/client': /^services\/runtime\/clickhouse\.ts$/,
    esbuild: /^services\/runtime\/projection\/computed-by\.ts$/,
    pino: /^(services\/runtime\/logger|infra\/local\/clickhouse\/server)\.ts$/,
    fastify: /^services\/(runtime\/(health|http\/server)|ingress\/server|dashboard\/server)\.ts$/,
    vite: /^services\/dashboard\/pages\.ts$/,
  };
  const wrong = [...graph].filter(([file]) => !isTest(file)).flatMap(([file, targets]) => targets
    .filter((target) => homes[target]?.test(file) === false)
    .map((target) => `${file} → ${target}`));
  expect(wrong).toStrictEqual([]);
});

test('the environment is read in entry files and infra only', () => {
  const wrong = sources.filter((file) => file.startsWith('services/') && !isTest(file) && !file.endsWith('/main.ts') && readFileSync(join(root, file), 'utf8').includes('process.env'));
  expect(wrong).toStrictEqual([]);
});

test('nothing imports in a circle', () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const { target, typeOnly } of imports.get(file) ?? []) if (!typeOnly) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  expect(circles).toStrictEqual([]);
});
