// The door's manners on real sockets. What becomes of an event is decided elsewhere: here `accept`
// answers at once.
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge, Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RuntimeError } from '../runtime/errors.ts';
import { startHealthServer } from '../runtime/health.ts';
import { createLogger } from '../runtime/logger.ts';
import type { Accept } from './accept.ts';
import { createServer } from './server.ts';

const metrics = new Registry();
const answers = new Counter({ name: 'answers', help: 'Answers', labelNames: ['status', 'outcome'], registers: [metrics] });
let pages = 0;
new Gauge({ name: 'pages', help: 'Pages of metrics made', registers: [metrics], collect() { this.set(++pages); } });
let checks = 0;
let decide: Accept = () => Promise.resolve({ status: 'accepted', event_id: 'e1' });

let isDraining = false;
const app = createServer({
  accept: (delivery) => decide(delivery),
  metrics,
  ready: () => {
    checks += 1;
    return Promise.resolve(null);
  },
  logger: createLogger('ingress', 'fatal'),
  onAnswer: (status, outcome) => answers.inc({ status: String(status), outcome }),
  onDecided: () => undefined,
  isDraining: () => isDraining,
  limits: { requestTimeoutMs: 1_000 },
});

beforeAll(() => app.listen({ host: '127.0.0.1', port: 0 }));
afterAll(() => app.close());

interface Parsed {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: { status?: string; error?: { code: string; message: string } };
}

function open(): Socket {
  const { port } = app.server.address() as AddressInfo;
  return connect({ port, host: '127.0.0.1', allowHalfOpen: true });
}

/** All answers of a connection, until the other side closes it. */
async function answersOf(socket: Socket): Promise<Parsed[]> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.resume();
  if (!socket.readableEnded && !socket.destroyed) await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  return parsed(Buffer.concat(chunks).toString());
}

function parsed(text: string): Parsed[] {
  const found: Parsed[] = [];
  for (let from = 0, end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n', from)) {
    const [line = '', ...lines] = text.slice(from, end).split('\r\n');
    const headers = Object.fromEntries(lines.map((header) => [header.slice(0, header.indexOf(':')).toLowerCase(), header.slice(header.indexOf(':') + 1).trim()]));
    from = end + 4 + Number(headers['content-length'] ?? 0);
    const body = text.slice(end + 4, from);
    found.push({ status: Number(line.split(' ')[1]), headers, body: body.startsWith('{') ? JSON.parse(body) as Parsed['body'] : {} });
  }
  return found;
}

/** Sends, shuts the own side, and reads what comes back. */
async function exchange(request: string): Promise<Parsed[]> {
  const socket = open();
  socket.end(request);
  const found = await answersOf(socket);
  socket.destroy();
  return found;
}

const head = (line: string, headers: readonly string[] = []): string => [line, 'host: door', ...headers, '', ''].join('\r\n');
const post = (body: string, path = '/webhooks', headers: readonly string[] = []): string =>
  head(`POST ${path} HTTP/1.1`, ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, ...headers]) + body;
const answered = async (): Promise<number> => (await answers.get()).values.reduce((sum, { value }) => sum + value, 0);
const codes = (found: readonly Parsed[]): string[] => found.map(({ status, body }) => `${status} ${body.error?.code ?? body.status ?? ''}`);

