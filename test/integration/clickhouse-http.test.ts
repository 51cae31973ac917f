// The ClickHouse endpoint as its clients see it: plain HTTP, @clickhouse/client and Python's
// clickhouse-connect, unchanged. CLICKHOUSE_URL names a running one, ours or a real server;
// what is asserted here is what a real server does too.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import avro from 'avsc';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BlockUnpacker, packBlock } from '../../infra/local/clickhouse/blocks/blocks.ts';

const endpoint = new URL(process.env['CLICKHOUSE_URL'] ?? 'http://127.0.0.1:8123');
const user = decodeURIComponent(endpoint.username) || 'default';
const password = decodeURIComponent(endpoint.password);
const base = `${endpoint.protocol}//${endpoint.host}`;
const database = `http_test_${process.pid}`;
const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const client = createClient({ url: base, username: user, password, database, log: { level: ClickHouseLogLevel.OFF } });

interface Asked { readonly parameters?: Record<string, string>; readonly body?: string | ArrayBuffer | Uint8Array<ArrayBuffer> | FormData; readonly headers?: Record<string, string>; readonly signal?: AbortSignal }

async function ask(asked: Asked): Promise<Response> {
  const url = `${base}/?${new URLSearchParams({ database, ...asked.parameters }).toString()}`;
  const headers = { authorization, ...asked.headers };
  const { body, signal } = asked;
  return await fetch(url, { headers, method: body === undefined ? 'GET' : 'POST', ...(body === undefined ? {} : { body }), ...(signal === undefined ? {} : { signal }) });
}

async function text(sql: string, parameters: Record<string, string> = {}): Promise<string> {
  const response = await ask({ parameters, body: sql });
  const answer = await response.text();
  expect(response.status, answer).toBe(200);
  return answer;
}

async function refusal(asked: Asked): Promise<{ status: number; code: string | null; text: string }> {
  const response = await ask(asked);
  return { status: response.status, code: response.headers.get('x-clickhouse-exception-code'), text: await response.text() };
}

async function freshTable(columns: string, engine = 'MergeTree ORDER BY tuple()'): Promise<string> {
  const table = `t_${randomUUID().replaceAll('-', '')}`;
  await text(`CREATE TABLE ${table} (${columns}) ENGINE = ${engine}`);
  return table;
}

beforeAll(async () => {
  const response = await fetch(`${base}/?query=`, { method: 'POST', headers: { authorization }, body: `CREATE DATABASE IF NOT EXISTS ${database}` });
  expect(response.status, await response.text()).toBe(200);
});

afterAll(async () => {
  await text(`DROP DATABASE IF EXISTS ${database}`, { database: 'default' });
  await client.close();
});

test('says Ok. at / and /ping without a query, and 404 elsewhere', async () => {
  for (const path of ['/', '/ping', '/replicas_status']) expect(await (await fetch(base + path)).text()).toBe('Ok.\n');
  expect((await fetch(`${base}/nowhere`)).status).toBe(404);
});

test('answers queries from query=, from the body, and from both with a line break between', async () => {
  expect(await (await ask({ parameters: { query: 'SELECT 1' } })).text()).toBe('1\n');
  expect(await text('SELECT 2')).toBe('2\n');
  expect(await text('+ 3 FORMAT CSV', { query: 'SELECT 1' })).toBe('4\n');
});

test('sets the headers that clients read', async () => {
  const response = await ask({ parameters: { query_id: 'chosen-by-the-client', default_format: 'JSONEachRow' }, body: "SELECT 'ü' AS name" });
  expect(await response.text()).toBe('{"name":"ü"}\n');
  expect(response.headers.get('x-clickhouse-query-id')).toBe('chosen-by-the-client');
  expect(response.headers.get('x-clickhouse-format')).toBe('JSONEachRow');
  expect(response.headers.get('x-clickhouse-timezone')).toBe('UTC');
  expect(response.headers.get('content-type') ?? '').toMatch(/^application\/x-ndjson/);
  const summary = JSON.parse(response.headers.get('x-clickhouse-summary') ?? '') as Record<string, string>;
  expect(summary['result_rows']).toBe('1');
});

