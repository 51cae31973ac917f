import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';

export default defineFault({
  id: 'F10',
  title: 'ClickHouse is killed (kill -9) in the middle of inserts',
  times: { small: 1, full: 20 },
  perSecond: 60,
  inject: async ({ stack, fail, requests }) => {
    const before = requests().length;
    stack.parts.kill('clickhouse', 'SIGKILL');
    await sleep(400);
    const refused = requests().slice(before).filter(({ outcome }) => outcome !== 'ok');
    if (refused.length > 0) fail('I9', 'the ingress noticed that ClickHouse was away', refused.map(({ event }) => event.eventId));
  },
});
