import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';

/** Of all injections together. */
const AWAY_MS = { small: 5_000, full: 180_000 };

export default defineFault({
  id: 'F10b',
  title: 'ClickHouse is away, for three minutes in all, while events come in',
  times: { small: 0, full: 1 },
  perSecond: 60,
  inject: async ({ stack, size, times, note }) => {
    const awayMs = AWAY_MS[size] / times;
    await stack.parts.stopPart('clickhouse');
    await sleep(awayMs);
    await stack.parts.start('clickhouse');
    note(`away for ${awayMs / 1_000} s`);
  },
});
