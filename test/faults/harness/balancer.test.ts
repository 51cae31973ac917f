// The load balancer gives requests to those that are ready, and sends nothing twice that may have arrived.
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { Balancer } from './balancer.ts';

const opened: { close: () => unknown }[] = [];

interface Backend {
  readonly url: string;
  readonly server: Server;
  isReady: boolean;
  served: number;
  cutsOff: boolean;
}

async function backend(): Promise<Backend> {
  const state: Backend = { url: '', server: createServer(), isReady: true, served: 0, cutsOff: false };
  state.server.on('request', (request, response) => {
    if (request.url === '/health/ready') {
      response.writeHead(state.isReady ? 200 : 503).end();
      return;
    }
    state.served += 1;
    if (!state.cutsOff) response.end('{}');
    else response.socket?.resetAndDestroy();
  });
  state.server.listen(0, '127.0.0.1');
  await once(state.server, 'listening');
  const address = state.server.address();
  opened.push({ close: () => state.server.close() });
  return Object.assign(state, { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}` });
}

async function twoBehindOne(): Promise<{ a: Backend; b: Backend; balancer: Balancer; post: () => Promise<number> }> {
  const [a, b] = [await backend(), await backend()];
  const balancer = await Balancer.open([a.url, b.url]);
  opened.unshift(balancer);
  return { a, b, balancer, post: () => fetch(`${balancer.url}/webhooks`, { method: 'POST', body: '{}' }).then(({ status }) => status, () => 0) };
}

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

test('it serves in turn, and leaves out whoever is not ready', async () => {
  const { a, b, balancer, post } = await twoBehindOne();
  for (let request = 0; request < 4; request++) expect(await post()).toBe(200);
  expect([a.served, b.served]).toStrictEqual([2, 2]);
  a.isReady = false;
  await balancer.ask();
  for (let request = 0; request < 4; request++) expect(await post()).toBe(200);
  expect([a.served, b.served]).toStrictEqual([2, 6]);
});

test('where nobody listens any more a request is refused until that is noticed; what was cut off is the sender’s to repeat', async () => {
  const { a, b, balancer, post } = await twoBehindOne();
  a.server.close();
  a.server.closeAllConnections();
  const statuses = [await post(), await post()];
  expect(statuses.filter((status) => status === 200), 'b alone serves, each once').toHaveLength(b.served);
  expect(statuses.filter((status) => status !== 200 && status !== 502)).toStrictEqual([]);
  await balancer.ask();
  b.served = 0;
  for (let request = 0; request < 4; request++) expect(await post()).toBe(200);
  expect(b.served).toBe(4);
  b.cutsOff = true;
  expect(await post()).toBe(0);
  expect(b.served, 'not twice').toBe(5);
});
