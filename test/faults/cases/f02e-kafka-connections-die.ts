import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';

export default defineFault({
  id: 'F2e',
  title: 'connections to Kafka die without a word, amid what is on its way, and new ones work',
  times: { small: 0, full: 6 },
  inject: async ({ stack: { proxies: { kafka } }, random }) => {
    kafka.set('drop answers');
    await sleep(random.int(300, 2_000));
    kafka.abandon();
  },
});
