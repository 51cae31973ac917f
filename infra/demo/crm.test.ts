import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { sendAsCrm } from './crm.ts';
import { deliveries, punctual, type Delivery } from './delivery.ts';
import { deskEvents } from './desk/desk.ts';
import type { CrmEvent } from './events.ts';
import { Ledger } from './ledger.ts';

interface Received { event_id: string; event_type: string; timestamp: string; signature: string; payload: { ticket_id: string | number } }
type Handler = (event: Received) => { status: number; result?: string };

const events = [...deskEvents({ seed: 3, tickets: 30, days: 2 })];

async function listening(handler: Handler): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { status, result } = handler(JSON.parse(Buffer.concat(parts).toString('utf8')) as Received);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ status: result ?? 'error' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function send(plan: Iterable<Delivery>, handler: Handler): Promise<Ledger> {
  const { server, url } = await listening(handler);
  const ledger = new Ledger();
  await sendAsCrm(plan, {
    url, environment: 'production', secretOf: (id) => `secret of ${id}`, concurrency: 16, compress: 1e6, maxPerSecond: 1e9, ledger,
  });
  server.close();
  return ledger;
}

test('every event is signed with the secret of its integration and arrives once', async () => {
  const seen: Received[] = [];
  const ledger = await send(deliveries(events, punctual), (event) => (seen.push(event), { status: 200, result: 'accepted' }));
  const secrets = new Map(events.map((event) => [event.eventId, `secret of ${event.integrationId}`]));
  for (const { event_id, event_type, timestamp, signature } of seen) {
    expect(signature).toBe(createHmac('sha256', secrets.get(event_id) ?? '').update(event_id + event_type + timestamp).digest('hex'));
  }
  expect(seen.length).toBe(events.length);
  expect(ledger.counts).toStrictEqual({ accepted: events.length, duplicate: 0, quarantined: 0, dropped: 0 });
});

test("a ticket's events leave in order, through failures as well", async () => {
  const acknowledged: string[] = [];
  const failed = new Set<string>();
  const ledger = await send(deliveries(events, punctual), ({ event_id }) => {
    if (failed.size < 60 && !failed.has(event_id)) return failed.add(event_id), { status: 503 };
    acknowledged.push(event_id);
    return { status: 200, result: 'accepted' };
  });
  const position = new Map(acknowledged.map((id, index) => [id, index]));
  const last = new Map<string, number>();
  for (const { integrationId, ticketId, eventId } of events) {
    const [key, at] = [`${integrationId}/${ticketId}`, position.get(eventId) ?? -1];
    expect(at).toBeGreaterThan((last.get(key) ?? -1));
    last.set(key, at);
  }
  expect(ledger.retries).toBe(60);
});

test('an event is tried five times, then dropped and counted', async () => {
  const attempts = new Map<string, number>();
  const doomed = events[4]?.eventId ?? '';
  const ledger = await send(deliveries(events, punctual), ({ event_id }) => {
    attempts.set(event_id, (attempts.get(event_id) ?? 0) + 1);
    return event_id === doomed ? { status: 500 } : { status: 200, result: 'accepted' };
  });
  expect(attempts.get(doomed)).toBe(5);
  expect([ledger.counts.dropped, ledger.counts.accepted, ledger.retried.get('HTTP 500')]).toStrictEqual([1, events.length - 1, 4]);
  expect(ledger.of(events[4]?.integrationId ?? '').dropped.has(doomed)).toBe(true);
});

test('an answer that is lost leads to a duplicate, and the event counts as acknowledged once', async () => {
  const stored = new Set<string>();
  const ledger = await send(deliveries(events, punctual), ({ event_id }) => {
    if (stored.has(event_id)) return { status: 200, result: 'duplicate' };
    stored.add(event_id);
    return stored.size % 10 === 0 ? { status: 503 } : { status: 200, result: 'accepted' };
  });
  const acknowledged = ledger.integrations.reduce((sum, id) => sum + ledger.of(id).acknowledged.size, 0);
  expect(acknowledged).toBe(events.length);
  expect(ledger.counts.duplicate).toBe(Math.floor(events.length / 10));
});

test('duplicates and stragglers are sent besides, the same ones for the same seed', () => {
  const plan = (seed: number): Delivery[] => [...deliveries(events, { seed, duplicates: 0.05, late: 0.05 })];
  const ids = (list: readonly Delivery[]): string[] => list.map(({ event, kind }) => `${kind} ${event.eventId}`);
  const first = plan(1);
  expect(ids(plan(1))).toStrictEqual(ids(first));
  expect(ids(plan(2))).not.toStrictEqual(ids(first));
  const unique = (list: readonly CrmEvent[]): number => new Set(list.map((event) => event.eventId)).size;
  expect(unique(first.map(({ event }) => event))).toBe(events.length);
  expect(first.some(({ kind }) => kind === 'late') && first.some(({ kind }) => kind === 'duplicate')).toBe(true);
  expect(first.length - first.filter(({ kind }) => kind === 'duplicate').length).toBe(events.length);
});
