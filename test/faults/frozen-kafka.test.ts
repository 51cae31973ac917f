// A Kafka that neither answers nor closes its connections: what is ready says so in time, what is
// sent is refused in time, and no memory fills up meanwhile.
import { afterAll, expect, test } from 'vitest';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { connection } from '../system/quarantine-cli.ts';
import { closeClients, control, environment, eventually, newTicketId, send, sendUntilAccepted, ticket } from '../system/support.ts';

afterAll(closeClients);

const services = ['ingress', 'queue-analytics'];
const isReady = async (service: string): Promise<boolean> => (await fetch(`${environment.healthUrls[service] ?? ''}/health/ready`)).ok;

test('readiness follows a Kafka that freezes and thaws, without any event', async () => {
  await control({ action: 'kill', name: 'kafka', signal: 'SIGSTOP' });
  const event = ticket(newTicketId()).created('2026-03-02T09:00:00.000Z');
  try {
    for (const service of services) await eventually(async () => ((await isReady(service)) ? null : true), `${service} is not ready`, 5_000);
    const began = Date.now();
    expect((await send(event)).status).toBe(503);
    expect(Date.now() - began).toBeLessThan(5_000);
  } finally {
    await control({ action: 'kill', name: 'kafka', signal: 'SIGCONT' });
  }
  for (const service of services) await eventually(async () => ((await isReady(service)) ? true : null), `${service} is ready`, 5_000);
  await sendUntilAccepted(event);
});

test('what waits for Kafka is bounded in bytes too, those of keys and headers among them', async () => {
  const topic = eventsTopic('staging');
  const producer = await connectProducer(connection, [topic], { maxWaitingBytes: 3_000 });
  const append = (): Promise<unknown> => producer.append(topic, { key: 'TKT', value: Buffer.alloc(6), headers: { ce_id: 'no event', ce_source: '/'.repeat(2_000) } });
  const first = append();
  await expect(append()).rejects.toMatchObject({ code: 'LOG_OVERLOADED' });
  await first;
  await append();
  await producer.close();
});
