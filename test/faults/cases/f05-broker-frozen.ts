import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';
import { inSync } from '../harness/leaders.ts';

export default defineFault({
  id: 'F5',
  title: 'one of three brokers freezes (SIGSTOP) for 10 to 40 s: its connections stay open and nothing answers',
  on: 'three brokers',
  times: { small: 1, full: 6 },
  perSecond: 60,
  inject: async ({ stack, random, size }) => {
    const { cluster } = stack;
    const id = random.pick(cluster.ids);
    await cluster.kill(id, 'SIGSTOP');
    await sleep(size === 'small' ? 10_000 : random.int(10_000, 40_000));
    await cluster.kill(id, 'SIGCONT');
    await inSync(stack.kafka, cluster.ids.length);
  },
});
