// A producer is deployed before its schema: most of a partition can't be read. That is a bad
// deploy, not bad data: the partition waits in all services, the others go on, and once the
// schema is there nothing is lost and nothing is there twice.
import { afterAll, expect, test } from 'vitest';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { BREAKER_WINDOW } from '../../services/runtime/projection/breaker.ts';
import { consumerPositions } from '../../services/runtime/kafka/admin.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { comingSchema, connection, encoded, headersOf, quarantine } from '../system/quarantine-cli.ts';
import { closeClients, control, environment, eventually, landed, newTicketId, query, send, ticket } from '../system/support.ts';

afterAll(closeClients);

const topic = eventsTopic('production');
const services = ['queue-analytics', 'agent-analytics', 'event-archive'];

async function readiness(service: string): Promise<{ status: number; reason: string }> {
  const response = await fetch(`${environment.healthUrls[service] ?? ''}/health/ready`);
  return { status: response.status, reason: ((await response.json()) as { reason?: string }).reason ?? '' };
}

const readyWhen = (service: string, accept: (status: number) => boolean) => eventually(async () => {
  const answer = await readiness(service);
  return accept(answer.status) ? answer : null;
}, `readiness of ${service}`, 90_000);

/** Two tickets whose keys lie in different partitions, each with one event. */
async function ticketsOnTwoPartitions(): Promise<{ held: { id: string; partition: number }; other: string }> {
  const create = async (): Promise<{ id: string; partition: number }> => {
    const id = newTicketId();
    await send(ticket(id).created('2026-03-02T08:00:00.000Z'));
    await landed(id, 1);
    const [row] = await query<{ kafka_partition: number }>('SELECT kafka_partition FROM log.events WHERE ticket_id = {t:String}', { t: id });
    return { id, partition: row?.kafka_partition ?? -1 };
  };
  const held = await create();
  for (;;) {
    const other = await create();
    if (other.partition !== held.partition) return { held, other: other.id };
  }
}

test('a partition that is mostly poison waits in every service, the others go on, and a fix brings everything in once', async () => {
  const { held, other } = await ticketsOnTwoPartitions();
  const schema = await comingSchema('status.changed');
  const count = 2 * BREAKER_WINDOW;
  const events = Array.from({ length: count }, (_, i) => ticket(held.id).status(new Date(Date.UTC(2026, 2, 2, 9, i)).toISOString(), `s${i}`, `s${i + 1}`));
  const producer = await connectProducer(connection, [topic]);
  await Promise.all(events.map((event) => producer.append(topic, { key: held.id, value: encoded(event, schema.id), headers: headersOf(event) })));
  await producer.close();
  await send(ticket(held.id).message('2026-03-02T12:00:00.000Z', 'customer', 'behind them'));

  for (const service of services) {
    const { reason } = await readyWhen(service, (status) => status === 503);
    expect(reason).toMatch(new RegExp(`^POISON_BREAKER: ${topic}/${held.partition} waits at offset \\d+: .*unknown_schema`));
    const metrics = await (await fetch(`${environment.healthUrls[service] ?? ''}/metrics`)).text();
    expect(metrics).toMatch(/ticketstream_held_partitions\{cause="poison",service="[^"]+"\} 1/);
  }
  // A restart forgets the window, not the place.
  await control({ action: 'restart', name: 'event-archive' });
  await readyWhen('event-archive', (status) => status === 503);
  await send(ticket(other).message('2026-03-02T12:00:00.000Z', 'customer', 'elsewhere'));
  await landed(other, 2);
  const waiting = await Promise.all(services.map(async (service) => (await consumerPositions(connection, service, topic)).find(({ partition }) => partition === held.partition)));
  expect(new Set(waiting.map((position) => position?.committed)).size, 'all services wait at the same record').toBe(1);
  const leaked = await query<{ event_id: string }>('SELECT event_id FROM log.quarantine WHERE ticket_id = {t:String}', { t: held.id });
  expect(leaked.length, `${leaked.length} were quarantined before it was clear that most are poison`).toBeLessThanOrEqual(BREAKER_WINDOW / 2);

  await schema.register();
  for (const service of services) await readyWhen(service, (status) => status === 200);
  // Those that went to quarantine before the breaker opened come in again by a replay.
  for (const { event_id: eventId } of leaked) {
    const replayed = await quarantine(['replay', '--event-id', eventId]);
    expect(replayed.code, replayed.stderr).toBe(0);
  }
  await landed(held.id, count + 2);
  const after = await query<{ n: number; distinct: number }>('SELECT count() AS n, uniqExact(event_id) AS distinct FROM log.events WHERE ticket_id = {t:String}', { t: held.id });
  expect(after).toStrictEqual([{ n: count + 2, distinct: count + 2 }]);
  const kept = await query<{ n: number }>('SELECT count() AS n FROM log.quarantine WHERE ticket_id = {t:String}', { t: held.id });
  expect(kept[0]?.n, 'nothing more went to quarantine').toBe(leaked.length);
});
