import { request } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { closeClients, ingressUrl, landed, newTicketId, query, send, sign, ticket } from '../system/support.ts';

afterAll(closeClients);

const refusal = async (body: unknown, path?: string): Promise<string> => {
  const answer = await send(body, path);
  return `${answer.status} ${answer.body.error?.code ?? ''} ${answer.body.error?.path ?? ''}`.trim();
};

test('a bad signature, another tenant’s secret and an unknown integration get the same 401, and nothing is stored', async () => {
  const id = newTicketId();
  const event = ticket(id).created('2026-03-02T09:00:00.000Z', 'hello');
  const unknown = { ...event, source: { ...event.source, integration_id: 'nobody' } };
  expect(await refusal({ ...event, signature: 'f'.repeat(64) })).toBe('401 unauthorized');
  expect(await refusal(sign(event, 'globex-secret'))).toBe('401 unauthorized');
  expect(await refusal(unknown)).toBe('401 unauthorized');
  expect(await refusal(event, '/webhooks/globex')).toBe('401 unauthorized');
  const marker = ticket(id).created('2026-03-02T09:00:00.000Z', 'signed');
  await send(marker);
  await landed(id, 1);
  expect(await query('SELECT event_id FROM log.events WHERE ticket_id = {id:String}', { id })).toStrictEqual([{ event_id: marker.event_id }]);
  expect(await query('SELECT event_id FROM log.quarantine WHERE event_id = {id:String}', { id: event.event_id })).toStrictEqual([]);
});

test('a previous secret still verifies while it is listed', async () => {
  const event = ticket(newTicketId()).created('2026-03-02T09:00:00.000Z', 'hello');
  expect((await send(sign(event, 'acme-previous-secret'))).status).toBe(200);
});

test('what cannot be an event is refused with the reason and the place', async () => {
  const event = ticket(newTicketId()).created('2026-03-02T09:00:00.000Z', 'hello');
  expect(await refusal('{"event_id": ')).toBe('400 invalid_json');
  expect(await refusal(Buffer.from([0x7b, 0xff, 0x7d]))).toBe('400 invalid_utf8');
  expect(await refusal({ ...event, timestamp: 5 })).toBe('400 invalid_envelope /timestamp');
  expect(await refusal({ ...event, source: {} })).toBe('400 invalid_envelope /source/integration_id');
  expect(await refusal({ ...event, signature: undefined })).toBe('400 invalid_envelope /signature');
});

test('a body over 1 MiB is cut off, with a length or without one', async () => {
  expect(await refusal('x'.repeat(1_100_000))).toBe('413 body_too_large');
  const status = await new Promise<number>((resolve, reject) => {
    const chunked = request(`${ingressUrl}/webhooks`, { method: 'POST', headers: { 'content-type': 'application/json' } }, (response) => {
      resolve(response.statusCode ?? 0);
      chunked.destroy();
    }).on('error', reject);
    for (let i = 0; i < 110; i++) chunked.write('x'.repeat(10_000));
  });
  expect(status).toBe(413);
});

test('only JSON is taken', async () => {
  const response = await fetch(`${ingressUrl}/webhooks`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' });
  expect(response.status).toBe(415);
});

test('above its own limit an integration is asked to come back later', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => send(ticket(newTicketId(), 'limited').created('2026-03-02T09:00:00.000Z'))));
  const limited = answers.filter((answer) => answer.status === 429);
  expect(limited.length).toBeGreaterThan(0);
  expect(limited.every((answer) => Number(answer.headers.get('retry-after')) >= 1)).toBe(true);
});
