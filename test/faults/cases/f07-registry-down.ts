// Services start, work and say what is amiss while nobody answers at the registry, or what answers is no registry.
import { defineFault } from '../harness/fault.ts';
import { projections } from '../harness/stack.ts';
import { everyServiceWarns } from '../harness/warnings.ts';

export default defineFault({
  id: 'F7',
  title: 'the registry does not answer, or hangs, while every service is started again',
  times: { small: 1, full: 4 },
  inject: async ({ stack, arrives }, turn) => {
    stack.proxies.registry.set(turn % 2 === 0 ? 'refuse' : 'freeze');
    await Promise.all(['ingress', ...projections].map(async (name) => {
      await stack.get(name).stop();
      await stack.get(name).start();
    }));
    await everyServiceWarns(stack, /does not answer/);
    await arrives();
    stack.proxies.registry.heal();
  },
  // Services look every ten seconds; the short run sees them notice a registry that is back in the next fault.
  finish: ({ stack, size }) => (size === 'small' ? Promise.resolve() : everyServiceWarns(stack, null)),
});
