// The proxy does to a connection what it was told, and nothing else.
import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TcpProxy } from './proxy.ts';

/** Answers each piece with the same in capitals, and notes what came. */
let server: Server;
let proxy: TcpProxy;
let arrived = '';
const open = new Set<Socket>();

beforeEach(async () => {
  arrived = '';
  server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket.on('error', () => undefined).on('end', () => socket.end()));
    socket.on('data', (piece: Buffer) => {
      arrived += piece.toString();
      socket.write(piece.toString().toUpperCase());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  proxy = await TcpProxy.open(typeof address === 'object' && address !== null ? address.port : 0);
});

afterEach(async () => {
  for (const socket of open) socket.destroy();
  await proxy.close();
  server.close();
});

interface Client {
  readonly socket: Socket;
  readonly answer: () => string;
  readonly ended: () => string | null;
}

function client(): Client {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
  const state: { answer: string; ended: string | null } = { answer: '', ended: null };
  socket.on('data', (piece: Buffer) => (state.answer += piece.toString()));
  socket.on('error', (error: NodeJS.ErrnoException) => (state.ended = error.code ?? ''));
  socket.on('close', () => (state.ended ??= 'closed'));
  open.add(socket);
  return { socket, answer: () => state.answer, ended: () => state.ended };
}

const until = async (check: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 200 && !check(); tries++) await sleep(10);
  expect(check()).toBe(true);
};

test('what passes comes out as it went in, also when it is big', async () => {
  const { socket, answer } = client();
  const much = 'ab'.repeat(500_000);
  socket.write(much);
  await until(() => answer().length === much.length);
  expect(answer()).toBe(much.toUpperCase());
});

test('a cut resets what is open, and new connections work', async () => {
  const { socket, answer, ended } = client();
  socket.write('a');
  await until(() => answer() === 'A');
  proxy.cut();
  await until(() => ended() === 'ECONNRESET');
  const next = client();
  next.socket.write('b');
  await until(() => next.answer() === 'B');
});

test('abandoned, a connection stays open and silent for good, and new ones work', async () => {
  const { socket, answer, ended } = client();
  socket.write('a');
  await until(() => answer() === 'A');
  proxy.set('drop answers');
  socket.write('b');
  await until(() => arrived === 'ab');
  proxy.abandon();
  const next = client();
  next.socket.write('c');
  await until(() => next.answer() === 'C');
  socket.write('d');
  await sleep(100);
  expect([answer(), ended(), arrived]).toStrictEqual(['A', null, 'abc']);
});

test('while it refuses nobody gets through', async () => {
  proxy.set('refuse');
  const { socket, ended } = client();
  socket.write('a');
  await until(() => ended() !== null);
  expect(arrived).toBe('');
});

test('frozen, connections stay open and nothing passes; afterwards all of it does, of new ones too', async () => {
  const before = client();
  before.socket.write('a');
  await until(() => before.answer() === 'A');
  proxy.set('freeze');
  const during = client();
  before.socket.write('b');
  during.socket.write('c');
  await sleep(150);
  expect([before.answer(), during.answer(), before.ended(), during.ended(), arrived]).toStrictEqual(['A', '', null, null, 'a']);
  proxy.heal();
  await until(() => before.answer() === 'AB' && during.answer() === 'C');
});

test('frozen in the middle of much, nothing more passes once the other side has taken what it had been given', async () => {
  const much = 'ab'.repeat(8_000_000);
  const { socket, answer } = client();
  socket.pause();
  socket.write(much);
  await sleep(150);
  proxy.set('freeze');
  socket.resume();
  await sleep(150);
  const passed = answer().length;
  await sleep(150);
  expect(passed).toBeLessThan(much.length);
  expect(answer().length).toBe(passed);
  proxy.heal();
  await until(() => answer().length === much.length);
});

test('answers are dropped while what is asked arrives; the connection is of no use afterwards', async () => {
  const { socket, answer, ended } = client();
  proxy.set('drop answers');
  socket.write('a');
  await until(() => arrived === 'a' && proxy.dropped === 1);
  expect(answer()).toBe('');
  proxy.heal();
  await until(() => ended() === 'ECONNRESET');
});

test('delayed and sliced, all arrives in order', async () => {
  proxy.shape({ delayMs: 20, sliceBytes: 3 });
  const { socket, answer } = client();
  for (const piece of ['abcdefgh', 'ijkl', 'm']) {
    socket.write(piece);
    await sleep(5);
  }
  await until(() => answer() === 'ABCDEFGHIJKLM');
});
