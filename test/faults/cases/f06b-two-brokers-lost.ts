import { defineFault } from '../harness/fault.ts';
import { inSync } from '../harness/leaders.ts';
import { takesNothing } from '../harness/outage.ts';

const LOST_MS = { small: 8_000, full: 30_000 };

export default defineFault({
  id: 'F6b',
  title: 'two of three brokers are killed, and with them the controllers’ majority: 503 only',
  on: 'three brokers',
  times: { small: 1, full: 3 },
  inject: async (scene, turn) => {
    const { stack, size } = scene;
    const { cluster } = stack;
    const lost = cluster.ids.filter((_, index) => index !== turn % cluster.ids.length);
    for (const id of lost) await cluster.kill(id);
    await takesNothing(scene, /Kafka/, LOST_MS[size]);
    await Promise.all(lost.map((id) => cluster.startBroker(id)));
    await inSync(stack.kafka, cluster.ids.length);
  },
});
