import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';

export default defineFault({
  id: 'F2c',
  title: 'the network to Kafka is half-open: connections stay, nothing passes, for up to 12 s',
  times: { small: 0, full: 6 },
  inject: async ({ stack, random }) => {
    stack.proxies.kafka.set('freeze');
    await sleep(random.int(4_000, 12_000));
    stack.proxies.kafka.heal();
  },
});
