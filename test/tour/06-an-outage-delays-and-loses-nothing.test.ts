import { afterAll, expect, test } from 'vitest';
import { closeClients, control, environment, eventually, landed, newTicketId, query, send, sendUntilAccepted, ticket } from '../system/support.ts';

afterAll(closeClients);

const ready = async (service: string): Promise<boolean> => (await fetch(`${environment.healthUrls[service] ?? ''}/health/ready`)).ok;

/** The processes of the services: another one means that the one before has ended. */
async function pids(): Promise<unknown> {
  const all = (await control({ action: 'pids', name: '' })) as Record<string, number>;
  return Object.fromEntries(Object.entries(all).filter(([name]) => name !== 'kafka'));
}

test('without Kafka nothing is acknowledged and nobody ends; when it is back the retry gets in', async () => {
  const id = newTicketId();
  const event = ticket(id).created('2026-03-02T09:00:00.000Z', 'hello');
  const before = await pids();
  await control({ action: 'stop', name: 'kafka' });
  try {
    for (const service of ['ingress', 'queue-analytics', 'event-archive']) {
      await eventually(async () => ((await ready(service)) ? null : true), `${service} is not ready, though nobody sends`, 5_000);
    }
    const answer = await send(event);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  } finally {
    await control({ action: 'start', name: 'kafka' });
  }
  for (const service of ['ingress', 'queue-analytics', 'event-archive']) {
    await eventually(async () => ((await ready(service)) ? true : null), `${service} is ready again before any event comes`, 30_000);
  }
  await sendUntilAccepted(event);
  await landed(id, 1);
  expect(await pids(), 'the same processes as before').toStrictEqual(before);
});

test('without ClickHouse events are accepted all the same, and arrive when it is back', async () => {
  const id = newTicketId();
  await control({ action: 'kill', name: 'clickhouse' });
  expect((await send(ticket(id).created('2026-03-02T09:00:00.000Z', 'hello'))).status).toBe(200);
  await control({ action: 'start', name: 'clickhouse' }).catch(() => undefined); // the supervisor may have been faster
  expect((await send(ticket(id).message('2026-03-02T09:01:00.000Z', 'customer'))).status).toBe(200);
  await landed(id, 2);
});

test('without the schema registry everything goes on, and services start', async () => {
  const id = newTicketId();
  await control({ action: 'stop', name: 'registry' });
  try {
    await control({ action: 'restart', name: 'ingress' });
    await control({ action: 'restart', name: 'queue-analytics' });
    await sendUntilAccepted(ticket(id).created('2026-03-02T09:00:00.000Z', 'hello'));
    await landed(id, 1);
  } finally {
    await control({ action: 'start', name: 'registry' });
  }
});

test('a consumer that is killed goes on where it was', async () => {
  const id = newTicketId();
  await send(ticket(id).created('2026-03-02T09:00:00.000Z', 'hello'));
  for (const name of ['queue-analytics', 'agent-analytics', 'event-archive']) await control({ action: 'kill', name });
  await send(ticket(id).message('2026-03-02T09:01:00.000Z', 'customer'));
  await landed(id, 2);
  const [row] = await query<{ n: number }>('SELECT count() AS n FROM log.events WHERE ticket_id = {id:String}', { id });
  expect(row?.n).toBe(2);
});
