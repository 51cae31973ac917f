import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';

/** Of all injections together. */
const AWAY_MS = { small: 5_000, full: 600_000 };

export default defineFault({
  id: 'F10b',
  title: 'ClickHouse is away, for ten minutes in all, while events come in: the ingress does not notice, and all of it drains afterwards',
  times: { small: 0, full: 1 },
  perSecond: 60,
  inject: async ({ stack, size, times, requests, fail, note }) => {
    const awayMs = AWAY_MS[size] / times;
    const before = requests().length;
    await stack.parts.stopPart('clickhouse');
    await sleep(awayMs);
    const refused = requests().slice(before).filter(({ outcome }) => outcome !== 'ok');
    if (refused.length > 0) fail('I9', 'the ingress noticed that ClickHouse was away', refused.map(({ event }) => event.eventId));
    await stack.parts.start('clickhouse');
    note(`away for ${awayMs / 1_000} s`);
  },
});
