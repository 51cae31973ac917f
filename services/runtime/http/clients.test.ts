import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Clients, defaultClientLimits, networks, type ClientLimits } from './clients.ts';
import { createHttpServer } from './server.ts';

const asked = (remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage => ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage;

describe('whose a request is', () => {
  const clients = new Clients({ ...defaultClientLimits, trustedProxies: networks('10.0.0.0/8, 2001:db8:1::/48,192.0.2.7') });
  const cases: readonly (readonly [what: string, peer: string, headers: Record<string, string>, whose: string])[] = [
    ['its connection says it', '203.0.113.5', {}, '203.0.113.5'],
    ['IPv4 as IPv6 writes it', '::ffff:203.0.113.5', {}, '203.0.113.5'],
    ['a network of IPv6', '2001:db8:2:3:4:5:6:7', {}, '2001:db8:2:3::/64'],
    ['the same network, written shortly', '2001:0db8:2:3::9', {}, '2001:db8:2:3::/64'],
    ['this machine', '::1', {}, '0:0:0:0::/64'],
    ['anybody can write a header', '203.0.113.5', { 'x-forwarded-for': '1.1.1.1', forwarded: 'for=1.1.1.1' }, '203.0.113.5'],
    ['a proxy is believed', '10.1.2.3', { 'x-forwarded-for': '198.51.100.4' }, '198.51.100.4'],
    ['a proxy that listens on IPv6', '::ffff:10.1.2.3', { 'x-forwarded-for': '198.51.100.4' }, '198.51.100.4'],
    ['only what the proxy added, not what the client claimed', '10.1.2.3', { 'x-forwarded-for': '1.1.1.1, 198.51.100.4' }, '198.51.100.4'],
    ['a chain of proxies', '10.1.2.3', { 'x-forwarded-for': '1.1.1.1, 198.51.100.4, 192.0.2.7, 10.9.9.9' }, '198.51.100.4'],
    ['with a port', '192.0.2.7', { 'x-forwarded-for': '198.51.100.4:4711' }, '198.51.100.4'],
    ['RFC 7239', '192.0.2.7', { forwarded: 'for=1.1.1.1, proto=https;For="[2001:db8:9:9::7]:4711";by=10.0.0.1' }, '2001:db8:9:9::/64'],
    ['both, of one mind', '192.0.2.7', { forwarded: 'for=198.51.100.4', 'x-forwarded-for': '198.51.100.4' }, '198.51.100.4'],
    ['both, and one is the client\'s own', '192.0.2.7', { forwarded: 'for=1.1.1.1', 'x-forwarded-for': '198.51.100.4' }, '192.0.2.7'],
    ['nobody\'s address', '192.0.2.7', { forwarded: 'for=unknown' }, '192.0.2.7'],
    ['nonsense before what the proxy added', '192.0.2.7', { 'x-forwarded-for': ',,;;, 198.51.100.4' }, '198.51.100.4'],
    ['none but proxies', '192.0.2.7', { 'x-forwarded-for': '10.0.0.1' }, '192.0.2.7'],
    ['a proxy of IPv6', '2001:db8:1::5', { 'x-forwarded-for': '198.51.100.4' }, '198.51.100.4'],
  ];
  for (const [what, peer, headers, whose] of cases) test(what, () => expect(clients.of(asked(peer, headers))).toBe(whose));
});

test('what is no network is told', () => {
  for (const wrong of ['proxy.example', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::1/129', '10.0.0.1/-1', '10.0.0.1/a']) expect(() => networks(`127.0.0.1,${wrong}`), wrong).toThrow(wrong);
  expect(networks('')).toStrictEqual([]);
});

const closers: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.all(closers.splice(0).map((close) => close())));

interface Sent {
  readonly socket: Socket;
  readonly answer: () => string;
  readonly isClosed: () => boolean;
}

async function serve(limits: Partial<ClientLimits>): Promise<{ send: (text: string) => Sent; refused: () => number }> {
  let refused = 0;
  const { app } = createHttpServer({ paths: [], toRefusal: (error) => ({ status: 500, code: 'internal', message: String(error) }), clients: { ...defaultClientLimits, ...limits }, onConnectionRefused: () => { refused += 1; }, maxBodiesBytes: 1_000 });
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.get('/', () => 'there');
  app.post('/', () => 'taken');
  await app.listen({ host: '127.0.0.1', port: 0 });
  const sockets: Socket[] = [];
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return app.close();
  });
  const send = (text: string): Sent => {
    const socket = connect({ port: (app.server.address() as AddressInfo).port, host: '127.0.0.1' });
    sockets.push(socket);
    const seen = { text: '', isClosed: false };
    socket.on('data', (data: Buffer) => { seen.text += data.toString(); }).on('error', () => undefined).on('close', () => { seen.isClosed = true; });
    socket.write(text);
    return { socket, answer: () => seen.text, isClosed: () => seen.isClosed };
  };
  return { send, refused: () => refused };
}

const get = (from = ''): string => `GET / HTTP/1.1\r\nhost: x\r\n${from === '' ? '' : `x-forwarded-for: ${from}\r\n`}\r\n`;
const begun = (bytes: number, from: string): string => `POST / HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${from}\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n{`;

test.each([['of one address', { maxOfOneAddress: 2 }], ['in all', { maxConnections: 2 }]])('connections %s are bounded: one more is closed at once, and when one ends there is room again', async (_what, limits) => {
  const { send, refused } = await serve(limits);
  const kept = [send(get()), send(get())];
  await vi.waitUntil(() => kept.every(({ answer }) => answer().startsWith('HTTP/1.1 200')));
  const third = send(get());
  await vi.waitUntil(third.isClosed);
  expect([third.answer(), refused()]).toStrictEqual(['', 1]);
  kept[0]?.socket.destroy();
  await vi.waitUntil(async () => {
    const again = send(get());
    await vi.waitUntil(() => again.answer() !== '' || again.isClosed());
    return again.answer().startsWith('HTTP/1.1 200');
  });
  expect(kept[1]?.isClosed()).toBe(false);
});

test('behind a trusted proxy the limit is for each client\'s requests, not for the proxy\'s connections', async () => {
  const { send, refused } = await serve({ maxOfOneAddress: 2, trustedProxies: networks('127.0.0.1') });
  const slow = [send(begun(10, '1.1.1.1')), send(begun(10, '1.1.1.1'))];
  await Promise.all(slow.map(({ socket }) => once(socket, 'connect')));
  const [third, other] = [send(begun(10, '1.1.1.1')), send(get('2.2.2.2'))];
  await vi.waitUntil(() => third.answer() !== '' && other.answer() !== '');
  expect(third.answer()).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 5/i);
  expect(other.answer()).toMatch(/^HTTP\/1.1 200 /);
  expect(refused()).toBe(0);
});

test('a client may have a part of the room for bodies', async () => {
  const { send } = await serve({ trustedProxies: networks('127.0.0.1') });
  const first = send(begun(750, '1.1.1.1'));
  await once(first.socket, 'connect');
  const [second, other] = [send(begun(1, '1.1.1.1')), send(`${begun(2, '2.2.2.2')}}`)];
  await vi.waitUntil(() => second.answer() !== '' && other.answer() !== '');
  expect(second.answer()).toMatch(/^HTTP\/1.1 503 /);
  expect(other.answer()).toMatch(/^HTTP\/1.1 200 /);
});
