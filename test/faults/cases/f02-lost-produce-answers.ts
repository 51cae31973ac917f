// With an idempotent kafkajs producer and several sends in flight this acknowledges an event that was never written.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';

export default defineFault({
  id: 'F2',
  title: "Kafka's answers are lost while its requests arrive, under a burst of sends",
  times: { small: 1, full: 30 },
  perSecond: 120,
  inject: async ({ stack, random }) => {
    stack.proxies.kafka.set('drop answers');
    await sleep(random.int(300, 1_500));
    stack.proxies.kafka.heal();
  },
});
