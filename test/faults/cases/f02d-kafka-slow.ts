import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';

export default defineFault({
  id: 'F2d',
  title: 'the network to Kafka is slow, and cuts what it carries into small slices',
  times: { small: 0, full: 6 },
  inject: async ({ stack, random }) => {
    stack.proxies.kafka.shape({ delayMs: random.int(5, 60), sliceBytes: random.int(7, 200) });
    await sleep(4_000);
    stack.proxies.kafka.heal();
  },
});
