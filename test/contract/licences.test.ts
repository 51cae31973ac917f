// Under which licences the packages come that are installed: those of the lock files, with all that they bring along.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

interface Locked {
  readonly license?: string;
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
}

const packagesOf = (lockFile: string): [string, Locked][] => {
  const { packages } = JSON.parse(readFileSync(fileURLToPath(new URL(`../../${lockFile}`, import.meta.url)), 'utf8')) as { packages: Record<string, Locked> };
  return Object.entries(packages).filter(([path]) => path !== '').map(([path, locked]) => [path.replace(/^.*node_modules\//, ''), locked]);
};
const packages = ['package-lock.json', 'infra/local/clickhouse/package-lock.json'].flatMap(packagesOf);

/** They ask for no more than to be named; of MPL-2.0, changes of its own files would have to be shown, and there are none. */
const allowed: ReadonlySet<string> = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'Unlicense', 'CC0-1.0', 'MPL-2.0']);

/** They name none where npm looks, and have it in their text. */
const readByHand: Readonly<Record<string, string>> = {
  '@kafkajs/confluent-schema-registry': 'MIT', busboy: 'MIT', 'humanize-number': 'MIT', only: 'MIT', streamsearch: 'MIT',
};

test('every package has a licence that lets us use it', () => {
  expect(packages.length).toBeGreaterThan(300);
  const wrong = packages.map(([name, { license }]) => [name, license ?? readByHand[name] ?? 'none'] as const).filter(([, license]) => !license.split(/ OR | AND |[()]/).filter((part) => part !== '').every((part) => allowed.has(part)));
  expect(wrong).toStrictEqual([]);
  expect(Object.keys(readByHand).filter((name) => !packages.some(([found, { license }]) => found === name && license === undefined)), 'read by hand and no longer needed').toStrictEqual([]);
});

test('every package is fetched as it was when it was locked', () => {
  expect(packages.filter(([, { integrity, version }]) => integrity?.startsWith('sha512-') !== true || !/^\d+\.\d+\.\d+/.test(version)).map(([name]) => name)).toStrictEqual([]);
});

test('what we ask for ourselves is asked for by its exact version', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8')) as Record<string, Record<string, string>>;
  expect(Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toStrictEqual([]);
});