describe('every answer that is no success has the same body', () => {
  const cases: readonly (readonly [what: string, request: string, expected: string])[] = [
    ['a path that is no path', post('{}', '/webhooks/%'), '400 bad_request'],
    ['a path that is no path, half a character', post('{}', '/webhooks/%ff'), '400 bad_request'],
    ['no HTTP at all', 'hello\r\n\r\n', '400 bad_request'],
    ['a method that does not exist', head('FETCH /webhooks HTTP/1.1'), '400 bad_request'],
    ['no Host header', 'POST /webhooks HTTP/1.1\r\ncontent-length: 0\r\n\r\n', '400 bad_request'],
    ['two lengths', head('POST /webhooks HTTP/1.1', ['content-length: 3', 'content-length: 4']), '400 bad_request'],
    ['a body that is cut off', `${head('POST /webhooks HTTP/1.1', ['content-type: application/json', 'content-length: 9'])}{}`, '400 bad_request'],
    ['a broken chunk', `${head('POST /webhooks HTTP/1.1', ['content-type: application/json', 'transfer-encoding: chunked'])}x\r\n`, '400 bad_request'],
    ['another path', post('{}', '/elsewhere'), '404 not_found'],
    ['another path, no JSON', post('<a/>', '/elsewhere', ['content-type: text/xml']), '404 not_found'],
    ['a long name in the path', post('{}', `/webhooks/${'x'.repeat(1_001)}`), '414 uri_too_long'],
    ['a body that is too long', post('x'.repeat(1_048_577)), '413 body_too_large'],
    ['no JSON', head('POST /webhooks HTTP/1.1', ['content-type: text/plain', 'content-length: 2']) + '{}', '415 unsupported_media_type'],
    ['no content type', head('POST /webhooks HTTP/1.1', ['content-length: 2']) + '{}', '415 unsupported_media_type'],
    ['compressed', post('{}', '/webhooks', ['content-encoding: gzip']), '415 unsupported_encoding'],
    ['compressed on its way', head('POST /webhooks HTTP/1.1', ['content-type: application/json', 'transfer-encoding: gzip, chunked']) + '2\r\n{}\r\n0\r\n\r\n', '415 unsupported_encoding'],
    ['an expectation', post('{}', '/webhooks', ['expect: a miracle']), '417 expectation_failed'],
    ['too many headers', head('POST /webhooks HTTP/1.1', [`x: ${'x'.repeat(20_000)}`]), '431 headers_too_large'],
    ['a path that exceeds the headers', head(`POST /${'x'.repeat(20_000)} HTTP/1.1`), '431 headers_too_large'],
    ['a tunnel', head('CONNECT example.com:80 HTTP/1.1'), '405 method_not_allowed'],
  ];
  for (const [what, request, expected] of cases) {
    it(`${what}: ${expected}`, async () => {
      const [first, ...more] = await exchange(request);
      expect(codes(first === undefined ? [] : [first])).toStrictEqual([expected]);
      expect(more).toStrictEqual([]);
      expect(first?.headers['content-type'] ?? '').toMatch(/^application\/json/);
      expect((first?.body.error?.message ?? '').length).toBeGreaterThan(5);
    });
  }

  it('other methods on known paths are told which ones they take', async () => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'M-SEARCH']) {
      for (const path of ['/webhooks', '/webhooks/', '/webhooks/acme', '/webhooks/acme/?a=b', '/%77ebhooks', '/webhooks/sch%C3%B6n', '/webhooks#x', 'http://door/webhooks']) {
        const [answer] = await exchange(head(`${method} ${path} HTTP/1.1`));
        expect([answer?.status, answer?.headers['allow'], answer?.body.error?.code], `${method} ${path}`).toStrictEqual([405, 'POST', 'method_not_allowed']);
      }
    }
    const [health] = await exchange(post('{}', '/health/ready'));
    expect([health?.status, health?.headers['allow']]).toStrictEqual([405, 'GET, HEAD']);
    const [bare] = await exchange(head('HEAD /webhooks HTTP/1.1'));
    expect([bare?.status, bare?.body.error]).toStrictEqual([405, undefined]);
  });

  it('a request that does not arrive in time', async () => {
    const socket = open();
    socket.write(head('POST /webhooks HTTP/1.1', ['content-type: application/json', 'content-length: 10']) + '{');
    const total = await answered();
    expect(codes(await answersOf(socket))).toStrictEqual(['408 request_timeout']);
    socket.destroy();
    await sleep(50);
    expect(await answered()).toBe(total + 1);
  });
});

