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
