import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { defaultClientLimits, networks } from './clients.ts';
import { createHttpServer } from './server.ts';

const KB = 1_024;
/** Each says itself who it is. */
const clients = { ...defaultClientLimits, trustedProxies: networks('127.0.0.1') };

test('bodies on their way are bounded over all connections; what does not fit is answered 503, and room comes back', async () => {
  const { app } = createHttpServer({ paths: [{ path: /^\/$/, allow: 'GET, POST' }], toRefusal: (error) => ({ status: 500, code: 'internal', message: String(error) }), maxBodiesBytes: 100 * KB, clients });
  app.post('/', () => 'taken');
  app.get('/', () => 'there');
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const sockets: Socket[] = [];
  const send = (head: string, client = `10.0.0.${sockets.length + 1}`): { socket: Socket; answer: () => string } => {
    const socket = connect({ port, host: '127.0.0.1' });
    sockets.push(socket);
    let text = '';
    socket.on('data', (data: Buffer) => { text += data.toString(); }).on('error', () => undefined);
    socket.write(`${head}host: x\r\nx-forwarded-for: ${client}\r\ncontent-type: application/json\r\n`);
    return { socket, answer: () => text };
  };
  const post = (bytes: number, client?: string) => {
    const sent = send('POST / HTTP/1.1\r\n', client);
    sent.socket.write(`content-length: ${bytes}\r\n\r\n{`);
    return sent;
  };
  try {
    const first = post(40 * KB, '10.0.0.1');
    const others = post(40 * KB, '10.0.0.2');
    await Promise.all([once(first.socket, 'connect'), once(others.socket, 'connect')]);
    const second = post(40 * KB, '10.0.0.3');
    await vi.waitUntil(() => second.answer() !== '');
    expect(second.answer()).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 5[^]*log_overloaded/i);
    const chunked = send('POST / HTTP/1.1\r\n');
    chunked.socket.write('transfer-encoding: chunked\r\n\r\n1\r\n{\r\n');
    await vi.waitUntil(() => chunked.answer() !== '');
    expect(chunked.answer(), 'it may be as long as any').toMatch(/^HTTP\/1.1 503 /);
    const health = send('GET / HTTP/1.1\r\n');
    health.socket.write('\r\n');
    await vi.waitUntil(() => health.answer() !== '');
    expect(health.answer()).toMatch(/^HTTP\/1.1 200 /);
    first.socket.destroy();
    await vi.waitUntil(async () => {
      const again = post(40 * KB);
      again.socket.write(`"a":"${'x'.repeat(40 * KB - 8)}"}`);
      await once(again.socket, 'data');
      return again.answer().startsWith('HTTP/1.1 200 ');
    }, { interval: 20, timeout: 5_000 });
  } finally {
    for (const socket of sockets) socket.destroy();
    await app.close();
  }
});

test('500 slow bodies of 1 MiB from one address: as many as fit are waited for, the others are to come again, and an event is taken meanwhile', async () => {
  const { app } = createHttpServer({ paths: [{ path: /^\/$/, allow: 'POST' }], toRefusal: (error) => ({ status: 500, code: 'internal', message: String(error) }) });
  app.post('/', () => 'taken');
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const slow = Array.from({ length: 500 }, () => {
    const sender = { socket: connect({ port, host: '127.0.0.1' }), text: '' };
    sender.socket.on('data', (data: Buffer) => { sender.text += data.toString(); }).on('error', () => undefined);
    sender.socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${1_024 * KB}\r\n\r\n{`);
    return sender;
  });
  try {
    await vi.waitUntil(() => slow.filter(({ text }) => text !== '').length >= 372, { timeout: 10_000 });
    const event = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: 'x'.repeat(60 * KB) }) });
    expect(event.status).toBe(200);
    const answers = slow.map(({ text }) => /^HTTP\/1.1 (\d+) [^]*retry-after: (\d+)/i.exec(text)?.slice(1).join() ?? text);
    expect([answers.filter((answer) => answer === '503,5').length, answers.filter((answer) => answer === '').length]).toStrictEqual([372, 128]);
  } finally {
    for (const { socket } of slow) socket.destroy();
    await app.close();
  }
});
