import { defineFault } from '../harness/fault.ts';
import { inSync } from '../harness/leaders.ts';

export default defineFault({
  id: 'F3b',
  title: 'one broker after the other hands over its partitions, stops and starts again, under a burst',
  on: 'three brokers',
  times: { small: 1, full: 9 },
  perSecond: 150,
  inject: async ({ stack }, turn) => {
    const { cluster } = stack;
    const id = cluster.ids[turn % cluster.ids.length] ?? 1;
    await cluster.stopBroker(id);
    await cluster.startBroker(id);
    await inSync(stack.kafka, cluster.ids.length);
  },
});
