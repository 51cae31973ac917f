// A topic that wants all three replicas, and one of them away: there is a leader for everything, and nothing can be written.
import kafkajs from 'kafkajs';
import { defineFault } from '../harness/fault.ts';
import { inSync, withAdmin } from '../harness/leaders.ts';
import { takesNothing } from '../harness/outage.ts';
import { eventsTopic, quarantineTopic } from '../../../services/runtime/event-log.ts';
import type { KafkaConnection } from '../../../services/runtime/kafka/admin.ts';

const LOST_MS = { small: 8_000, full: 30_000 };

const topics = [eventsTopic('production'), quarantineTopic('production')];

/** Their other settings stay as they are. */
const wantInSync = (kafka: KafkaConnection, replicas: number): Promise<void> => withAdmin(kafka, async (admin) => {
  for (const name of topics) {
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name };
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
    const own = resources[0]?.configEntries.filter(({ isDefault, configName }) => !isDefault && configName !== 'min.insync.replicas') ?? [];
    const configEntries = [...own.map(({ configName, configValue }) => ({ name: configName, value: configValue })), { name: 'min.insync.replicas', value: String(replicas) }];
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
  }
});

export default defineFault({
  id: 'F6',
  title: 'too few replicas are in sync for a write, though every partition has a leader: 503 only, and not ready',
  on: 'three brokers',
  times: { small: 1, full: 3 },
  inject: async (scene, turn) => {
    const { stack, size } = scene;
    const { cluster } = stack;
    const id = cluster.ids[turn % cluster.ids.length] ?? 1;
    await wantInSync(stack.kafka, cluster.ids.length);
    await cluster.kill(id);
    try {
      await takesNothing(scene, /Kafka takes no writes/, LOST_MS[size]);
    } finally {
      await wantInSync(stack.kafka, 2);
      await cluster.startBroker(id);
    }
    await inSync(stack.kafka, cluster.ids.length);
  },
});
