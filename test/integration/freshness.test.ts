import { afterAll, expect, test } from 'vitest';
import { closeClients, landed, newTicketId, query, send, ticket } from '../system/support.ts';

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

test('it is as far as the events themselves of each partition, or further: one that came again is told there by its first offset only', async () => {
  interface Read { kafka_partition: number; watermark: number; last_received_at: string }
  for (const database of ['queue', 'agents'] as const) {
    const events = await query<Read>(`SELECT kafka_partition, max(kafka_offset) AS watermark, max(received_at) AS last_received_at FROM ${database}.timeline GROUP BY kafka_partition ORDER BY kafka_partition`);
    const said = new Map((await query<Read>(`SELECT kafka_partition, watermark, last_received_at FROM ${database}.pipeline_freshness`)).map((row) => [row.kafka_partition, row]));
    expect(events.length).toBeGreaterThan(0);
    for (const { kafka_partition: partition, watermark, last_received_at: receivedAt } of events) {
      const told = said.get(partition) ?? expect.fail(`${database}: partition ${partition} is not there`);
      expect({ isAsFar: told.watermark >= watermark, isAsLate: told.last_received_at >= receivedAt }, `${database}, partition ${partition}`).toStrictEqual({ isAsFar: true, isAsLate: true });
    }
  }
});
