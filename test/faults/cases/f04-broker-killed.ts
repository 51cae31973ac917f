import { defineFault } from '../harness/fault.ts';
import { inSync } from '../harness/leaders.ts';

export default defineFault({
  id: 'F4',
  title: 'one of three brokers is killed (kill -9) and started again after up to 10 s: leaders, coordinators and the controller move',
  on: 'three brokers',
  times: { small: 1, full: 10 },
  perSecond: 60,
  inject: async ({ stack, random, pause }) => {
    const { cluster } = stack;
    const id = random.pick(cluster.ids);
    await cluster.kill(id);
    await pause(10_000);
    await cluster.startBroker(id);
    await inSync(stack.kafka, cluster.ids.length);
  },
});