test('prefers the FORMAT of the query over default_format, and that over X-ClickHouse-Format', async () => {
  expect(await text('SELECT 1 AS a FORMAT CSVWithNames', { default_format: 'JSON' })).toBe('"a"\n1\n');
  const headers = { 'X-ClickHouse-Format': 'Values' };
  expect(await (await ask({ headers, body: "SELECT 'a'" })).text()).toBe("('a')");
  expect(await (await ask({ headers, parameters: { default_format: 'CSV' }, body: "SELECT 'a'" })).text()).toBe('"a"\n');
});

test('takes comments, semicolons, strings and aliases that look like clauses for what they are', async () => {
  expect(await text("SELECT 1 AS format, ';' AS settings -- FORMAT JSON\n;")).toBe('1\t;\n');
  expect(await text("/* INSERT */ WITH 1 AS x SELECT x, 'it''s \\' FORMAT CSV' SETTINGS max_threads = 1 FORMAT CSV")).toBe(`1,"it's ' FORMAT CSV"\n`);
  expect(await text('(SELECT 1) UNION ALL (SELECT 1) FORMAT TSV SETTINGS max_threads = 1')).toBe('1\n1\n');
  expect((await refusal({ body: 'SELECT 1; SELECT 2' })).code).toBe('62');
});

test('binds query parameters by type', async () => {
  const parameters = { param_n: '7', param_s: "it's a tab:\\t", param_list: "['a','b']", param_t: 'one' };
  expect(await text('SELECT {n:UInt8} + 1, {s:String}, {list:Array(String)}[2], * FROM system.{t:Identifier}', parameters)).toBe("8\tit\\'s a tab:\\t\tb\t0\n");
  expect((await refusal({ body: 'SELECT {n:UInt8}' })).code).toBe('456');
  expect(await text('SELECT length({long:String})', { param_long: 'é'.repeat(150_000) })).toBe('300000\n');
});

test('applies settings and the database to one request only', async () => {
  expect(await text("SELECT getSetting('max_block_size'), currentDatabase()", { max_block_size: '99' })).toBe(`99\t${database}\n`);
  expect(await text("SELECT getSetting('max_block_size')")).not.toBe('99\n');
  await text('SET max_block_size = 98');
  await text('USE system');
  expect(await text("SELECT getSetting('max_block_size')")).not.toBe('98\n');
  expect(await text('SELECT currentDatabase()')).toBe(`${database}\n`);
  expect((await refusal({ parameters: { no_such_setting: '1' }, body: 'SELECT 1' })).code).toBe('115');
  expect(await refusal({ parameters: { database: 'no_such_database' }, body: 'SELECT 1' }).then(({ status, code }) => [status, code])).toStrictEqual([404, '81']);
  expect(await (await fetch(base, { method: 'POST', headers: { authorization, 'X-ClickHouse-Database': database }, body: 'SELECT currentDatabase()' })).text()).toBe(`${database}\n`);
});

test('keeps a named session: temporary tables, SET and USE, but not the settings of one request', async () => {
  const session = { session_id: randomUUID() };
  await text('CREATE TEMPORARY TABLE kept (a Int32)', session);
  await text('INSERT INTO kept VALUES (1), (2)', session);
  await text('SET max_block_size = 97', session);
  expect(await text("SELECT sum(a), getSetting('max_block_size') FROM kept GROUP BY ALL", { ...session, max_block_size: '11' })).toBe('3\t11\n');
  expect(await text("SELECT getSetting('max_block_size')", session)).toBe('97\n');
  expect((await refusal({ body: 'SELECT * FROM kept' })).code).toBe('60');
  expect((await refusal({ parameters: { session_id: randomUUID(), session_check: '1' }, body: 'SELECT 1' })).code).toBe('372');
  const slow = text('SELECT sleep(1)', session);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect((await refusal({ parameters: session, body: 'SELECT 1' })).code).toBe('373');
  await slow;
});

