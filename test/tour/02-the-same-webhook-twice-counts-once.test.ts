import { afterAll, expect, test } from 'vitest';
import { closeClients, control, landed, newTicketId, query, send, sendUntilAccepted, ticket } from '../system/support.ts';

afterAll(closeClients);

const rowsOf = (id: string) => query<{ table: string; n: number }>(`
  SELECT 'log.events' AS table, count() AS n FROM log.events WHERE ticket_id = {id:String}
  UNION ALL SELECT 'queue.tickets', count() FROM queue.tickets WHERE ticket_id = {id:String}
  UNION ALL SELECT 'queue.timeline', count() FROM queue.timeline FINAL WHERE ticket_id = {id:String}
  UNION ALL SELECT 'agents.timeline', count() FROM agents.timeline FINAL WHERE ticket_id = {id:String}`, { id });

test('a retry is answered duplicate and changes nothing', async () => {
  const id = newTicketId();
  const event = ticket(id).created('2026-03-02T09:00:00.000Z', 'hello');
  expect((await send(event)).body.status).toBe('accepted');
  expect((await send(event)).body.status).toBe('duplicate');
  await landed(id, 1);
  expect((await rowsOf(id)).map((row) => row.n)).toStrictEqual([1, 1, 1, 1]);
});

test('the first body wins: a different one under the same event_id is a duplicate', async () => {
  const id = newTicketId();
  const event = ticket(id).created('2026-03-02T09:00:00.000Z', 'first');
  await send(event);
  const changed = structuredClone(event);
  (changed.payload['initial_message'] as { text: string }).text = 'second';
  expect((await send(changed)).body.status).toBe('duplicate');
  await landed(id, 1);
  const [row] = await query<{ text: string }>('SELECT initial_message_text AS text FROM log.events WHERE ticket_id = {id:String}', { id });
  expect(row?.text).toBe('first');
});

test('ten copies at once are appended once', async () => {
  const event = ticket(newTicketId()).created('2026-03-02T09:00:00.000Z', 'hello');
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(event)));
  expect(answers.filter((answer) => answer.body.status === 'accepted').length).toBe(1);
  expect(answers.filter((answer) => answer.body.status === 'duplicate').length).toBe(9);
});

test('two integrations may use one event_id and one ticket_id: they are two tickets', async () => {
  const id = newTicketId();
  const ours = ticket(id, 'acme').created('2026-03-02T09:00:00.000Z', 'hello');
  const theirs = { ...ticket(id, 'globex').created('2026-03-02T09:00:00.000Z', 'hello') };
  expect((await send(ours)).body.status).toBe('accepted');
  expect((await send(theirs)).body.status).toBe('accepted');
  await landed(id, 2);
  const rows = await query('SELECT integration_id FROM queue.tickets WHERE ticket_id = {id:String} ORDER BY 1', { id });
  expect(rows).toStrictEqual([{ integration_id: 'acme' }, { integration_id: 'globex' }]);
});

test('a restarted ingress still knows the retry, from the tail of the log', async () => {
  const event = ticket(newTicketId()).created('2026-03-02T09:00:00.000Z', 'hello');
  await send(event);
  await control({ action: 'restart', name: 'ingress' });
  expect(await sendUntilAccepted(event)).toBe('duplicate');
});
