import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';
import { projections } from '../harness/stack.ts';

export default defineFault({
  id: 'F12',
  title: 'a rebalance storm: every 3 s a second process of each projection comes or goes, some of them by kill -9',
  times: { small: 0, full: 20 },
  recovers: false,
  prepare: ({ stack }) => {
    for (const name of projections) stack.add(`${name}-2`, { main: name });
    return Promise.resolve();
  },
  inject: async ({ stack, random }) => {
    for (const name of projections) {
      const second = stack.get(`${name}-2`);
      if (!second.isRunning) second.begin();
      else if (random.chance(0.5)) await second.stop();
      else await second.remove();
    }
    await sleep(3_000);
  },
  finish: async ({ stack, settled }) => {
    for (const name of projections) await stack.remove(`${name}-2`);
    await settled();
  },
});
