import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';

export default defineFault({
  id: 'F1b',
  title: 'the way to the ingress loses answers and cuts connections: the sender repeats what was taken',
  times: { small: 1, full: 30 },
  perSecond: 60,
  inject: async ({ stack, random }) => {
    stack.proxies.ingress.set('drop answers');
    await sleep(random.int(200, 900));
    stack.proxies.ingress.heal();
    await sleep(random.int(100, 300));
    stack.proxies.ingress.cut();
  },
});
