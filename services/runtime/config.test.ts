import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integer, list, masked, readConfig, text, url, type Settings } from './config.ts';

const settings = {
  BROKERS: { parse: list, default: ['a:1'], doc: 'brokers' },
  PORT: { parse: integer(1, 10), default: 5, doc: 'port' },
  FILE: { parse: text, doc: 'file' },
  DB_URL: { parse: url, default: 'http://x', doc: 'database', secret: true },
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
