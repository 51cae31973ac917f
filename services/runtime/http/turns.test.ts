import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { inTurns } from './turns.ts';

const request = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';

test('of connections that send more than all together may have waiting, some are cut off and the others are served', async () => {
  const held: ServerResponse[] = [];
  let holds = true;
  const server = createServer(inTurns((_, response) => {
    if (holds) held.push(response);
    else response.end('.');
  }, 1_000));
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  const { port } = server.address() as AddressInfo;
  const senders = Array.from({ length: 8 }, () => {
    const sender = { socket: connect({ port, host: '127.0.0.1' }), text: '', isCut: false };
    sender.socket.on('data', (data: Buffer) => { sender.text += data.toString(); });
    sender.socket.on('error', () => undefined).on('close', () => { sender.isCut = true; });
    return sender;
  });
  await Promise.all(senders.map(({ socket }) => once(socket, 'connect')));
  for (const { socket } of senders) socket.write(request.repeat(300));
  await expect.poll(() => senders.filter(({ isCut }) => isCut).length, { timeout: 10_000 }).toBeGreaterThan(0);

  const honest = connect({ port, host: '127.0.0.1' });
  const heldBefore = held.length;
  honest.write(request);
  await expect.poll(() => held.length, { message: 'who has one request waiting is not cut off' }).toBeGreaterThan(heldBefore);

  holds = false;
  for (const response of held) response.end('.');
  await once(honest, 'data');
  const served = senders.filter(({ isCut }) => !isCut);
  expect(served.length).toBeGreaterThan(0);
  await expect.poll(() => served.map(({ text }) => text.split('HTTP/1.1 200').length - 1), { timeout: 10_000 }).toStrictEqual(served.map(() => 300));
  for (const socket of [honest, ...senders.map((sender) => sender.socket)]) socket.destroy();
  server.close();
});
