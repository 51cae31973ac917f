import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commonSettings, integer, list, masked, readConfig, registrySettings, text, url, type Settings } from './config.ts';
import { SchemaRegistry } from './registry/registry.ts';

const settings = {
  BROKERS: { parse: list, default: ['a:1'], doc: 'brokers' },
  PORT: { parse: integer(1, 10), default: 5, doc: 'port' },
  FILE: { parse: text, doc: 'file' },
  DB_URL: { parse: url, default: 'http://x', doc: 'database', secret: true, fromFile: true },
} satisfies Settings;

test('reads values, defaults and lists', () => {
  expect(readConfig(settings, { FILE: 'f', BROKERS: 'b:1, c:2', DB_URL: 'http://y/' })).toStrictEqual({ BROKERS: ['b:1', 'c:2'], PORT: 5, FILE: 'f', DB_URL: 'http://y' });
});

test('reports every problem at once and names the variables', () => {
  expect(() => readConfig(settings, { PORT: '11', DB_URL: 'ftp://x' })).toThrow(expect.toSatisfy((error: Error) => {
    expect(error.message).toMatch(/PORT must be a whole number from 1 to 10/);
    expect(error.message).toMatch(/FILE is required: file/);
    expect(error.message).toMatch(/DB_URL must start with http/);
    return true;
  }));
});

test('an empty variable counts as unset', () => {
  expect(readConfig(settings, { FILE: 'f', PORT: '' }).PORT).toBe(5);
});

test('masks secrets for the log', () => {
  expect(masked(settings, { DB_URL: 'http://user:pw@x', PORT: 5 })).toStrictEqual({ DB_URL: '***', PORT: 5 });
});

test('a value may be the content of a file where that is declared', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ticketstream-config-'));
  const file = join(folder, 'secret');
  await writeFile(file, 'http://user:pw@y\n');
  expect(readConfig(settings, { FILE: 'f', DB_URL_FILE: file }).DB_URL).toBe('http://user:pw@y');
  expect(readConfig(settings, { FILE: 'f', PORT_FILE: file }).PORT).toBe(5);
  expect(() => readConfig(settings, { FILE: 'f', DB_URL_FILE: file, DB_URL: 'http://z' })).toThrow(/DB_URL and DB_URL_FILE are both set/);
  expect(() => readConfig(settings, { FILE: 'f', DB_URL_FILE: join(folder, 'none') })).toThrow(/DB_URL ENOENT/);
  await rm(folder, { recursive: true });
});

test('the registry’s password is masked, and its URL holds none', () => {
  expect(masked(commonSettings, { SCHEMA_REGISTRY_USER: 'u', SCHEMA_REGISTRY_PASSWORD: 'pw' })['SCHEMA_REGISTRY_PASSWORD']).toBe('***');
  expect(() => readConfig(registrySettings, { SCHEMA_REGISTRY_URL: 'http://u:pw@x' })).toThrow(expect.toSatisfy((error: Error) => {
    expect(error.message).toMatch(/SCHEMA_REGISTRY_URL must not hold a user or password/);
    expect(error.message).not.toMatch(/pw@/);
    return true;
  }));
  expect(() => readConfig(registrySettings, { SCHEMA_REGISTRY_CA_FILE: '/nowhere/ca.pem' })).toThrow(/SCHEMA_REGISTRY_CA_FILE ENOENT/);
  expect(() => readConfig(registrySettings, { SCHEMA_REGISTRY_CA_FILE: fileURLToPath(import.meta.url) })).toThrow(/certificates in PEM form/);
  expect(() => SchemaRegistry.of(readConfig(registrySettings, { SCHEMA_REGISTRY_USER: 'u' }))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