test('refuses writes by GET and under readonly', async () => {
  const table = await freshTable('a Int32');
  const byGet = await refusal({ parameters: { query: `INSERT INTO ${table} VALUES (1)` } });
  expect(byGet.code).toBe('164');
  expect(byGet.text).toMatch(/method GET implies readonly/);
  expect((await refusal({ parameters: { query: `DROP TABLE ${table}` } })).code).toBe('164');
  expect((await refusal({ parameters: { readonly: '1' }, body: `INSERT INTO ${table} VALUES (1)` })).code).toBe('164');
  expect((await refusal({ parameters: { readonly: '1' }, body: 'SET max_threads = 1' })).code).toBe('164');
  expect(await text(`SELECT count() FROM ${table}`, { readonly: '2', max_threads: '1' })).toBe('0\n');
});

test('knows the user by basic auth, headers and URL, and refuses the rest', async () => {
  const accepted: (readonly [string, Record<string, string>])[] = [
    ['', { authorization }],
    ['', { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password }],
    [`&${new URLSearchParams({ user, password }).toString()}`, {}],
  ];
  for (const [query, headers] of accepted) expect((await fetch(`${base}/?query=SELECT+1${query}`, { headers })).status).toBe(200);
  const wrong = await fetch(`${base}/?query=SELECT+1&user=${user}&password=wrong`);
  expect(wrong.status).toBe(403);
  expect(wrong.headers.get('x-clickhouse-exception-code')).toBe('516');
  expect(await wrong.text()).toMatch(/^Code: 516\. DB::Exception: .*Authentication failed/);
});

