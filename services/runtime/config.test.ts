import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commonSettings, integer, list, masked, readConfig, registrySettings, text, url, type Settings } from './config.ts';
import { SchemaRegistry } from './registry.ts';

const settings = {
  BROKERS: { parse: list, default: ['a:1'], doc: 'brokers' },
  PORT: { parse: integer(1, 10), default: 5, doc: 'port' },
  FILE: { parse: text, doc: 'file' },
  DB_URL: { parse: url, default: 'http://x', doc: 'database', secret: true, fromFile: true },
} satisfies Settings;

test('reads values, defaults and lists', () => {
  assert.deepEqual(readConfig(settings, { FILE: 'f', BROKERS: 'b:1, c:2', DB_URL: 'http://y/' }), { BROKERS: ['b:1', 'c:2'], PORT: 5, FILE: 'f', DB_URL: 'http://y' });
});

test('reports every problem at once and names the variables', () => {
  assert.throws(() => readConfig(settings, { PORT: '11', DB_URL: 'ftp://x' }), (error: Error) => {
    assert.match(error.message, /PORT must be a whole number from 1 to 10/);
    assert.match(error.message, /FILE is required: file/);
    assert.match(error.message, /DB_URL must start with http/);
    return true;
  });
});

test('an empty variable counts as unset', () => {
  assert.equal(readConfig(settings, { FILE: 'f', PORT: '' }).PORT, 5);
});

test('masks secrets for the log', () => {
  assert.deepEqual(masked(settings, { DB_URL: 'http://user:pw@x', PORT: 5 }), { DB_URL: '***', PORT: 5 });
});

test('a value may be the content of a file where that is declared', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ticketstream-config-'));
  const file = join(folder, 'secret');
  await writeFile(file, 'http://user:pw@y\n');
  assert.equal(readConfig(settings, { FILE: 'f', DB_URL_FILE: file }).DB_URL, 'http://user:pw@y');
  assert.equal(readConfig(settings, { FILE: 'f', PORT_FILE: file }).PORT, 5);
  assert.throws(() => readConfig(settings, { FILE: 'f', DB_URL_FILE: file, DB_URL: 'http://z' }), /DB_URL and DB_URL_FILE are both set/);
  assert.throws(() => readConfig(settings, { FILE: 'f', DB_URL_FILE: join(folder, 'none') }), /DB_URL ENOENT/);
  await rm(folder, { recursive: true });
});

test('the registry’s password is masked, and its URL holds none', () => {
  assert.equal(masked(commonSettings, { SCHEMA_REGISTRY_USER: 'u', SCHEMA_REGISTRY_PASSWORD: 'pw' })['SCHEMA_REGISTRY_PASSWORD'], '***');
  assert.throws(() => readConfig(registrySettings, { SCHEMA_REGISTRY_URL: 'http://u:pw@x' }), (error: Error) => {
    assert.match(error.message, /SCHEMA_REGISTRY_URL must not hold a user or password/);
    assert.doesNotMatch(error.message, /pw@/);
    return true;
  });
  assert.throws(() => readConfig(registrySettings, { SCHEMA_REGISTRY_CA_FILE: '/nowhere/ca.pem' }), /SCHEMA_REGISTRY_CA_FILE ENOENT/);
  assert.throws(() => readConfig(registrySettings, { SCHEMA_REGISTRY_CA_FILE: fileURLToPath(import.meta.url) }), /certificates in PEM form/);
  assert.throws(() => SchemaRegistry.of(readConfig(registrySettings, { SCHEMA_REGISTRY_USER: 'u' })), { code: 'CONFIG_INVALID' });
});
