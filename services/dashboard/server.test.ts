// The door: who is answered, what is refused, and what every answer says to a browser.
import { Readable } from 'node:stream';
import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import type { StreamingClickHouse } from '../runtime/clickhouse.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { createLogger } from '../runtime/logger.ts';
import { readQuery } from './catalogue.ts';
import { Live } from './live.ts';
import { People } from './people.ts';
import { createDashboard } from './server.ts';

const agentIds = readQuery('desk/agent-ids', '-- Ids.\nSELECT 1');
const cells = readQuery('now/cells', '-- Cells.\nSELECT {integration:String} AS x');
const records = readQuery('pipeline/quarantine-records', '-- Records.\nSELECT 1');
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A user may read what is theirs: for the other's tenant ClickHouse says ACCESS_DENIED. */
function connect(credentials?: { user: string; password: string }): StreamingClickHouse {
  return {
    query: () => (credentials === undefined || credentials.password === 'right' ? Promise.resolve([]) : Promise.reject(new RuntimeError('CLICKHOUSE_REFUSED', 'AUTHENTICATION_FAILED 516: no'))),
    bytes: (sql: string, values: { integration: string }) => (credentials !== undefined && values.integration !== credentials.user
      ? Promise.reject(new RuntimeError('CLICKHOUSE_REFUSED', 'ACCESS_DENIED 497: no'))
      : Promise.resolve(Readable.from([sql.includes('CSV') ? '"x"\n1\n' : JSON.stringify({ meta: [{ name: 'x', type: 'UInt8' }], data: [{ x: 1 }] })]))),
    close: () => Promise.resolve(),
  } as unknown as StreamingClickHouse;
}

async function dashboard(login: boolean): Promise<string> {
  const live = new Live(50);
  const app = createDashboard({
    catalogue: new Map([cells, records].map((query) => [query.name, query])), live, states: () => Promise.resolve([]), metrics: new Registry(), ready: () => Promise.resolve(null), logger: createLogger('test', 'silent'),
    people: new People({ login, connect, seeNames: ['acme', 'globex'], operators: ['globex'], publicUrl: null, secret: 's'.repeat(32), agentIds, now: Date.now, onRun: () => undefined }),
    pages: new Map([['/index.html', { type: 'text/html; charset=utf-8', body: Buffer.from('<p>'), gzipped: Buffer.from(''), isForever: false }]]),
  });
  closing.push(async () => {
    live.stop();
    await app.close();
  });
  return app.listen({ host: '127.0.0.1', port: 0 });
}

const json = { 'content-type': 'application/json' };
const logIn = (base: string, user: string, password: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${base}/api/login`, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify({ user, password }) });
const statusOf = async (path: string, init?: RequestInit): Promise<number> => {
  const answer = await fetch(path, { redirect: 'manual', ...init });
  await answer.body?.cancel();
  return answer.status;
};

test('with a login nothing but the way in is answered before it, and afterwards what the user of ClickHouse may read', async () => {
  const base = await dashboard(true);
  for (const path of ['/api/queries/now/cells?tenant=acme', '/api/queries/now/cells.csv?tenant=acme', '/api/live?tenant=acme']) expect(await statusOf(base + path), path).toBe(401);
  expect(await (await fetch(`${base}/api/me`)).json()).toStrictEqual({ login: true, user: null, sees_names: false, is_operator: false });
  expect((await logIn(base, 'acme', 'wrong')).status).toBe(401);
  const cookie = ((await logIn(base, 'acme', 'right')).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const as = { headers: { cookie } };
  expect(await statusOf(`${base}/api/queries/now/cells?tenant=acme`, as)).toBe(200);
  // The other tenant, by every way there is.
  for (const path of ['/api/queries/now/cells?tenant=globex', '/api/queries/now/cells.csv?tenant=globex', '/api/queries/now/cells.parquet?tenant=globex']) expect(await statusOf(base + path, as), path).toBe(403);
  expect(await statusOf(`${base}/api/queries/now/cells?tenant=acme&tenant=globex`, as)).toBe(400);
  expect(await statusOf(`${base}/api/logout`, { method: 'POST', headers: { ...json, cookie }, body: '{}' })).toBe(200);
  expect(await statusOf(`${base}/api/queries/now/cells?tenant=acme`, as)).toBe(401);
});

test('what people wrote, and what services do, is for operators alone, in files, too', async () => {
  const base = await dashboard(true);
  const statuses = async (user: string): Promise<number[]> => {
    const cookie = ((await logIn(base, user, 'right')).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    return Promise.all(['/api/queries/pipeline/quarantine-records?tenant=globex', '/api/queries/pipeline/quarantine-records.csv?tenant=globex', '/api/services'].map((path) => statusOf(base + path, { headers: { cookie } })));
  };
  expect(await statuses('acme')).toStrictEqual([403, 403, 403]);
  expect((await statuses('globex')).at(-1)).toBe(200);
  expect(await statusOf(`${base}/api/services`)).toBe(401);
});

test('a question may be asked of a snapshot, by a name that can be one', async () => {
  const base = await dashboard(false);
  expect(await statusOf(`${base}/api/queries/now/cells?tenant=acme&snapshot=monday`)).toBe(200);
  for (const name of ['x;y', 'A', "a'b", '', '_a']) expect(await statusOf(`${base}/api/queries/now/cells?tenant=acme&snapshot=${encodeURIComponent(name)}`), name).toBe(400);
});

test('another site can neither log somebody in nor out', async () => {
  const base = await dashboard(true);
  expect((await logIn(base, 'acme', 'right', { origin: 'http://evil.example' })).status).toBe(403);
  expect((await logIn(base, 'acme', 'right', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await logIn(base, 'acme', 'right', { origin: base })).status).toBe(200);
  expect(await statusOf(`${base}/api/logout`, { method: 'POST', headers: { ...json, origin: 'null' }, body: '{}' })).toBe(403);
});

test('every page and answer forbids what is not ours, and only reading is taken', async () => {
  const base = await dashboard(false);
  for (const path of ['/', '/queues', '/api/queries/now/cells?tenant=acme', '/api/me']) {
    const answer = await fetch(base + path);
    expect(answer.status, path).toBe(200);
    expect(answer.headers.get('content-security-policy'), path).toMatch(/^default-src 'none'; script-src 'self';.*frame-ancestors 'none'$/);
    expect(answer.headers.get('x-content-type-options'), path).toBe('nosniff');
  }
  expect(await statusOf(`${base}/api/queries/now/cells?tenant=acme`, { method: 'DELETE' })).toBe(405);
  expect(await statusOf(`${base}/api/live?tenant=acme`, { method: 'HEAD' })).toBe(405);
  expect(await statusOf(`${base}/api/queries/now/other?tenant=acme`)).toBe(404);
  for (const none of ['xlsx', 'constructor', 'toString', '__proto__', '']) expect(await statusOf(`${base}/api/queries/now/cells.${none}?tenant=acme`), none).toBe(404);
  expect(await statusOf(`${base}/api/queries/now/cells`)).toBe(400);
  expect(await statusOf(`${base}/elsewhere`)).toBe(404);
});

test('a file is called after its question, and is the rows of ClickHouse as it gives them', async () => {
  const base = await dashboard(false);
  const file = await fetch(`${base}/api/queries/now/cells.csv?tenant=acme`);
  expect([file.headers.get('content-type'), file.headers.get('content-disposition'), await file.text()]).toStrictEqual(['text/csv; charset=utf-8', 'attachment; filename="now-cells.csv"', '"x"\n1\n']);
});
