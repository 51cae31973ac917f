// Services start, work and say what is amiss while nobody answers at the registry, or what answers is no registry.
import { defineFault } from '../harness/fault.ts';
import { projections } from '../harness/stack.ts';
import { everyServiceWarns } from '../harness/warnings.ts';

export default defineFault({
  id: 'F7',
  title: 'the registry does not answer, or hangs, while every service is started again',
  times: { small: 1, full: 4 },
  inject: async ({ stack }, turn) => {
    stack.proxies.registry.set(turn % 2 === 0 ? 'refuse' : 'freeze');
    for (const name of ['ingress', ...projections]) await stack.get(name).stop();
    await Promise.all(['ingress', ...projections].map((name) => stack.get(name).start()));
    await everyServiceWarns(stack, /does not answer/);
    stack.proxies.registry.heal();
  },
  finish: ({ stack }) => everyServiceWarns(stack, null),
});
