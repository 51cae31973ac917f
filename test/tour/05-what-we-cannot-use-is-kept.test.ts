import { afterAll, expect, test } from 'vitest';
import { closeClients, eventually, newTicketId, query, send, sign, ticket } from '../system/support.ts';

afterAll(closeClients);

interface Kept { reason: string; path: string; version: string; payload: string; ticket_id: string }

const kept = (eventId: string) => eventually(async () => {
  const rows = await query<Kept>('SELECT reason, path, version, payload, ticket_id FROM log.quarantine WHERE event_id = {id:String}', { id: eventId });
  return rows.length === 0 ? null : rows;
}, `event ${eventId} in quarantine`);

test('a signed event that does not validate is answered 200 and kept whole, with the reason and the place', async () => {
  const id = newTicketId();
  const event = ticket(id).message('2026-03-02T09:00:00.000Z', 'customer');
  event.payload['is_private'] = 'yes';
  const body = JSON.stringify(event);
  const answer = await send(body);
  expect(answer.status).toBe(200);
  expect(answer.body.status).toBe('quarantined');
  expect(await kept(event.event_id)).toStrictEqual([{ reason: 'schema_violation', path: '/payload/is_private', version: '1.2', payload: body, ticket_id: id }]);
  expect(await query('SELECT 1 FROM log.events WHERE event_id = {id:String}', { id: event.event_id }), 'it is in quarantine or in the log, never in both').toStrictEqual([]);
});

test('an unknown type, an unknown major version and another environment are our ignorance, not the CRM’s fault', async () => {
  const base = ticket(newTicketId()).message('2026-03-02T09:00:00.000Z', 'customer');
  const cases = [
    [sign({ ...base, event_id: crypto.randomUUID(), event_type: 'message.deleted' }), 'unknown_event_type'],
    [sign({ ...base, event_id: crypto.randomUUID(), version: '7.0' }), 'unknown_version'],
    [sign({ ...base, event_id: crypto.randomUUID(), timestamp: 'just now' }), 'invalid_timestamp'],
    [sign({ ...base, event_id: crypto.randomUUID(), source: { ...base.source, environment: 'staging' } }, 'acme-secret'), 'environment_mismatch'],
  ] as const;
  for (const [event, reason] of cases) {
    expect((await send(event)).body.status).toBe('quarantined');
    expect((await kept(event.event_id))[0]?.reason).toBe(reason);
  }
});

test('a retry of it is answered the same; its corrected body under the same event_id is accepted', async () => {
  const event = ticket(newTicketId()).message('2026-03-02T09:00:00.000Z', 'customer');
  const broken = { ...event, payload: { ...event.payload, sent_at: 'never' } };
  expect((await send(broken)).body.status).toBe('quarantined');
  expect((await send(broken)).body.status).toBe('quarantined');
  expect((await kept(event.event_id)).length).toBe(1);
  expect((await send(event)).body.status).toBe('accepted');
  expect((await send(event)).body.status).toBe('duplicate');
});
