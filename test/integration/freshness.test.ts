import { afterAll, expect, test } from 'vitest';
import { closeClients, eventually, landed, newTicketId, query, send, ticket } from '../system/support.ts';

afterAll(closeClients);

interface Freshness { last_event_at: string; last_received_at: string; watermark: number }

/** Of the partition that has the ticket's events. */
const freshness = async (ticketId: string, database: string): Promise<Freshness> => {
  const [row] = await query<Freshness>(`SELECT last_event_at, last_received_at, toInt64(watermark) AS watermark FROM ${database}.pipeline_freshness
    WHERE kafka_partition IN (SELECT kafka_partition FROM ${database}.timeline WHERE ticket_id = {t:String})`, { t: ticketId });
  return row ?? expect.fail('no row of the partition');
};

test('a clock a little ahead counts as of the receipt, and an event from the far future not at all', async () => {
  const id = newTicketId();
  await send(ticket(id).created(new Date(Date.now() + 60_000).toISOString()));
  await landed(id, 1);
  const before = { queue: await freshness(id, 'queue'), agents: await freshness(id, 'agents') };
  for (const { last_event_at, last_received_at } of Object.values(before)) expect(last_event_at).toBe(last_received_at);

  expect((await send(ticket(id).message('2099-01-01T00:00:00.000Z', 'customer'))).body.status).toBe('accepted');
  await landed(id, 2);
  for (const database of ['queue', 'agents'] as const) {
    const { last_event_at, last_received_at, watermark } = await freshness(id, database);
    expect(last_event_at).toBe(before[database].last_event_at);
    expect(watermark).toBeGreaterThan(before[database].watermark);
    expect(last_received_at > before[database].last_received_at).toBe(true);
  }
});

test('it says of each partition what the events themselves say, whatever has come twice', async () => {
  for (const database of ['queue', 'agents'] as const) {
    // Events of others may land between the two questions.
    await eventually(async () => {
      const said = await query(`SELECT kafka_partition, watermark, last_received_at FROM ${database}.pipeline_freshness ORDER BY kafka_partition`);
      const events = await query(`SELECT kafka_partition, max(kafka_offset) AS watermark, max(received_at) AS last_received_at FROM ${database}.timeline GROUP BY kafka_partition ORDER BY kafka_partition`);
      return said.length > 0 && JSON.stringify(said) === JSON.stringify(events) ? true : null;
    }, `${database}.pipeline_freshness says what the timeline says`);
  }
});
