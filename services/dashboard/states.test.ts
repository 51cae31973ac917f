import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { servicesIn, serviceStates } from './states.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function service(ready: { status: number; body: object }, metrics: string): Promise<string> {
  const server = createServer(({ url }, response) => {
    response.writeHead(url === '/metrics' ? 200 : ready.status).end(url === '/metrics' ? metrics : JSON.stringify(ready.body));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a service tells how far it is behind, what it did and what is amiss; one that is away is told as away', async () => {
  const metrics = `# HELP ticketstream_lag_records x
ticketstream_lag_records{partition="production.events/0"} 3
ticketstream_lag_records{partition="production.events/1"} 4
ticketstream_lag_seconds{partition="production.events/0"} 1.5
ticketstream_lag_seconds{partition="production.events/1"} 0
ticketstream_held_partitions 1
ticketstream_records_total{topic="production.events",outcome="landed"} 10
ticketstream_records_total{topic="production.quarantine",outcome="landed"} 2
ticketstream_records_total{topic="production.events",outcome="poison"} 1
`;
  const [busy, door] = await Promise.all([service({ status: 200, body: { status: 'ready', warnings: ['a partition is held'] } }, metrics), service({ status: 503, body: { status: 'not ready', reason: 'Kafka does not answer' } }, 'ticketstream_webhooks_total{status="200",outcome="accepted"} 7\n')]);
  const states = await serviceStates(new Map([['queue-analytics', busy], ['ingress', door], ['gone', 'http://127.0.0.1:9']]))();
  expect(states.slice(0, 2)).toStrictEqual([
    { service: 'queue-analytics', state: 'ready', amiss: ['a partition is held'], lag_records: 7, lag_seconds: 1.5, held_partitions: 1, outcomes: { landed: 12, poison: 1 } },
    { service: 'ingress', state: 'not_ready', amiss: ['Kafka does not answer'], lag_records: null, lag_seconds: null, held_partitions: 0, outcomes: { accepted: 7 } },
  ]);
  expect(states[2]).toMatchObject({ service: 'gone', state: 'away', lag_records: null });
});

test('services are named with their addresses, or it is said which one is not', () => {
  expect([...servicesIn(['a=http://127.0.0.1:9101/', 'b-c=http://b:1'])]).toStrictEqual([['a', 'http://127.0.0.1:9101'], ['b-c', 'http://b:1']]);
  expect(() => servicesIn(['a'])).toThrow('a is not name=url');
  expect(() => servicesIn(['a=127'])).toThrow('a=127 is not name=url');
});
