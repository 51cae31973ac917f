// kafkajs can resolve a send of several partitions although the answer for one is missing, when its leader moves meanwhile
// (its pull request 1798).
import { defineFault } from '../harness/fault.ts';
import { moveLeaders } from '../harness/leaders.ts';

export default defineFault({
  id: 'F3',
  title: 'all partitions get another leader in the middle of a burst to all of them',
  on: 'three brokers',
  times: { small: 1, full: 20 },
  perSecond: 150,
  inject: async ({ stack }) => {
    await moveLeaders(stack.kafka);
  },
});
