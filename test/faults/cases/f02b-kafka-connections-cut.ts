import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';

export default defineFault({
  id: 'F2b',
  title: 'connections to Kafka are cut again and again',
  times: { small: 0, full: 20 },
  perSecond: 60,
  inject: async ({ stack, random }) => {
    for (let cut = 0; cut < 5; cut++) {
      stack.proxies.kafka.cut();
      await sleep(random.int(50, 400));
    }
  },
});
