import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, test } from 'node:test';
import { closeClients, ingressUrl, landed, newTicketId, query, send, sign, ticket } from '../support.ts';

after(closeClients);

const refusal = async (body: unknown, path?: string): Promise<string> => {
  const answer = await send(body, path);
  return `${answer.status} ${answer.body.error?.code ?? ''} ${answer.body.error?.path ?? ''}`.trim();
};

test('a bad signature, another tenant’s secret and an unknown integration get the same 401, and nothing is stored', async () => {
  const id = newTicketId();
  const event = ticket(id).created('2026-03-02T09:00:00.000Z', 'hello');
  const unknown = { ...event, source: { ...event.source, integration_id: 'nobody' } };
  assert.equal(await refusal({ ...event, signature: 'f'.repeat(64) }), '401 unauthorized');
  assert.equal(await refusal(sign(event, 'globex-secret')), '401 unauthorized');
  assert.equal(await refusal(unknown), '401 unauthorized');
  assert.equal(await refusal(event, '/webhooks/globex'), '401 unauthorized');
  const marker = ticket(id).created('2026-03-02T09:00:00.000Z', 'signed');
  await send(marker);
  await landed(id, 1);
  assert.deepEqual(await query('SELECT event_id FROM log.events WHERE ticket_id = {id:String}', { id }), [{ event_id: marker.event_id }]);
  assert.deepEqual(await query('SELECT event_id FROM log.quarantine WHERE event_id = {id:String}', { id: event.event_id }), []);
});

test('a previous secret still verifies while it is listed', async () => {
  const event = ticket(newTicketId()).created('2026-03-02T09:00:00.000Z', 'hello');
  assert.equal((await send(sign(event, 'acme-previous-secret'))).status, 200);
});

test('what cannot be an event is refused with the reason and the place', async () => {
  const event = ticket(newTicketId()).created('2026-03-02T09:00:00.000Z', 'hello');
  assert.equal(await refusal('{"event_id": '), '400 invalid_json');
  assert.equal(await refusal(Buffer.from([0x7b, 0xff, 0x7d])), '400 invalid_utf8');
  assert.equal(await refusal({ ...event, timestamp: 5 }), '400 invalid_envelope /timestamp');
  assert.equal(await refusal({ ...event, source: {} }), '400 invalid_envelope /source/integration_id');
  assert.equal(await refusal({ ...event, signature: undefined }), '400 invalid_envelope /signature');
});

test('a body over 1 MiB is cut off, with a length or without one', async () => {
  assert.equal(await refusal('x'.repeat(1_100_000)), '413 body_too_large');
  const status = await new Promise<number>((resolve, reject) => {
    const chunked = request(`${ingressUrl}/webhooks`, { method: 'POST', headers: { 'content-type': 'application/json' } }, (response) => {
      resolve(response.statusCode ?? 0);
      chunked.destroy();
    }).on('error', reject);
    for (let i = 0; i < 110; i++) chunked.write('x'.repeat(10_000));
  });
  assert.equal(status, 413);
});

test('only JSON is taken', async () => {
  const response = await fetch(`${ingressUrl}/webhooks`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' });
  assert.equal(response.status, 415);
});

test('above its own limit an integration is asked to come back later', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => send(ticket(newTicketId(), 'limited').created('2026-03-02T09:00:00.000Z'))));
  const limited = answers.filter((answer) => answer.status === 429);
  assert.ok(limited.length > 0);
  assert.ok(limited.every((answer) => Number(answer.headers.get('retry-after')) >= 1));
});