test("reports errors with the server's text, status and code", async () => {
  const cases: (readonly [string, number, string])[] = [
    ['SELECT nope', 404, '47'], ['SELECT * FROM nope', 404, '60'], ['SELEC 1', 400, '62'], ["SELECT throwIf(1, 'thrown')", 500, '395'],
    ["SELECT toDate('x')", 400, '38'], ['SELECT 1 FORMAT Nope', 404, '73'], ["INSERT INTO nope FORMAT CSV\n1", 404, '60'], ['', 400, '62'],
  ];
  for (const [body, status, code] of cases) {
    const refused = await refusal({ body });
    expect([body, refused.status, refused.code]).toStrictEqual([body, status, code]);
    expect(refused.text).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: .* \\([A-Z_]+\\) \\(version \\d+[^)]*\\)+\\n$`, 's'));
  }
});

test('streams, and marks an error in the middle of a stream so that no client takes a part for the whole', async () => {
  const response = await ask({ body: 'SELECT number, throwIf(number = 9000000) FROM numbers(10000000) SETTINGS max_block_size = 10000' });
  expect(response.status).toBe(200);
  let tail = '';
  await expect(async () => {
    for await (const chunk of response.body ?? []) tail = (tail + Buffer.from(chunk as Uint8Array).toString('latin1')).slice(-2000);
  }).rejects.toThrow();
  const tag = response.headers.get('x-clickhouse-exception-tag') ?? '';
  expect(tail).toMatch(new RegExp(`\r\n__exception__\r\n${tag}\r\nCode: 395\\. .*\n\\d+ ${tag}\r\n__exception__\r\n$`, 's'));
});

test('stops a query whose client left, and keeps serving', async () => {
  const leaving = new AbortController();
  const marker = `left-${randomUUID()}`;
  const asked = ask({ body: `SELECT '${marker}', sum(sipHash64(number)) FROM numbers(1000000000000)`, signal: leaving.signal });
  const running = `SELECT count() FROM system.processes WHERE query LIKE '%${marker}%' AND query NOT LIKE '%system.processes%'`;
  while ((await text(running)) === '0\n');
  leaving.abort();
  await expect(asked).rejects.toThrow();
  // A server cancels on disconnect only when told to; ours always does. Either way a KILL ends it.
  await text(`KILL QUERY WHERE query LIKE '%${marker}%' AND query NOT LIKE 'KILL%' ASYNC`);
  while ((await text(running)) !== '0\n');
});

test('answers short queries while long ones run', async () => {
  const leaving = new AbortController();
  const long = [1, 2, 3].map((n) => ask({ body: `WITH (SELECT sum(sipHash64(number)) FROM numbers(100000000000)) AS x SELECT x + ${n}`, signal: leaving.signal }).catch(() => undefined));
  await Promise.all(Array.from({ length: 20 }, async (_, n) => expect(await text(`SELECT ${n}`)).toBe(`${n}\n`)));
  leaving.abort();
  await Promise.all(long);
});

test('keeps concurrent requests with different parameters, settings and databases apart', async () => {
  await Promise.all(Array.from({ length: 100 }, async (_, n) => {
    const answer = await text("SELECT {n:UInt32}, getSetting('max_block_size'), currentDatabase()", { param_n: String(n), max_block_size: String(1000 + (n % 7)), database: n % 2 === 0 ? database : 'system' });
    expect(answer).toBe(`${n}\t${1000 + (n % 7)}\t${n % 2 === 0 ? database : 'system'}\n`);
  }));
});

test('compresses answers and takes compressed bodies', async () => {
  const url = `${base}/?enable_http_compression=1&query=${encodeURIComponent('SELECT * FROM numbers(100000)')}`;
  const socketResponse = await ask({ parameters: { enable_http_compression: '1' }, headers: { 'accept-encoding': 'gzip' }, body: 'SELECT * FROM numbers(100000) FORMAT CSV' });
  expect(socketResponse.headers.get('content-encoding')).toBe('gzip');
  expect((await socketResponse.text()).length).toBe(588890);
  expect((await fetch(url, { headers: { authorization, 'accept-encoding': 'br' } })).headers.get('content-encoding')).toBe('br');
  expect((await ask({ headers: { 'accept-encoding': 'gzip' }, body: 'SELECT 1' })).headers.get('content-encoding')).toBeNull();
  const table = await freshTable('a Int32');
  for (const [encoding, pack] of [['gzip', gzipSync], ['deflate', deflateSync], ['br', brotliCompressSync]] as const) {
    const headers = { 'content-encoding': encoding };
    expect((await ask({ parameters: { query: `INSERT INTO ${table} FORMAT CSV` }, headers, body: new Uint8Array(pack('1\n2\n')) })).status).toBe(200);
    expect((await ask({ headers, body: new Uint8Array(pack(`INSERT INTO ${table} FORMAT CSV\n3\n`)) })).status).toBe(200);
  }
  expect(await text(`SELECT count(), sum(a) FROM ${table}`)).toBe('9\t18\n');
  expect(gunzipSync(gzipSync('same')).toString()).toBe('same');
});

test('takes and gives native blocks, errors included', async () => {
  const unpacked = async (response: Response): Promise<string> => Buffer.concat(await Readable.from([Buffer.from(await response.arrayBuffer())]).pipe(new BlockUnpacker()).toArray() as Buffer[]).toString();
  expect((await unpacked(await ask({ parameters: { compress: '1' }, body: 'SELECT * FROM numbers(1000000) FORMAT CSV' }))).length).toBe(6_888_890);
  const failed = await ask({ parameters: { compress: '1' }, body: 'SELECT nope' });
  expect([failed.status, failed.headers.get('x-clickhouse-exception-code')]).toStrictEqual([404, '47']);
  expect(await unpacked(failed)).toMatch(/^Code: 47\. DB::Exception: /);
  expect((await ask({ parameters: { compress: '1' }, body: 'SELECT 1 WHERE 0' })).headers.get('content-length')).toBe('0');
  const table = await freshTable('a Int32, s String');
  const parameters = { decompress: '1' };
  const rows = Buffer.from(`1,${'x'.repeat(100_000)}\n2,b\n`);
  const packed = (parts: readonly Buffer[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts.map(packBlock)));
  expect((await ask({ parameters: { ...parameters, query: `INSERT INTO ${table} FORMAT CSV` }, body: packed([rows.subarray(0, 5), rows.subarray(5)]) })).status).toBe(200);
  expect((await ask({ parameters, body: packed([Buffer.from(`INSERT INTO ${table} VALUES (3, upper('c'))`)]) })).status).toBe(200);
  expect((await ask({ parameters: { ...parameters, query: `INSERT INTO ${table} FORMAT CSV` }, headers: { 'content-encoding': 'gzip' }, body: new Uint8Array(gzipSync(packed([Buffer.from('4,d\n')]))) })).status).toBe(200);
  expect(await (await ask({ parameters, body: packed([Buffer.from(`SELECT sum(a), sum(length(s)), max(s) = repeat('x', 100000) FROM ${table}`)]) })).text()).toBe('10\t100003\t1\n');
  expect((await refusal({ parameters, body: 'SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9' })).code).toBe('298');
});

test('compresses error bodies as it compresses answers', async () => {
  const response = await ask({ parameters: { enable_http_compression: '1' }, headers: { 'accept-encoding': 'gzip' }, body: 'SELECT nope' });
  expect([response.status, response.headers.get('content-encoding')]).toStrictEqual([404, 'gzip']);
  expect(await response.text()).toMatch(/^Code: 47\. /);
});

test('takes statements as bytes: in the body, in the URL, and as parameters', async () => {
  const bytes = 'FF00C328ED A080FE'.replace(' ', '');
  const literal = Buffer.concat([Buffer.from("'"), Buffer.from(bytes, 'hex'), Buffer.from("'")]);
  const sql = (...parts: readonly (string | Buffer)[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as string))));
  expect(await (await ask({ body: sql('SELECT hex(', literal, '), \'ü\'') })).text()).toBe(`${bytes}\tü\n`);
  expect(await (await ask({ body: sql('SELECT hex($$', literal.subarray(1, -1), '$$)') })).text()).toBe(`${bytes}\n`);
  const escaped = bytes.replace(/../g, '%$&');
  const urlOf = (query: string): string => `${base}/?database=${database}&${query}`;
  expect(await (await fetch(urlOf(`query=SELECT+hex('${escaped}')`), { headers: { authorization } })).text()).toBe(`${bytes}\n`);
  expect(await (await fetch(urlOf(`query=SELECT+hex(%7Bp:String%7D)&param_p=${escaped}`), { headers: { authorization } })).text()).toBe(`${bytes}\n`);
  const table = await freshTable('a String');
  await ask({ body: sql(`INSERT INTO ${table} SELECT `, literal) });
  await ask({ body: sql(`INSERT INTO ${table} VALUES (`, literal, ')') });
  await ask({ body: sql(`CREATE VIEW ${table}_v AS SELECT `, literal, ' AS a') });
  expect(await text(`SELECT hex(a), count() FROM (SELECT a FROM ${table} UNION ALL SELECT a FROM ${table}_v) GROUP BY a`)).toBe(`${bytes}\t3\n`);
});

test('keeps system.query_log of the newest queries', async () => {
  const query_id = randomUUID();
  await ask({ parameters: { query_id, log_comment: 'noted' }, headers: { 'user-agent': 'a test' }, body: 'SELECT number FROM numbers(3) -- looked for' });
  await refusal({ parameters: { query_id }, body: 'SELECT nope' });
  await text('SYSTEM FLUSH LOGS');
  const log = 'SELECT type, query, query_kind, exception_code, read_rows, http_user_agent, log_comment FROM system.query_log WHERE query_id = {id:String} ORDER BY query DESC, type';
  expect(await text(`${log} FORMAT CSV`, { param_id: query_id })).toBe([
    '"QueryStart","SELECT number FROM numbers(3) -- looked for","Select",0,0,"a test","noted"',
    '"QueryFinish","SELECT number FROM numbers(3) -- looked for","Select",0,3,"a test","noted"',
    '"QueryStart","SELECT nope","Select",0,0,"node",""',
    '"ExceptionWhileProcessing","SELECT nope","Select",47,0,"node",""', ''].join('\n'));
});

test('JSONEachRowWithProgress tells progress first, totals, and errors as rows when asked', async () => {
  const rows = (answer: string): Record<string, unknown>[] => answer.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  const kinds = (answer: string): string[] => rows(answer).map((row) => Object.keys(row)[0] ?? '');
  const totals = 'SELECT number % 2 AS k, count() AS c FROM numbers(100) GROUP BY k WITH TOTALS ORDER BY k FORMAT JSONEachRowWithProgress';
  expect(kinds(await text(totals, { extremes: '1' })).slice(0, 7)).toStrictEqual(['progress', 'meta', 'row', 'row', 'totals', 'min', 'max']);
  const slow = kinds(await text('SELECT sleepEachRow(0.1) AS s FROM numbers(3) SETTINGS max_block_size = 1 FORMAT JSONEachRowWithProgress'));
  expect([slow[0], slow[1], slow.filter((kind) => kind === 'row').length]).toStrictEqual(['progress', 'meta', 3]);
  const failing = { parameters: { http_write_exception_in_output_format: '1' }, body: "SELECT throwIf(number = 2, 'as a row') FROM numbers(3) SETTINGS max_block_size = 1 FORMAT JSONEachRowWithProgress" };
  expect(String(rows(await (await ask(failing)).text()).at(-1)?.['exception'])).toMatch(/^Code: 395\. .*as a row/);
});

test('inserts every format it can give, binary ones too', async () => {
  const table = await freshTable('a Int32, s String, d DateTime64(3, \'UTC\'), n Nullable(Int64), list Array(String)');
  const source = "SELECT toInt32(number) AS a, concat('x;\\n\\0\\'', char(number % 256)) AS s, toDateTime64(number, 3, 'UTC') AS d, if(number % 2 = 0, NULL, toInt64(number)) AS n, ['y', s] AS list FROM numbers(1000)";
  const sum = 'SELECT count(), sum(cityHash64(*))';
  const expected = await text(`${sum} FROM (${source})`);
  for (const format of ['Native', 'RowBinary', 'RowBinaryWithNamesAndTypes', 'Avro', 'Parquet', 'ArrowStream', 'TabSeparated', 'CSVWithNames', 'Values', 'MsgPack']) {
    const body = await (await ask({ body: `${source} FORMAT ${format}` })).arrayBuffer();
    await text(`TRUNCATE TABLE ${table}`);
    const response = await ask({ parameters: { query: `INSERT INTO ${table} (a, s, d, n, list) FORMAT ${format}` }, body });
    expect(response.status, `${format}: ${await response.text()}`).toBe(200);
    const summary = JSON.parse(response.headers.get('x-clickhouse-summary') ?? '{}') as Record<string, string>;
    expect(summary['written_rows'], format).toBe('1000');
    expect(await text(`${sum} FROM ${table}`), format).toBe(expected);
    await text(`TRUNCATE TABLE ${table}`);
    const both = Buffer.concat([Buffer.from(`INSERT INTO ${table} (a, s, d, n, list) SETTINGS max_threads = 1 FORMAT ${format}\n`), Buffer.from(body)]);
    expect((await ask({ body: new Uint8Array(both) })).status).toBe(200);
    expect(await text(`${sum} FROM ${table}`), `${format} with the INSERT in the body`).toBe(expected);
  }
});

test('inserts from VALUES, SELECT and input()', async () => {
  const table = await freshTable("a Int32, s String DEFAULT 'none'");
  await text(`INSERT INTO ${table} VALUES (1, 'a;b'), (1 + {n:Int32}, concat('x', 'y'));`, { param_n: '1' });
  await text("(3, 'in the body')", { query: `INSERT INTO ${table} VALUES` });
  await text(`INSERT INTO ${table} (a) SELECT 4`);
  await text(`INSERT INTO ${table} (a, s) SELECT x * 10, upper(y) FROM input('x Int32, y String') FORMAT CSV\n1,up\n`);
  expect(await text(`SELECT * FROM ${table} ORDER BY a`)).toBe('1\ta;b\n2\txy\n3\tin the body\n4\tnone\n10\tUP\n');
  await text(`INSERT INTO ${table} FORMAT JSONEachRow`);
});

test('leaves nothing behind of an insert that is broken or cut off', async () => {
  const table = await freshTable('a Int32, s String');
  for (const format of ['Avro', 'Native', 'RowBinary']) {
    const whole = Buffer.from(await (await ask({ body: `SELECT toInt32(number) AS a, toString(number) AS s FROM numbers(5000) FORMAT ${format}` })).arrayBuffer());
    const refused = await refusal({ parameters: { query: `INSERT INTO ${table} FORMAT ${format}` }, body: new Uint8Array(whole.subarray(0, whole.length - 7)) });
    expect(refused.status, format).toBeGreaterThanOrEqual(400);
    expect(refused.text).toMatch(/^Code: \d+\. DB::Exception: /);
  }
  const socket = connect(Number(endpoint.port || 80), endpoint.hostname);
  await once(socket, 'connect');
  socket.write(`POST /?database=${database}&query=INSERT+INTO+${table}+FORMAT+CSV HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: 1000000\r\n\r\n1,a\n2,b\n`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  expect(await text(`SELECT count() FROM ${table}`)).toBe('0\n');
});

test('feeds all materialized views of a Null table, and reports the error of one', async () => {
  const landing = await freshTable('a Int32, s String', 'Null');
  const [first, second] = [await freshTable('a Int32'), await freshTable('n UInt64')];
  await text(`CREATE MATERIALIZED VIEW ${landing}_1 TO ${first} AS SELECT a FROM ${landing}`);
  await text(`CREATE MATERIALIZED VIEW ${landing}_2 TO ${second} AS SELECT length(s) + throwIf(a = 13, 'unlucky') AS n FROM ${landing}`);
  const type = avro.Type.forSchema({ type: 'record', name: 'row', fields: [{ name: 'a', type: 'int' }, { name: 's', type: 'string' }] });
  const container = async (rows: readonly { a: number; s: string }[]): Promise<Uint8Array<ArrayBuffer>> => {
    const encoder = new avro.streams.BlockEncoder(type);
    for (const row of rows) encoder.write(row);
    encoder.end();
    return new Uint8Array(Buffer.concat(await (encoder as unknown as Readable).toArray() as Buffer[]));
  };
  const parameters = { query: `INSERT INTO ${landing} FORMAT Avro` };
  expect((await ask({ parameters, body: await container([{ a: 1, s: 'abc' }, { a: 2, s: 'd' }]) })).status).toBe(200);
  expect(await text(`SELECT (SELECT sum(a) FROM ${first}), (SELECT sum(n) FROM ${second})`)).toBe('3\t4\n');
  const refused = await refusal({ parameters, body: await container([{ a: 13, s: '' }]) });
  expect(refused.code).toBe('395');
  expect(refused.text).toMatch(/unlucky.*while pushing to view/s);
});

test('takes multipart forms: parameters, the query, and files as external tables', async () => {
  const form = new FormData();
  form.set('query', 'SELECT sum(id) + {n:Int32} FROM ids');
  form.set('param_n', '10');
  form.set('ids', new Blob(['1\n2\n3\n']), 'ids.csv');
  const response = await ask({ parameters: { ids_format: 'CSV', ids_structure: 'id Int32' }, body: form });
  expect(await response.text()).toBe('16\n');
});

test('@clickhouse/client: ping, queries, streams, parameters, settings and session', async () => {
  expect((await client.ping()).success).toBe(true);
  const rows = await client.query({ query: 'SELECT {n:UInt32} AS n, {s:String} AS s, {d:DateTime64(3)} AS d', query_params: { n: 5, s: "a'\\\tb", d: new Date(0) }, format: 'JSON' });
  const { data } = await rows.json<{ n: number; s: string; d: string }>();
  expect(data).toStrictEqual([{ n: 5, s: "a'\\\tb", d: '1970-01-01 00:00:00.000' }]);
  let count = 0;
  const stream = await client.query({ query: 'SELECT number FROM numbers(200000)', format: 'JSONEachRow', clickhouse_settings: { max_block_size: '10000' } });
  for await (const part of stream.stream()) count += part.length;
  expect(count).toBe(200000);
  const packed = createClient({ url: base, username: user, password, database, session_id: randomUUID(), compression: { request: true, response: true } });
  await packed.command({ query: 'CREATE TEMPORARY TABLE mine (a Int32)' });
  await packed.insert({ table: 'mine', values: [{ a: 1 }, { a: 2 }], format: 'JSONEachRow' });
  expect(await (await packed.query({ query: 'SELECT toInt32(sum(a)) AS a FROM mine', format: 'JSONEachRow' })).json()).toStrictEqual([{ a: 3 }]);
  await packed.close();
});

test('@clickhouse/client: inserts objects and streams, exec, errors, and abort', async () => {
  const table = await freshTable('a UInt32, s String');
  const inserted = await client.insert({ table, values: [{ a: 1, s: 'ü' }], format: 'JSONEachRow' });
  expect(inserted.summary?.written_rows).toBe('1');
  await client.insert({ table, values: Readable.from([{ a: 2, s: 'b' }, { a: 3, s: 'c' }]), format: 'JSONEachRow' });
  await client.insert({ table, values: Readable.from(['4,d\n', '5,e\n'], { objectMode: false }), format: 'CSV', columns: ['a', 's'] });
  const exec = await client.exec({ query: `SELECT sum(a) FROM ${table} FORMAT CSV` });
  expect(Buffer.concat(await exec.stream.toArray() as Buffer[]).toString()).toBe('15\n');
  await expect(client.query({ query: 'SELECT * FROM nope' })).rejects.toSatisfy((error: unknown) => error instanceof ClickHouseError && error.code === '60' && error.type === 'UNKNOWN_TABLE');
  const midway = await client.query({ query: 'SELECT number, throwIf(number = 5000000) AS t FROM numbers(9000000)', format: 'JSONEachRow' });
  await expect(async () => {
    for await (const part of midway.stream()) expect(part.length).toBeGreaterThan(0);
  }).rejects.toSatisfy((error: unknown) => error instanceof ClickHouseError && error.code === '395');
  const leaving = new AbortController();
  const slow = client.query({ query: 'SELECT sleep(3)', abort_signal: leaving.signal });
  leaving.abort();
  await expect(slow).rejects.toThrow(/abort/i);
});

test("Python's clickhouse-connect works unchanged", async () => {
  const script = join(import.meta.dirname, 'clickhouse_connect_check.py');
  const { stdout } = await promisify(execFile)(process.env['PYTHON'] ?? 'python3', [script], {
    env: { ...process.env, CLICKHOUSE_URL: `${endpoint.protocol}//${encodeURIComponent(user)}:${encodeURIComponent(password)}@${endpoint.host}`, CLICKHOUSE_DATABASE: database },
  });
  expect(stdout).toMatch(/all checks passed/);
});
