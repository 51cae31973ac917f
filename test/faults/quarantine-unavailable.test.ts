// The quarantine topic refuses writes: poison waits in front of it, nothing is skipped, and a
// webhook that would be quarantined is answered 503, not 200.
import kafkajs from 'kafkajs';
import { afterAll, expect, test } from 'vitest';
import { eventsTopic, quarantineTopic } from '../../services/runtime/event-log.ts';
import { connectKafka } from '../../services/runtime/kafka/admin.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { connection } from '../system/quarantine-cli.ts';
import { closeClients, environment, eventually, landed, newTicketId, query, send, ticket } from '../system/support.ts';

afterAll(closeClients);

const topic = quarantineTopic('production');

/** Lets the topic take nothing, by its record limit; @returns how to set it back. */
async function closeTopic(): Promise<() => Promise<void>> {
  const admin = connectKafka(connection).admin();
  await admin.connect();
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic };
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
  const own = resources[0]?.configEntries.filter((entry) => !entry.isDefault).map(({ configName, configValue }) => ({ name: configName, value: configValue })) ?? [];
  const set = (configEntries: typeof own) => admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
  await set([...own.filter(({ name }) => name !== 'max.message.bytes'), { name: 'max.message.bytes', value: '1' }]);
  return async () => {
    await set(own);
    await admin.disconnect();
  };
}

test('while the quarantine takes nothing, poison waits and is not skipped; afterwards it is kept once', async () => {
  const id = newTicketId();
  const mark = crypto.randomUUID();
  const open = await closeTopic();
  try {
    const producer = await connectProducer(connection, [eventsTopic('production')]);
    await producer.append(eventsTopic('production'), { key: id, value: Buffer.from('poison'), headers: { ce_id: mark } });
    await producer.close();
    expect((await send(ticket(id).created('2026-03-02T09:00:00.000Z'))).body.status).toBe('accepted');
    await eventually(async () => {
      const answer = await fetch(`${environment.healthUrls['event-archive'] ?? ''}/health/ready`);
      return answer.status === 503 ? true : null;
    }, 'event-archive says that it waits');
    const unusable = ticket(id).message('2026-03-02T09:01:00.000Z', 'customer');
    unusable.payload['is_private'] = 'yes';
    expect((await send(unusable)).status, 'no 200 for what nobody keeps').toBe(503);
    expect(await query('SELECT 1 FROM log.quarantine WHERE event_id = {id:String}', { id: mark })).toStrictEqual([]);
  } finally {
    await open();
  }
  await landed(id, 1);
  let kept = 0;
  await eventually(async () => {
    kept = 0;
    await readTail(connection, topic, 10_000, (record) => {
      if (record.headers['ce_id'] === mark) kept += 1;
    });
    return kept > 0 ? true : null;
  }, 'the poison in quarantine');
  expect(kept).toBe(1);
  await eventually(async () => ((await fetch(`${environment.healthUrls['event-archive'] ?? ''}/health/ready`)).ok ? true : null), 'event-archive is ready again');
});
