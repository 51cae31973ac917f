// Read these files in order: each is a sentence about the system, shown on the running system.
import { afterAll, expect, test } from 'vitest';
import { closeClients, landed, newTicketId, query, send, ticket, ticketRow } from '../system/support.ts';

afterAll(closeClients);

test('a signed webhook is answered 200 and becomes one row for the analyst', async () => {
  const id = newTicketId();
  const answer = await send(ticket(id).created('2026-03-02T09:00:00.000Z', 'Where is my parcel? 📦'));
  expect(answer.status).toBe(200);
  expect(answer.body.status).toBe('accepted');

  await landed(id, 1);
  const row = await ticketRow(id);
  expect(row['created_at']).toBe('2026-03-02 09:00:00.000');
  expect(row['status_category']).toBe('new');
  expect(row['customer_messages']).toBe(1);
  expect(row['first_response_seconds'], 'NULL means: has not happened').toBeNull();
});

test('the whole content is in log.events, the texts too', async () => {
  const id = newTicketId();
  const event = ticket(id).created('2026-03-02T09:00:00.000Z', 'مرحبا 👋🏽');
  event.payload['metadata'] = { campaign_id: 'spring', nested: [1, null, { deep: true }] };
  event.payload['never_heard_of'] = { kept: 'anyway' };
  await send(event);
  await landed(id, 1);
  const [row] = await query<Record<string, unknown>>('SELECT * FROM log.events WHERE ticket_id = {id:String}', { id });
  expect(row?.['initial_message_text']).toBe('مرحبا 👋🏽');
  expect(row?.['customer_telegram_user_id']).toBe(4503599627370495);
  expect(row?.['channel_chat_id']).toBe('-1001987654321');
  expect(JSON.parse(String(row?.['metadata']))).toStrictEqual(event.payload['metadata']);
  expect(row?.['extra']).toStrictEqual({ '/payload/never_heard_of': '{"kept":"anyway"}' });
});
