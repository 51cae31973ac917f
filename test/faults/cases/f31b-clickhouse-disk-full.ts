// What ClickHouse can't store is nothing that is wrong with the events: they wait, and none of them is quarantined.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';
import { waitUntil } from '../harness/processes.ts';
import { projections } from '../harness/stack.ts';
import { readinessOf } from '../harness/warnings.ts';

const FULL_MS = { small: 10_000, full: 60_000 };

export default defineFault({
  id: 'F31b',
  title: 'ClickHouse’s disk is full for a minute: the ingress does not notice, the projections wait and say so, and go on when there is room',
  on: 'small disks',
  times: { small: 1, full: 2 },
  perSecond: 60,
  inject: async ({ stack, size, fail, requests }) => {
    const { clickhouse } = stack.disks;
    await clickhouse.fill();
    const begun = performance.now();
    await Promise.all(projections.map((name) => waitUntil(async () => (await readinessOf(stack.get(name))).status === 503, `${name} to say that it waits`, 20_000)))
      .catch((error: unknown) => fail('I9', String(error)));
    await sleep(FULL_MS[size]);
    const refused = requests().filter(({ sentAt, outcome }) => sentAt >= begun && outcome !== 'ok');
    if (refused.length > 0) fail('I9', 'the ingress noticed', refused.map(({ event }) => event.eventId));
    await clickhouse.free();
  },
  finish: async ({ stack, fail, integrationId }) => {
    const quarantined = await stack.clickhouse.query<{ event_id: string }>('SELECT event_id FROM log.quarantine WHERE integration_id = {i:String}', { i: integrationId });
    if (quarantined.length > 0) fail('I6', 'quarantined for a full disk', quarantined.map(({ event_id }) => event_id));
  },
});
