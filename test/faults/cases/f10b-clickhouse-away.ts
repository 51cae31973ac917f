import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';

const AWAY_MS = { small: 5_000, full: 180_000 };

export default defineFault({
  id: 'F10b',
  title: 'ClickHouse is away for three minutes while events come in',
  times: { small: 0, full: 1 },
  perSecond: 60,
  inject: async ({ stack, size, note }) => {
    await stack.parts.stopPart('clickhouse');
    await sleep(AWAY_MS[size]);
    await stack.parts.start('clickhouse');
    note(`away for ${AWAY_MS[size] / 1_000} s`);
  },
});
