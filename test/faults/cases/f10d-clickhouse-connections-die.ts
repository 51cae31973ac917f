import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';

export default defineFault({
  id: 'F10d',
  title: 'connections to ClickHouse die without a word, amid what is on its way, and new ones work',
  times: { small: 0, full: 6 },
  inject: async ({ stack: { proxies: { clickhouse } }, random }) => {
    clickhouse.set('drop answers');
    await sleep(random.int(300, 2_000));
    clickhouse.abandon();
  },
});
