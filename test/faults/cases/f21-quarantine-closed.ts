import kafkajs from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { quarantineTopic } from '../../../services/runtime/event-log.ts';
import { connectKafka } from '../../../services/runtime/kafka/admin.ts';
import { defineFault } from '../harness/fault.ts';
import { waitUntil } from '../harness/processes.ts';
import { appendRaw, poisonHeaders } from '../harness/raw.ts';
import type { FaultStack } from '../harness/stack.ts';
import { ticketStory } from '../harness/story.ts';

/** Lets the quarantine take nothing, by its record limit. @returns how to set it back. */
async function closeQuarantine(stack: FaultStack): Promise<() => Promise<void>> {
  const admin = connectKafka(stack.kafka).admin();
  await admin.connect();
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: quarantineTopic('production') };
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
  const own = resources[0]?.configEntries.filter((entry) => !entry.isDefault).map(({ configName, configValue }) => ({ name: configName, value: configValue })) ?? [];
  const set = (configEntries: typeof own) => admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
  await set([...own.filter(({ name }) => name !== 'max.message.bytes'), { name: 'max.message.bytes', value: '1' }]);
  return async () => {
    await set(own);
    await admin.disconnect();
  };
}

export default defineFault({
  id: 'F21',
  title: 'the quarantine takes nothing: poison waits in front of it and is not skipped, and no 200 for what nobody keeps',
  times: { small: 1, full: 6 },
  inject: async ({ stack, integrationId, seed, send, sendUntilAccepted, fail }, turn) => {
    const [first, second] = [0, 1].flatMap((number) => ticketStory({ integrationId, seed: `${seed}/${turn}/${number}`, events: 1 }));
    if (first === undefined || second === undefined) return;
    const open = await closeQuarantine(stack);
    const mark = randomUUID();
    try {
      await appendRaw(stack, [{ key: first.ticketId, value: Buffer.from('poison'), headers: poisonHeaders(integrationId, mark) }]);
      await sendUntilAccepted(first);
      await waitUntil(async () => !(await stack.get('event-archive').isReady()), 'event-archive to say that it waits', 30_000);
      // Its signature covers no payload.
      const refused = await send({ ...second, isUnusable: true, body: second.body.replace(/"created_at":"[^"]*"/, '"created_at":true') });
      if (refused.status !== 503) fail('I1', `what nobody keeps was answered ${refused.status} ${refused.said}`, [second.eventId]);
      const rows = await stack.clickhouse.query<object>('SELECT 1 FROM log.quarantine WHERE event_id = {mark:String}', { mark });
      if (rows.length > 0) fail('I6', 'in a quarantine that takes nothing', [mark]);
    } finally {
      await open();
    }
  },
});
