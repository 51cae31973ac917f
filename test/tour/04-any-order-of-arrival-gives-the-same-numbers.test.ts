import { afterAll, expect, test } from 'vitest';
import { closeClients, landed, newTicketId, query, send, ticket, ticketRow, type SignedEvent } from '../system/support.ts';

afterAll(closeClients);

/** A day of a ticket: two holders, a note, a reopening. */
function history(id: string): SignedEvent[] {
  const of = ticket(id);
  return [
    of.created('2026-03-02T09:00:00.000Z', 'my parcel is lost'),
    of.assigned('2026-03-02T09:00:10.000Z', { agent_id: 'max', group_id: 'logistics' }),
    of.message('2026-03-02T09:02:00.000Z', { agent: 'max' }, 'who knows this one?', true),
    of.assigned('2026-03-02T09:10:00.000Z', { agent_id: 'lea', group_id: 'logistics' }),
    of.message('2026-03-02T09:15:00.000Z', { agent: 'lea' }, 'I will look'),
    of.status('2026-03-02T10:00:00.000Z', 'new', 'resolved'),
    of.message('2026-03-02T11:00:00.000Z', 'customer', 'it is still lost'),
    of.status('2026-03-02T11:05:00.000Z', 'resolved', 'open', { type: 'automation_rule', id: 'reopen' }),
    of.message('2026-03-02T11:30:00.000Z', { agent: 'lea' }, 'found it'),
    of.status('2026-03-02T12:00:00.000Z', 'open', 'resolved'),
  ];
}

const views = ['queue.tickets', 'queue.customer_waits', 'queue.ticket_state_intervals', 'queue.ticket_resolutions', 'agents.ticket_assignments', 'agents.agent_replies'];

/** What every view says of two tickets, without their ids; asked at once, since what still runs grows with every second. */
async function numbersOf(ids: readonly [string, string]): Promise<[unknown[], unknown[]]> {
  const rows = await Promise.all(views.map((view) => query<{ ticket_id: string }>(`SELECT * FROM ${view} WHERE ticket_id IN {ids:Array(String)} ORDER BY ALL`, { ids })));
  const of = (id: string): unknown[] => rows.map((found) => found.filter((row) => row.ticket_id === id).map((row) => ({ ...row, ticket_id: '', data_quality: null })));
  return [of(ids[0]), of(ids[1])];
}

test('a reassigned, reopened ticket has the numbers that its story tells', async () => {
  const id = newTicketId();
  for (const event of history(id)) expect((await send(event)).status).toBe(200);
  await landed(id, 10);
  const row = await ticketRow(id);
  expect(row['first_response_seconds'], 'the private note answers nothing').toBe(15 * 60);
  expect(row['first_resolution_seconds']).toBe(3600);
  expect(row['full_resolution_seconds']).toBe(3 * 3600);
  expect(row['solves']).toBe(2);
  expect(row['reopens']).toBe(1);
  expect(row['handoffs']).toBe(1);
  expect(row['bounced_assignments']).toBe(1);
  expect(row['private_notes']).toBe(1);

  const waits = await query<Record<string, unknown>>('SELECT kind, wait_seconds, ended_by, replied_by_agent_id FROM queue.customer_waits WHERE ticket_id = {id:String} ORDER BY wait_no', { id });
  expect(waits).toStrictEqual([
    { kind: 'first', wait_seconds: 900, ended_by: 'agent_reply', replied_by_agent_id: 'lea' },
    { kind: 'next', wait_seconds: 1800, ended_by: 'agent_reply', replied_by_agent_id: 'lea' },
  ]);
  const stations = await query<Record<string, unknown>>(`SELECT agent_id, held_seconds, agent_first_response_seconds FROM agents.ticket_assignments WHERE ticket_id = {id:String} AND agent_id != '' ORDER BY station_no`, { id });
  expect(stations).toStrictEqual([
    { agent_id: 'max', held_seconds: 590, agent_first_response_seconds: null },
    { agent_id: 'lea', held_seconds: 50 * 60 + 55 * 60, agent_first_response_seconds: 300 },
  ]);
});

test('backwards, with duplicates, it has the same numbers', async () => {
  const [inOrder, backwards] = [newTicketId(), newTicketId()];
  for (const event of history(inOrder)) await send(event);
  for (const event of history(backwards).toReversed()) {
    await send(event);
    await send(event);
  }
  await Promise.all([landed(inOrder, 10), landed(backwards, 10)]);
  const [expected, actual] = await numbersOf([inOrder, backwards]);
  expect(actual).toStrictEqual(expected);
});

test('before its creation arrives a ticket is provisional, and is corrected when it comes', async () => {
  const id = newTicketId();
  await send(ticket(id).message('2026-03-02T09:05:00.000Z', 'customer'));
  await landed(id, 1);
  expect((await ticketRow(id))['is_provisional']).toBe(1);
  await send(ticket(id).created('2026-03-02T09:00:00.000Z', 'hello'));
  await landed(id, 2);
  const row = await ticketRow(id);
  expect(row['is_provisional']).toBe(0);
  expect(row['created_at']).toBe('2026-03-02 09:00:00.000');
});
