// The official JDBC driver against the ClickHouse endpoint, with its defaults: it asks for
// answers in native compression. DBeaver, Metabase and Tableau come this way.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const endpoint = new URL(process.env['CLICKHOUSE_URL'] ?? 'http://127.0.0.1:8123');
const java = process.env['JAVA'] ?? 'java';
const libraries = process.env['JDBC_LIBRARIES'] ?? '';
const database = `jdbc_${process.pid}`;
const classes = mkdtempSync(join(tmpdir(), 'jdbc-'));

async function query(sql: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${decodeURIComponent(endpoint.username) || 'default'}:${decodeURIComponent(endpoint.password)}`).toString('base64')}`;
  const response = await fetch(`${endpoint.protocol}//${endpoint.host}/`, { method: 'POST', headers: { authorization }, body: sql });
  expect(response.status, await response.text()).toBe(200);
}

const access = (...args: string[]): Promise<{ stdout: string }> => run(process.execPath, ['infra/start/run.mjs', 'infra/access/access.ts', ...args]);
let password = '';

beforeAll(async () => {
  await query(`CREATE DATABASE ${database}`);
  password = /password of \S+: (\S+)/.exec((await access('add', 'by-jdbc', '--integration', 'acme')).stdout)?.[1] ?? '';
});

afterAll(async () => {
  await access('remove', 'by-jdbc');
  await query(`DROP DATABASE ${database}`);
  rmSync(classes, { recursive: true, force: true });
});

test('the JDBC driver connects, reads metadata, tables and all views, inserts batches, shows errors, and works for who may only read', async () => {
  const jars = readdirSync(libraries).filter((name) => name.endsWith('.jar')).map((name) => join(libraries, name));
  const [compiler = ''] = jars.filter((path) => /\becj-/.test(path));
  const classPath = [classes, ...jars].join(delimiter);
  await run(java, ['-jar', compiler, '-17', '-proc:none', '-d', classes, '-cp', classPath, join(import.meta.dirname, '..', 'jdbc', 'JdbcCheck.java')]);
  const { stdout } = await run(java, ['-XX:TieredStopAtLevel=1', '-cp', classPath, 'JdbcCheck', `jdbc:clickhouse:http://${endpoint.host}/${database}`, `${database}.batch`], {
    env: { ...process.env, JDBC_USER: decodeURIComponent(endpoint.username) || 'default', JDBC_PASSWORD: decodeURIComponent(endpoint.password), JDBC_ANALYST: 'by-jdbc', JDBC_ANALYST_PASSWORD: password },
  });
  const lines = stdout.trim().split('\n');
  const views = /^views read = (\d+) of (\d+)$/.exec(lines.find((line) => line.startsWith('views read')) ?? '');
  expect.assert(views !== null && Number(views[1]) > 0 && views[1] === views[2], stdout);
  expect(lines.filter((line) => !line.startsWith('views read'))).toStrictEqual([
    'product = ClickHouse',
    'column = dummy UInt8',
    'read = 200000 900000',
    "prepared = it's a \\ 'text' ? ü 42",
    "inserted = 3000 4498500 it's in a file (\\999) 1500",
    'error = Code: 47 (UNKNOWN_IDENTIFIER)',
    'error = Code: 60 (UNKNOWN_TABLE)',
    'error = Code: 395 said by the engine',
    'analyst sees = 1 table, 1 column',
    'analyst reads of others = 0',
    'analyst refused = true',
    'login refused = true',
  ]);
});
