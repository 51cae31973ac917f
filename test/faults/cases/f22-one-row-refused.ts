// A batch of which ClickHouse refuses one row: that one goes to the quarantine, for the one service that can't use it, and comes in
// by a replay when the table takes it.
import { defineFault } from '../harness/fault.ts';
import { waitUntil } from '../harness/processes.ts';
import { ticketStory } from '../harness/story.ts';

export default defineFault({
  id: 'F22',
  title: 'ClickHouse refuses one row of a batch: only that one is quarantined, and a replay brings it in',
  times: { small: 0, full: 6 },
  inject: async ({ stack, integrationId, seed, sendUntilAccepted, fail }, turn) => {
    const [event] = ticketStory({ integrationId, seed: `${seed}/${turn}`, events: 1 });
    if (event === undefined) return;
    const { clickhouse } = stack;
    await clickhouse.command(`ALTER TABLE log.event_store ADD CONSTRAINT not_${turn} CHECK event_id != '${event.eventId}'`);
    try {
      await sendUntilAccepted(event);
      await waitUntil(async () => (await clickhouse.query<object>("SELECT 1 FROM log.quarantine WHERE event_id = {e:String} AND refused_by = 'event-archive'", { e: event.eventId })).length === 1, 'the one row in quarantine', 30_000);
    } finally {
      await clickhouse.command(`ALTER TABLE log.event_store DROP CONSTRAINT IF EXISTS not_${turn}`);
    }
    const { code, output } = await stack.run('infra/quarantine/quarantine.ts', 'replay', '--event-id', event.eventId);
    if (code !== 0) fail('I6', `replay ended with ${code}: ${output}`, [event.eventId]);
  },
});
