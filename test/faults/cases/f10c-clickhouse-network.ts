import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';
import type { Mode } from '../harness/proxy.ts';

const modes: readonly Exclude<Mode, 'pass'>[] = ['drop answers', 'refuse', 'freeze'];

export default defineFault({
  id: 'F10c',
  title: 'the network to ClickHouse loses answers, refuses, is half-open, cuts, is slow',
  times: { small: 0, full: 20 },
  inject: async ({ stack: { proxies: { clickhouse } }, random }, turn) => {
    const mode = modes[turn % (modes.length + 1)];
    if (mode === undefined) clickhouse.shape({ delayMs: 20, sliceBytes: 512 });
    else clickhouse.set(mode);
    await sleep(random.int(500, 3_000));
    clickhouse.heal();
    clickhouse.cut();
  },
});