it('a slash at the end changes nothing', async () => {
  const paths: (string | undefined)[] = [];
  decide = ({ pathIntegrationId }) => {
    paths.push(pathIntegrationId);
    return Promise.resolve({ status: 'accepted', event_id: 'e1' });
  };
  for (const path of ['/webhooks', '/webhooks/', '/webhooks//', '/webhooks/acme', '/webhooks/acme/']) expect(codes(await exchange(post('{}', path)))).toStrictEqual(['200 accepted']);
  expect(paths).toStrictEqual([undefined, undefined, undefined, 'acme', 'acme']);
});

it('no compression is none, however it is said', async () => {
  decide = () => Promise.resolve({ status: 'accepted', event_id: 'e1' });
  for (const encoding of ['identity', 'Identity', '']) expect(codes(await exchange(post('{}', '/webhooks', [`content-encoding: ${encoding}`])))).toStrictEqual(['200 accepted']);
  const chunked = head('POST /webhooks HTTP/1.1', ['content-type: application/json', 'transfer-encoding: Chunked']);
  expect(codes(await exchange(`${chunked}2\r\n{}\r\n0\r\n\r\n`))).toStrictEqual(['200 accepted']);
});

describe('a door that anybody may reach', () => {
  it('says of health whether it is ready, and no figures; those are at a port of their own', async () => {
    const own = new Registry();
    const health = { ready: () => Promise.resolve('Kafka does not answer'), warnings: () => ['a broken file'] };
    const door = createServer({ ...health, accept: (delivery) => decide(delivery), metrics: own, isPublic: true, logger: createLogger('ingress', 'fatal'), onAnswer: () => undefined, onDecided: () => undefined });
    const publicUrl = await door.listen({ host: '127.0.0.1', port: 0 });
    const inside = await startHealthServer({ HEALTH_HOST: '127.0.0.1', HEALTH_PORT: 0 }, own, health.ready, health.warnings);
    const asked = async (url: string): Promise<[number, string]> => {
      const answer = await fetch(url);
      return [answer.status, await answer.text()];
    };
    expect(await asked(`${publicUrl}/health/live`)).toStrictEqual([200, '{"status":"live"}']);
    expect(await asked(`${publicUrl}/health/ready`)).toStrictEqual([503, '{"status":"not ready"}']);
    expect((await asked(`${publicUrl}/metrics`))[0]).toBe(404);
    expect(await asked(`http://127.0.0.1:${inside.port}/health/ready`)).toStrictEqual([503, '{"status":"not ready","reason":"Kafka does not answer","warnings":["a broken file"]}']);
    // Of the door's connections, not of the port that tells them.
    expect((await asked(`http://127.0.0.1:${inside.port}/metrics`))[1]).toMatch(/^ticketstream_ready 0$[\s\S]*^ticketstream_http_connections \d+$/m);
    await Promise.all([door.close(), inside.stop()]);
  });
});

describe('every answer is counted once, as what it was', () => {
  const count = async (status: number, outcome: string): Promise<number> =>
    (await answers.get()).values.find(({ labels }) => labels.status === String(status) && labels.outcome === outcome)?.value ?? 0;
  const cases: readonly (readonly [request: string, decided: Accept, status: number, outcome: string])[] = [
    [post('{}'), () => Promise.resolve({ status: 'duplicate', event_id: 'e1' }), 200, 'duplicate'],
    [post('{}'), () => Promise.resolve({ kind: 'refused', status: 401, code: 'unauthorized', message: 'who?' }), 401, 'unauthorized'],
    [post('{}'), () => Promise.resolve({ kind: 'refused', status: 429, code: 'rate_limited', message: 'slowly', retryAfterSeconds: 2 }), 429, 'rate_limited'],
    [post('{}'), () => Promise.reject(new RuntimeError('LOG_UNAVAILABLE', 'no answer')), 503, 'log_unavailable'],
    [post('{}'), () => Promise.reject(new Error('a defect')), 503, 'internal'],
    [post('{}', '/webhooks/%'), decide, 400, 'bad_request'],
    ['hello\r\n\r\n', decide, 400, 'bad_request'],
    [post('{}', '/elsewhere'), decide, 404, 'not_found'],
    [head('GET /webhooks HTTP/1.1'), decide, 405, 'method_not_allowed'],
    [post('{}', '/webhooks', ['content-encoding: br']), decide, 415, 'unsupported_encoding'],
    [post('{}', '/webhooks', ['expect: a miracle']), decide, 417, 'expectation_failed'],
    [head('GET / HTTP/1.1', [`x: ${'x'.repeat(20_000)}`]), decide, 431, 'headers_too_large'],
  ];
  for (const [request, decided, status, outcome] of cases) {
    it(`${status} ${outcome}`, async () => {
      decide = decided;
      const [before, total] = [await count(status, outcome), await answered()];
      const [answer] = await exchange(request);
      await sleep(30);
      expect(answer?.status).toBe(status);
      if (status === 503) expect(Number(answer?.headers['retry-after'])).toBeGreaterThan(0);
      expect(await count(status, outcome)).toBe(before + 1);
      expect(await answered()).toBe(total + 1);
    });
  }
});

