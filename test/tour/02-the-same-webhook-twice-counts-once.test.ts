import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeClients, control, landed, newTicketId, query, send, sendUntilAccepted, ticket } from '../support.ts';

after(closeClients);

const rowsOf = (id: string) => query<{ table: string; n: number }>(`
  SELECT 'log.events' AS table, count() AS n FROM log.events WHERE ticket_id = {id:String}
  UNION ALL SELECT 'queue.tickets', count() FROM queue.tickets WHERE ticket_id = {id:String}
  UNION ALL SELECT 'queue.timeline', count() FROM queue.timeline FINAL WHERE ticket_id = {id:String}
  UNION ALL SELECT 'agents.timeline', count() FROM agents.timeline FINAL WHERE ticket_id = {id:String}`, { id });

test('a retry is answered duplicate and changes nothing', async () => {
  const id = newTicketId();
  const event = ticket(id).created('2026-03-02T09:00:00.000Z', 'hello');
  assert.equal((await send(event)).body.status, 'accepted');
  assert.equal((await send(event)).body.status, 'duplicate');
  await landed(id, 1);
  assert.deepEqual((await rowsOf(id)).map((row) => row.n), [1, 1, 1, 1]);
});

test('the first body wins: a different one under the same event_id is a duplicate', async () => {
  const id = newTicketId();
  const event = ticket(id).created('2026-03-02T09:00:00.000Z', 'first');
  await send(event);
  const changed = structuredClone(event);
  (changed.payload['initial_message'] as { text: string }).text = 'second';
  assert.equal((await send(changed)).body.status, 'duplicate');
  await landed(id, 1);
  const [row] = await query<{ text: string }>('SELECT initial_message_text AS text FROM log.events WHERE ticket_id = {id:String}', { id });
  assert.equal(row?.text, 'first');
});

test('ten copies at once are appended once', async () => {
  const event = ticket(newTicketId()).created('2026-03-02T09:00:00.000Z', 'hello');
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(event)));
  assert.equal(answers.filter((answer) => answer.body.status === 'accepted').length, 1);
  assert.equal(answers.filter((answer) => answer.body.status === 'duplicate').length, 9);
});

test('two integrations may use one event_id and one ticket_id: they are two tickets', async () => {
  const id = newTicketId();
  const ours = ticket(id, 'acme').created('2026-03-02T09:00:00.000Z', 'hello');
  const theirs = { ...ticket(id, 'globex').created('2026-03-02T09:00:00.000Z', 'hello') };
  assert.equal((await send(ours)).body.status, 'accepted');
  assert.equal((await send(theirs)).body.status, 'accepted');
  await landed(id, 2);
  const rows = await query('SELECT integration_id FROM queue.tickets WHERE ticket_id = {id:String} ORDER BY 1', { id });
  assert.deepEqual(rows, [{ integration_id: 'acme' }, { integration_id: 'globex' }]);
});

test('a restarted ingress still knows the retry, from the tail of the log', async () => {
  const event = ticket(newTicketId()).created('2026-03-02T09:00:00.000Z', 'hello');
  await send(event);
  await control({ action: 'restart', name: 'ingress' });
  assert.equal(await sendUntilAccepted(event), 'duplicate');
});
