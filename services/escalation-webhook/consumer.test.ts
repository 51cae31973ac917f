import { createServer, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleEvent } from '../../schemas/events.ts';
import { deliver } from '../runtime/consumer/testing.ts';
import { isOutage } from '../runtime/consumer.ts';
import { consumer } from './consumer.ts';

let status = 200;
let got: { request: IncomingMessage; body: string } | undefined;
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    got = { request, body };
    response.writeHead(status).end('thanks');
  });
});
let address = '';
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => {
  const bound = server.address();
  address = `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  resolve();
})));
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const fired = sampleEvent('escalation.fired', { event_id: 'e-1', ticket_id: 'TKT-1', level: 'management', policy: { id: 'p1' } });
const post = (url = address) => deliver(consumer, fired, { config: { ESCALATION_WEBHOOK_URL: url } });

test('posts the escalation as JSON, with its event_id as the idempotency key', async () => {
  status = 204;
  expect(await post(`${address}/hook?token=1`)).toBeUndefined();
  expect(got?.request.url).toBe('/hook?token=1');
  expect(got?.request.headers['idempotency-key']).toBe('e-1');
  expect(got?.request.headers['content-type']).toBe('application/json');
  expect(got?.request.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  const body = JSON.parse(got?.body ?? '') as Record<string, unknown>;
  expect([body['event_type'], body['ticket_id'], body['level'], body['fired_at']]).toStrictEqual(['escalation.fired', 'TKT-1', 'management', '2026-01-01T00:00:00.000Z']);
});

test('an answer that will never change rejects the event, one that may waits', async () => {
  for (const never of [400, 401, 404, 410, 422]) {
    status = never;
    expect((await post())?.outcome, String(never)).toBe('reject');
  }
  for (const later of [408, 429, 500, 502, 503]) {
    status = later;
    expect((await post())?.outcome, String(later)).toBe('retry_later');
  }
});

test('a receiver that is away is an outage', async () => {
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
  const bound = gone.address();
  await new Promise((resolve) => gone.close(resolve));
  await expect(post(`http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}/`)).rejects.toSatisfy((error) => isOutage(error));
});

test('without an address there is nothing to do, and it says so', () => {
  expect(consumer.idle({ ESCALATION_WEBHOOK_URL: '' }) ?? '').toMatch(/ESCALATION_WEBHOOK_URL/);
  expect(consumer.idle({ ESCALATION_WEBHOOK_URL: 'http://x' })).toBeNull();
});
