// The sender of bench ingress against servers of its own.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { requestOf, sendAll, sendEvenly } from './load.ts';

let server: Server;
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

/** Answers in its own time. */
async function open(answer: (body: string) => Promise<string>): Promise<number> {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => void answer(body).then((status) => response.end(JSON.stringify({ status }))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const requests = (count: number): Buffer[] => Array.from({ length: count }, (_, n) => requestOf(String(n)));

test('each request is sent once, and answers are counted by what they say', async () => {
  const got: number[] = [];
  const port = await open((body) => Promise.resolve(got.push(Number(body)) % 5 === 0 ? 'duplicate' : 'accepted'));
  const { answers, tookMs } = await sendAll(port, requests(100), 7);
  expect(got.toSorted((a, b) => a - b)).toStrictEqual(Array.from({ length: 100 }, (_, n) => n));
  expect([answers, tookMs.length]).toStrictEqual([{ accepted: 80, duplicate: 20 }, 100]);
});

test('at a constant rate a door that stands still shows in the times of all that were due meanwhile', async () => {
  let release = (): void => undefined;
  const standsStill = new Promise<void>((resolve) => (release = resolve));
  let came = 0;
  const port = await open(async () => {
    came += 1;
    await standsStill;
    return 'accepted';
  });
  const sending = sendEvenly(port, requests(40), { connections: 4, perSecond: 200 });
  setTimeout(() => {
    expect(came, 'no more than there are connections').toBe(4);
    release();
  }, 400);
  const { answers, tookMs } = await sending;
  expect(answers).toStrictEqual({ accepted: 40 });
  // Due after 0 to 195 ms, answered after 400.
  expect(Math.min(...tookMs)).toBeGreaterThan(190);
  expect(Math.max(...tookMs)).toBeGreaterThan(390);
});
