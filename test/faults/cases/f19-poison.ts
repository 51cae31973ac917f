import { randomUUID } from 'node:crypto';
import { defineFault } from '../harness/fault.ts';
import { appendRaw, poisonHeaders, poisonOf } from '../harness/raw.ts';
import { ticketStory } from '../harness/story.ts';

export default defineFault({
  id: 'F19',
  title: 'records of every unreadable kind lie in the log between good ones: each is in quarantine once, and nothing stops',
  times: { small: 1, full: 20 },
  inject: async ({ stack, integrationId, seed, sendUntilAccepted, settled, fail }, turn) => {
    const [before, ...after] = ticketStory({ integrationId, seed: `${seed}/${turn}`, events: 3 });
    if (before === undefined) return;
    await sendUntilAccepted(before);
    const marked = (await poisonOf(stack, integrationId)).map((poison) => ({ ...poison, mark: randomUUID() }));
    await appendRaw(stack, marked.map(({ value, mark }) => ({ key: before.ticketId, value, headers: poisonHeaders(integrationId, mark) })));
    for (const event of after) await sendUntilAccepted(event);
    await settled();
    const rows = await stack.clickhouse.query<{ event_id: string; reason: string }>('SELECT event_id, reason FROM log.quarantine WHERE event_id IN {marks:Array(String)}', { marks: marked.map(({ mark }) => mark) });
    const reasons = new Map(rows.map(({ event_id, reason }) => [event_id, reason]));
    for (const { kind, reason, mark } of marked) if (reasons.get(mark) !== reason) fail('I6', `${kind} is in quarantine as ${reasons.get(mark) ?? 'nothing'}, not as ${reason}`, [mark]);
  },
});
