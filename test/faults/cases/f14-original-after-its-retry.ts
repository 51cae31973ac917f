import { waitUntil } from '../harness/processes.ts';
import { defineFault } from '../harness/fault.ts';

export default defineFault({
  id: 'F14',
  title: 'an insert whose connection broke is still on its way when its retry is done, and arrives after it',
  times: { small: 0, full: 15 },
  inject: async ({ stack: { clickhouseProxy: proxy, proxies: { clickhouse } } }) => {
    clickhouse.target = proxy.port;
    clickhouse.cut();
    const before = proxy.met;
    proxy.next('reset, written after its own retry', 6);
    await waitUntil(() => Promise.resolve(proxy.met >= before + 4), 'inserts that arrive late', 20_000);
    proxy.heal();
  },
});
