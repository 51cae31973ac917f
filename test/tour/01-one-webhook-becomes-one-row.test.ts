// Read these files in order: each is a sentence about the system, shown on the running system.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeClients, landed, newTicketId, query, send, ticket, ticketRow } from '../support.ts';

after(closeClients);

test('a signed webhook is answered 200 and becomes one row for the analyst', async () => {
  const id = newTicketId();
  const answer = await send(ticket(id).created('2026-03-02T09:00:00.000Z', 'Where is my parcel? 📦'));
  assert.equal(answer.status, 200);
  assert.equal(answer.body.status, 'accepted');

  await landed(id, 1);
  const row = await ticketRow(id);
  assert.equal(row['created_at'], '2026-03-02 09:00:00.000');
  assert.equal(row['status_category'], 'new');
  assert.equal(row['customer_messages'], 1);
  assert.equal(row['first_response_seconds'], null, 'NULL means: has not happened');
});

test('the whole content is in log.events, the texts too', async () => {
  const id = newTicketId();
  const event = ticket(id).created('2026-03-02T09:00:00.000Z', 'مرحبا 👋🏽');
  event.payload['metadata'] = { campaign_id: 'spring', nested: [1, null, { deep: true }] };
  event.payload['never_heard_of'] = { kept: 'anyway' };
  await send(event);
  await landed(id, 1);
  const [row] = await query<Record<string, unknown>>('SELECT * FROM log.events WHERE ticket_id = {id:String}', { id });
  assert.equal(row?.['initial_message_text'], 'مرحبا 👋🏽');
  assert.equal(row['customer_telegram_user_id'], 4503599627370495);
  assert.equal(row['channel_chat_id'], '-1001987654321');
  assert.deepEqual(JSON.parse(String(row['metadata'])), event.payload['metadata']);
  assert.deepEqual(row['extra'], { '/payload/never_heard_of': '{"kept":"anyway"}' });
});
