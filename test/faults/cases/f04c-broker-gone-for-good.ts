// Two brokers go on alone; what the third one held is brought to an empty disk at last.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';
import { inSync } from '../harness/leaders.ts';

const ALONE_MS = { small: 5_000, full: 60_000 };

export default defineFault({
  id: 'F4c',
  title: 'a broker is killed and its disk is lost: the other two go on, and a new one with its id takes its place',
  on: 'three brokers',
  times: { small: 1, full: 3 },
  perSecond: 60,
  inject: async ({ stack, size }, turn) => {
    const { cluster } = stack;
    const id = cluster.ids[turn % cluster.ids.length] ?? 1;
    await cluster.kill(id);
    await sleep(500);
    await cluster.loseDisk(id);
    await sleep(ALONE_MS[size]);
    await cluster.startBroker(id);
    await inSync(stack.kafka, cluster.ids.length);
  },
});
