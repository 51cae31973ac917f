import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isOutage } from '../runtime/consumer.ts';
import { NotNow, Refused } from './failures.ts';
import { Limits, Window } from './limits.ts';
import { createApi, dryRun, redacted, retryAfterMs, type ApiOptions } from './http.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;
let answer: Answer = (_request, response) => response.end();
let asked: { method: string; url: string; type: string; body: string }[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    asked.push({ method: request.method ?? '', url: request.url ?? '', type: request.headers['content-type'] ?? '', body });
    answer(request, response, body);
  });
});
let baseUrl = '';
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => {
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  resolve();
})));
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const SECRET = 'se/cret token';
const apiOf = (options: Partial<ApiOptions> = {}) => createApi({ name: 'Vendor', baseUrl, secrets: [SECRET], ...options });
const status = (code: number, headers: Record<string, string> = {}, body = ''): Answer => (_request, response) => response.writeHead(code, headers).end(body);
const failure = (request = apiOf().request({ method: 'GET', path: '/x' })): Promise<unknown> => request.then(() => undefined, (error: unknown) => error);

test('sends a query and one of three bodies, and gives JSON as what it says', async () => {
  asked = [];
  answer = status(200, { 'content-type': 'application/json' }, '{"id": 1}');
  expect((await apiOf().request({ method: 'POST', path: '/a', query: { b: 'ä&', c: 2, d: undefined }, json: { e: 1 } })).body).toStrictEqual({ id: 1 });
  answer = status(201, {}, 'fine');
  expect(await apiOf().request({ method: 'PUT', path: '/f', form: { g: 'h i' } })).toMatchObject({ status: 201, body: 'fine' });
  expect(asked).toStrictEqual([
    { method: 'POST', url: '/a?b=%C3%A4%26&c=2', type: 'application/json', body: '{"e":1}' },
    { method: 'PUT', url: '/f', type: 'application/x-www-form-urlencoded', body: 'g=h+i' },
  ]);
});

test('what may be otherwise later waits, what will not be is refused', async () => {
  for (const code of [301, 302, 307, 308, 408, 425, 500, 502, 503, 504]) {
    answer = status(code, code < 400 ? { location: '/elsewhere' } : {});
    expect(await failure(), String(code)).toSatisfy((error) => error instanceof NotNow && isOutage(error));
  }
  for (const code of [400, 401, 403, 404, 410, 422]) {
    answer = status(code);
    expect(await failure(), String(code)).toMatchObject({ name: 'Refused', status: code });
  }
  answer = status(401);
  expect(await failure(apiOf({ alsoNotNow: [401] }).request({ method: 'GET', path: '/x' }))).toBeInstanceOf(NotNow);
});

test('an answer that never comes, or a connection that breaks, waits, and says whether it may have had an effect', async () => {
  answer = () => undefined;
  expect(await failure(apiOf({ timeoutMs: 30 }).request({ method: 'GET', path: '/x' }))).toMatchObject({ message: 'Vendor: GET /x: no answer within 0.03 s', sent: true });
  answer = (request) => request.socket.destroy();
  expect(await failure()).toSatisfy((error) => error instanceof NotNow && error.sent);
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  expect(await failure(apiOf({ baseUrl: `http://127.0.0.1:${port}` }).request({ method: 'GET', path: '/x' }))).toSatisfy((error) => error instanceof NotNow && !error.sent);
  const stop = AbortSignal.abort(new Error('the service stops'));
  expect(await failure(apiOf().request({ method: 'GET', path: '/x', signal: stop }))).toMatchObject({ message: 'the service stops' });
});

test('of a vendor that answers in JSON, a page and half an answer are no answer; other addresses may say what they like', async () => {
  for (const [type, body] of [['text/html', '<html>Maintenance</html>'], ['application/json', '{"id": '], ['application/json', ''], ['text/plain', 'ok']] as const) {
    answer = status(200, { 'content-type': type }, body);
    expect(await failure(apiOf({ answersJson: true }).request({ method: 'POST', path: '/x' })), body).toSatisfy((error) => error instanceof NotNow && error.sent && error.status === null);
    expect((await apiOf().request({ method: 'POST', path: '/x' })).body).toBe(body);
  }
});

