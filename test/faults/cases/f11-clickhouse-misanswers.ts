// An insert that was written and is answered as if not, and the other way round.
import { waitUntil } from '../harness/processes.ts';
import { defineFault } from '../harness/fault.ts';
import { insertFaults, type InsertFault } from '../harness/clickhouse-proxy.ts';

const kinds = Object.keys(insertFaults) as InsertFault[];

export default defineFault({
  id: 'F11',
  title: 'ClickHouse misanswers inserts: an exception in the header of a 200, a reset after the body, 500 after the commit, read only; the original arrives after its retry',
  times: { small: 1, full: 45 },
  inject: async ({ stack, size, random }, turn) => {
    const { clickhouseProxy: proxy, proxies: { clickhouse } } = stack;
    clickhouse.target = proxy.port;
    clickhouse.cut();
    // In the short run all kinds in one go.
    const chosen = size === 'small' ? kinds : [kinds[turn % kinds.length] ?? random.pick(kinds)];
    for (const kind of chosen) {
      const before = proxy.met;
      proxy.next(kind, 4);
      await waitUntil(() => Promise.resolve(proxy.met >= before + 2), `inserts that meet: ${kind}`, 20_000);
      proxy.heal();
    }
  },
});
