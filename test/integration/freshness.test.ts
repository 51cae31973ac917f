import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeClients, landed, newTicketId, query, send, ticket } from '../support.ts';

after(closeClients);

interface Freshness { last_event_at: string; last_received_at: string; events: number }

/** Of the partition that has the ticket's events. */
const freshness = async (ticketId: string, database: string): Promise<Freshness> => {
  const [row] = await query<Freshness>(`SELECT last_event_at, last_received_at, events FROM ${database}.pipeline_freshness
    WHERE kafka_partition IN (SELECT kafka_partition FROM ${database}.timeline WHERE ticket_id = {t:String})`, { t: ticketId });
  return row ?? assert.fail('no row of the partition');
};

test('a clock a little ahead counts as of the receipt, and an event from the far future not at all', async () => {
  const id = newTicketId();
  await send(ticket(id).created(new Date(Date.now() + 60_000).toISOString()));
  await landed(id, 1);
  const before = { queue: await freshness(id, 'queue'), agents: await freshness(id, 'agents') };
  for (const { last_event_at, last_received_at } of Object.values(before)) assert.equal(last_event_at, last_received_at);

  assert.equal((await send(ticket(id).message('2099-01-01T00:00:00.000Z', 'customer'))).body.status, 'accepted');
  await landed(id, 2);
  for (const database of ['queue', 'agents'] as const) {
    const { last_event_at, last_received_at, events } = await freshness(id, database);
    assert.equal(last_event_at, before[database].last_event_at);
    assert.equal(events, before[database].events + 1);
    assert.equal(last_received_at > before[database].last_received_at, true);
  }
});