/** A piece every few milliseconds, for ever. */
const dripping = (code: number, piece: string): Answer => (_request, response) => {
  response.writeHead(code, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(piece), 5);
  response.on('close', () => clearInterval(timer));
};

test('an answer that has no end is read for a while, and up to a size; what its status says counts all the same', async () => {
  const limits = [['slow', { timeoutMs: 60 }, ' '], ['large', {}, 'x'.repeat(70_000)]] as const;
  for (const [which, options, piece] of limits) {
    const ask = (more: Partial<ApiOptions> = {}) => apiOf({ ...options, ...more }).request({ method: 'POST', path: '/x', mostBytes: 100_000 });
    answer = dripping(200, piece);
    expect(await failure(ask({ answersJson: true })), which).toSatisfy((error) => error instanceof NotNow && error.sent && error.status === null && /answered 200, but its answer (broke off|has more than 100000 bytes)/.test(error.message));
    expect((await ask()).status, which).toBe(200);
    answer = dripping(422, piece);
    expect(await failure(ask()), which).toMatchObject({ name: 'Refused', status: 422 });
    answer = dripping(503, piece);
    expect(await failure(ask()), which).toBeInstanceOf(NotNow);
  }
  const stop = new AbortController();
  answer = dripping(200, ' ');
  const asking = failure(apiOf().request({ method: 'GET', path: '/x', signal: stop.signal }));
  setTimeout(() => stop.abort(new Error('the service stops')), 30);
  expect(await asking).toMatchObject({ message: 'the service stops' });
});

test('what unpacks to very much is read up to a size, too', async () => {
  const packed = gzipSync(Buffer.alloc(50_000_000, 32));
  answer = (_request, response) => response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(packed);
  expect(await failure(apiOf({ answersJson: true }).request({ method: 'GET', path: '/x' }))).toSatisfy((error) => error instanceof NotNow && error.message.includes('more than 4194304 bytes'));
});

test('half a character goes nowhere, however deep it stands', async () => {
  asked = [];
  answer = status(200);
  await apiOf().request({ method: 'POST', path: '/x', json: { summary: 'a😀'.slice(0, 2), deep: [{ text: '😀'.slice(1), whole: '😀' }] } });
  expect(asked[0]?.body).toBe('{"summary":"a\ufffd","deep":[{"text":"\ufffd","whole":"😀"}]}');
});

test('no vendor is left alone for ever, whatever it asks for', async () => {
  for (const header of ['Infinity', '1e300', '99999999', 'Fri, 31 Dec 9999 23:59:59 GMT']) {
    answer = status(429, { 'retry-after': header });
    expect(await failure(), header).toMatchObject({ retryAfterMs: 3_600_000 });
  }
  answer = status(429);
  expect(await failure(apiOf({ retryAfterMs: () => NaN }).request({ method: 'GET', path: '/x' }))).toMatchObject({ retryAfterMs: 0 });
});

test('nothing that is said of a request holds a secret', async () => {
  answer = status(400, {}, `no such token: ${SECRET} or ${encodeURIComponent(SECRET)}`);
  const error = await failure(apiOf().request({ method: 'GET', path: `/bot${encodeURIComponent(SECRET)}/send?key=${encodeURIComponent(SECRET)}`, query: { token: SECRET } }));
  expect(error).toBeInstanceOf(Refused);
  expect((error as Refused).message).toBe('Vendor: GET /bot***/send was answered 400: no such token: *** or ***');
  answer = status(400, {}, 'x'.repeat(5_000));
  expect(((await failure()) as Refused).said).toHaveLength(301);
  const wrong = await failure(apiOf({ baseUrl: `not a url ${SECRET}` }).request({ method: 'GET', path: '/x' }));
  expect(String(wrong)).not.toContain(SECRET);
  expect(redacted('ab abc', ['ab', 'abc'])).toBe('*** ***');
});