describe('an answer reaches its client', () => {
  const slowly: Accept = async () => {
    await sleep(50);
    return { status: 'accepted', event_id: 'e1' };
  };

  it('that shut its side after the request', async () => {
    decide = slowly;
    expect(codes(await exchange(post('{}')))).toStrictEqual(['200 accepted']);
    expect(codes(await exchange(post('{}') + post('{}') + post('{}')))).toStrictEqual(['200 accepted', '200 accepted', '200 accepted']);
  });

  it('or that is gone by then: nobody else notices', async () => {
    decide = slowly;
    const gone = Array.from({ length: 8 }, open);
    for (const socket of gone) socket.on('error', () => undefined).write(post('{}').repeat(3));
    await sleep(20);
    for (const [index, socket] of gone.entries()) {
      if (index % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
    expect(codes(await exchange(post('{}')))).toStrictEqual(['200 accepted']);
  });

  it('whose next request on the connection is garbage', async () => {
    decide = slowly;
    const socket = open();
    socket.write(`${post('{}')}and more of the body than was announced`);
    expect(codes(await answersOf(socket))).toStrictEqual(['200 accepted', '400 bad_request']);
    socket.destroy();
  });

  it('that first writes all of its body', async () => {
    const body = 'x'.repeat(6_000_000);
    const early: readonly (readonly [string, string])[] = [
      [post(body), '413 body_too_large'],
      [`${head('POST /webhooks HTTP/1.1', ['content-type: application/json', 'transfer-encoding: chunked'])}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`, '413 body_too_large'],
      [post(body, '/webhooks', ['content-encoding: gzip']), '415 unsupported_encoding'],
      [head('POST /webhooks HTTP/1.1', ['content-type: text/plain', `content-length: ${body.length}`]) + body, '415 unsupported_media_type'],
      [post(body, '/elsewhere'), '404 not_found'],
      [post(body, '/webhooks/%'), '400 bad_request'],
      [post(body, '/webhooks', ['expect: a miracle']), '417 expectation_failed'],
      [`hello\r\n\r\n${body}`, '400 bad_request'],
      [`${head('POST /webhooks HTTP/1.1', ['content-type: application/json', 'transfer-encoding: chunked'])}x${body}`, '400 bad_request'],
      [head('GET / HTTP/1.1', [`x: ${body}`]), '431 headers_too_large'],
    ];
    for (const [request, expected] of early) {
      const socket = open();
      const failed: unknown[] = [];
      socket.on('error', (error) => failed.push(error));
      // Reads nothing before the last byte is written, as a blocking client does.
      socket.pause();
      await new Promise<void>((resolve) => socket.write(request, () => resolve()));
      expect(codes(await answersOf(socket))).toStrictEqual([expected]);
      expect(failed, expected).toStrictEqual([]);
      socket.destroy();
    }
  });

  it('but not for ever: a body without an end is cut off', async () => {
    const socket = open();
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(head('POST /webhooks HTTP/1.1', ['content-type: application/json', 'content-length: 999999999999']));
    const chunk = Buffer.alloc(1_048_576);
    let sent = 0;
    while (!socket.destroyed && sent < 1_000) {
      await new Promise((resolve) => socket.write(chunk, resolve));
      sent += 1;
    }
    expect(sent, `${sent} MiB`).toBeLessThan(200);
    socket.destroy();
  });

  it('and the connection stays open when the request was whole', async () => {
    decide = () => Promise.resolve({ kind: 'refused', status: 401, code: 'unauthorized', message: 'who?' });
    const socket = open();
    socket.write(post('{}'));
    await once(socket, 'data');
    socket.end(post('{}', '/elsewhere'));
    expect(codes(await answersOf(socket))).toStrictEqual(['404 not_found']);
    socket.destroy();
  });
});

describe('thousands of requests on one connection', () => {
  it('take turns with those of others', async () => {
    let [running, most] = [0, 0];
    decide = async () => {
      most = Math.max(most, ++running);
      await sleep(5);
      running -= 1;
      return { status: 'accepted', event_id: 'e1' };
    };
    const many = exchange(post('{}').repeat(1_000));
    await sleep(20);
    expect(codes(await exchange(post('{}')))).toStrictEqual(['200 accepted']);
    const before = performance.now();
    expect((await many).filter(({ status }) => status === 200).length).toBe(1_000);
    expect(performance.now() - before, 'the other one was answered in between').toBeGreaterThan(20);
    expect(most, `${most} at once`).toBeLessThanOrEqual(17);
  });

  it('for metrics or health cost a few pages and checks', async () => {
    decide = () => Promise.resolve({ status: 'accepted', event_id: 'e1' });
    [pages, checks] = [0, 0];
    const began = performance.now();
    const floods = ['/metrics', '/health/ready'].map((path) => exchange(head(`GET ${path} HTTP/1.1`).repeat(4_000)));
    const honest = exchange(post('{}')).then((answer) => [codes(answer), performance.now() - began] as const);
    for (const flood of await Promise.all(floods)) expect(flood.filter(({ status }) => status === 200).length).toBe(4_000);
    const seconds = Math.ceil((performance.now() - began) / 1_000);
    expect(pages, `${pages} pages in ${seconds} s`).toBeLessThanOrEqual(20 * (seconds + 1));
    expect(checks, `${checks} checks in ${seconds} s`).toBeLessThanOrEqual(5 * (seconds + 1));
    const [answer, milliseconds] = await honest;
    expect(answer).toStrictEqual(['200 accepted']);
    expect(milliseconds, `an event waited ${milliseconds} ms`).toBeLessThan(2_000);
  });

  it('are not even read while nobody reads the answers, and all are answered when somebody does', async () => {
    const PAGE = 20_000;
    const big = new Registry();
    new Gauge({ name: 'big', help: 'x'.repeat(PAGE), registers: [big] });
    const other = createServer({ accept: (delivery) => decide(delivery), metrics: big, ready: () => Promise.resolve(null), logger: createLogger('ingress', 'fatal'), onAnswer: () => undefined, onDecided: () => undefined });
    await other.listen({ host: '127.0.0.1', port: 0 });
    let seen = 0;
    other.server.on('request', () => { seen += 1; });
    const socket = connect({ port: (other.server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    socket.end(head('GET /metrics HTTP/1.1').repeat(10_000));
    await sleep(1_500);
    expect(seen, `${seen} requests in memory`).toBeLessThan(7_000);
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => { bytes += chunk.length; });
    await once(socket, 'end');
    expect([seen, bytes > 10_000 * PAGE]).toStrictEqual([10_000, true]);
    socket.destroy();
    await other.close();
  });
});

it('on the way out events are still taken, and each answer asks its connection to end', async () => {
  const socket = open();
  socket.write(post('{}'));
  const [before] = parsed((await once(socket, 'data')).toString());
  isDraining = true;
  socket.write(post('{}'));
  const [after] = await answersOf(socket);
  isDraining = false;
  expect([before?.status, before?.headers['connection']]).toStrictEqual([200, 'keep-alive']);
  expect([after?.status, after?.headers['connection']]).toStrictEqual([200, 'close']);
});
