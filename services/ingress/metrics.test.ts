// However strange what senders send, the number of series stays what it is.
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadContracts } from '../../schemas/contract.ts';
import { createLogger } from '../runtime/logger.ts';
import { createAccept } from './accept.ts';
import { DedupeWindow } from './dedupe.ts';
import { createPrepare } from './event/prepare.ts';
import { createSealer } from './event/seal.ts';
import { kidOf, type Integration } from '../runtime/integrations-file.ts';
import { createIngressMetrics } from './metrics.ts';
import { createServer } from './server.ts';

const secret = 'acme-secret';
const integrations: readonly Integration[] = [{ integration_id: 'acme', environment: 'production', secrets: [secret, 'acme-previous-secret'] }];
const metrics = new Registry();
const logger = createLogger('ingress', 'silent');
const counted = createIngressMetrics(metrics, { waiting: () => 0, integrationsValid: () => true });
const app = createServer({
  accept: createAccept({
    integrations: { find: (id) => integrations.filter(({ integration_id }) => integration_id === id), environments: () => ['production'], close: () => undefined },
    prepare: createPrepare(await loadContracts()),
    encode: () => Buffer.alloc(10),
    sealer: createSealer({ keyFor: () => Promise.reject(new Error('nothing is sealed here')) }),
    producer: { append: () => Promise.resolve({ partition: 0 }), waiting: () => 0, close: () => Promise.resolve() },
    window: new DedupeWindow(1_000), logger, ...counted,
  }),
  metrics, ready: () => Promise.resolve(null), logger, ...counted,
});
let url = '';
beforeAll(async () => {
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => app.close());

const strange = (): string => randomBytes(6).toString('hex');

function event(changes: Readonly<Record<string, unknown>> = {}, signedBy = secret): string {
  const at = '2026-03-02T09:00:00.000Z';
  const envelope = { event_id: randomUUID(), event_type: 'status.changed', timestamp: at, ...changes };
  const signature = createHmac('sha256', signedBy).update(envelope.event_id + envelope.event_type + envelope.timestamp).digest('hex');
  return JSON.stringify({
    version: '1.2', source: { platform: strange(), integration_id: 'acme', environment: 'production' },
    payload: { ticket_id: `TKT-${strange()}`, previous_status: 'open', new_status: strange(), changed_by: { type: 'system', id: strange() }, changed_at: at },
    ...envelope, signature,
  });
}

/** One of each kind of stranger, with other words each time. */
async function everythingStrange(): Promise<void> {
  const source = (more: object) => ({ platform: strange(), integration_id: 'acme', environment: 'production', ...more });
  const posts: [path: string, body: string, headers?: Record<string, string>][] = [
    ['/webhooks', event()],
    ['/webhooks', event({ version: `1.${Math.floor(Math.random() * 1e9)}` })],
    ['/webhooks', event({ version: strange() })],
    ['/webhooks', event({ event_type: strange() })],
    ['/webhooks', event({ source: source({ integration_id: strange() }) })],
    ['/webhooks', event({ source: source({ environment: strange() }) })],
    ['/webhooks', event({ payload: { [strange()]: strange() } })],
    ['/webhooks', event({ [strange()]: strange() })],
    ['/webhooks', event({}, strange())],
    ['/webhooks', event({ event_id: strange() })],
    [`/webhooks/${strange()}`, event()],
    [`/${strange()}`, event()],
    ['/webhooks', `{${strange()}`],
    ['/webhooks', event(), { 'content-encoding': strange() }],
    ['/webhooks', event(), { 'content-type': `application/${strange()}` }],
    ['/webhooks', event(), { traceparent: strange(), [`x-${strange()}`]: strange(), 'user-agent': strange() }],
  ];
  for (const [path, body, headers = {}] of posts) await fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  await fetch(`${url}/webhooks`, { method: 'DELETE' });
}

const series = async (): Promise<string[]> => (await metrics.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.slice(0, line.lastIndexOf(' ')));

test('strange tenants, versions, types, keys, paths and headers make no new series', async () => {
  for (let round = 0; round < 2; round++) await everythingStrange();
  const before = await series();
  for (let round = 0; round < 20; round++) await everythingStrange();
  expect(await series()).toStrictEqual(before);
  expect(before.length).toBeLessThan(60);
});

test('signatures are counted by a short hash of the key that made them, or should have', async () => {
  const page = await metrics.metrics();
  const count = (kid: string, result: string): number => Number(new RegExp(`^ticketstream_signatures_total\\{kid="${kid}",result="${result}"\\} (\\d+)`, 'm').exec(page)?.[1] ?? 0);
  expect(count(kidOf(secret), 'verified')).toBeGreaterThan(0);
  // By a stranger's key, and to another's path.
  expect([count(kidOf(secret), 'failed'), count('unknown', 'failed')]).toStrictEqual([44, 22]);
  expect(count(kidOf('acme-previous-secret'), 'verified'), 'the old key is not in use').toBe(0);
  await fetch(`${url}/webhooks`, { method: 'POST', body: event({}, 'acme-previous-secret'), headers: { 'content-type': 'application/json' } });
  expect(await metrics.metrics()).toContain(`ticketstream_signatures_total{kid="${kidOf('acme-previous-secret')}",result="verified"} 1`);
  expect(page).not.toContain(secret);
});

test('of many keys, those beyond a number are counted together', async () => {
  const many = new Registry();
  const { onSignature } = createIngressMetrics(many, { waiting: () => 0, integrationsValid: () => true });
  for (let key = 0; key < 1_000; key++) onSignature(`secret ${key}`, true);
  const lines = (await many.metrics()).split('\n').filter((line) => line.startsWith('ticketstream_signatures_total{'));
  expect(lines.length).toBeLessThanOrEqual(201);
  expect(lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(1_000);
});