test('a vendor that asks for a pause gets it from all who share the key; a long one is not waited for', async () => {
  const limits = [{ key: 'paused', requests: 100, perMs: 1_000 }];
  answer = status(429, { 'retry-after': '0.2' });
  expect(await failure(apiOf({ limits }).request({ method: 'GET', path: '/x' }))).toMatchObject({ retryAfterMs: 200, sent: false });
  answer = status(200);
  asked = [];
  await apiOf({ limits }).request({ method: 'GET', path: '/x' });
  expect(asked, 'after the pause').toHaveLength(1);
  answer = status(503, { 'retry-after': '3600' });
  await failure(apiOf({ limits }).request({ method: 'GET', path: '/x' }));
  asked = [];
  expect(await failure(apiOf({ limits }).request({ method: 'GET', path: '/x' }))).toSatisfy((error) => error instanceof NotNow && /pause of another 3600 s/.test(error.message));
  expect(asked).toHaveLength(0);
});

test('says seconds and dates alike', () => {
  expect([retryAfterMs('2'), retryAfterMs('Wed, 21 Oct 2015 07:28:02 GMT', Date.parse('2015-10-21T07:28:00Z')), retryAfterMs(null), retryAfterMs('soon'), retryAfterMs('-1')]).toStrictEqual([2_000, 2_000, 0, 0, 0]);
});

test('no window sees more requests than its limit, whatever other limits make them wait', () => {
  const windows = [new Window({ key: 'narrow', requests: 5, perMs: 200 }), new Window({ key: 'wide', requests: 8, perMs: 300 })];
  const sent: number[] = [];
  for (let now = 0; sent.length < 100; now += 7) {
    while (windows.every((window) => window.waitMs(now) === 0)) {
      for (const window of windows) window.take(now);
      sent.push(now);
    }
  }
  const most = (perMs: number): number => Math.max(...sent.map((at) => sent.filter((other) => other >= at && other < at + perMs).length));
  expect([most(200), most(300)]).toStrictEqual([5, 8]);
});

test('a limit is kept also when thousands of others came since', async () => {
  const limits = [{ key: 'kept', requests: 1, perMs: 60_000 }];
  await new Limits(limits).turn(undefined);
  for (let n = 0; n < 3_000; n++) await new Limits([{ key: `other ${n}`, requests: 1, perMs: 1 }]).turn(undefined);
  const abort = new AbortController();
  const waiting = new Limits(limits).turn(abort.signal).then(() => 'went', () => 'waited');
  setImmediate(() => abort.abort());
  expect(await waiting).toBe('waited');
});

test('a stop does not wait for a turn', async () => {
  const limits = [{ key: 'full', requests: 1, perMs: 60_000 }];
  answer = status(200);
  await apiOf({ limits }).request({ method: 'GET', path: '/x' });
  const abort = new AbortController();
  const waiting = failure(apiOf({ limits }).request({ method: 'GET', path: '/x', signal: abort.signal }));
  abort.abort(new Error('the service stops'));
  expect(await waiting).toMatchObject({ message: 'the service stops' });
});

test('a dry run reads, and prints what it would send', async () => {
  asked = [];
  answer = status(200, { 'content-type': 'application/json' }, '[]');
  const lines: string[] = [];
  const api = dryRun({ name: 'Vendor', baseUrl, secrets: [SECRET], pretend: () => ({ id: 'made up' }) }, (line) => lines.push(line));
  await api.request({ method: 'GET', path: '/lists' });
  expect((await api.request({ method: 'POST', path: '/cards', json: { name: `n ${SECRET}` } })).body).toStrictEqual({ id: 'made up' });
  expect(asked.map(({ method }) => method)).toStrictEqual(['GET']);
  expect(lines).toStrictEqual(['Vendor: would POST /cards {"name":"n ***"}']);
});
