import { defineFault } from '../harness/fault.ts';
import { ticketStory } from '../harness/story.ts';

export default defineFault({
  id: 'F18',
  title: 'the same event id comes again with another body: the first counts, and the conflict is told',
  times: { small: 1, full: 20 },
  perSecond: 10,
  recovers: false,
  prepare: ({ stack }) => stack.add('ingress-other', { main: 'ingress' }).start(),
  inject: async ({ stack, integrationId, seed, sendUntilAccepted, settled, fail }, turn) => {
    const events = ticketStory({ integrationId, seed: `${seed}/${turn}`, events: 6 });
    for (const event of events) await sendUntilAccepted(event);
    const other = stack.get('ingress-other').url;
    const bodies = events.map((event) => ({ ...event, body: event.body.replace(/"(text|new_status)":"[^"]*"/, '"$1":"another"').replace(/"agent_id":"[^"]*"/, '"agent_id":"somebody"') }));
    for (const event of bodies) await sendUntilAccepted(event, other);
    await settled();
    const rows = await stack.clickhouse.query<{ event_id: string }>('SELECT event_id FROM log.event_id_conflicts WHERE integration_id = {i:String}', { i: integrationId });
    const told = new Set(rows.map(({ event_id }) => event_id));
    const untold = events.filter(({ eventId }, number) => bodies[number]?.body !== events[number]?.body && !told.has(eventId));
    if (untold.length > 0) fail('I5', 'second bodies that log.event_id_conflicts does not tell', untold.map(({ eventId }) => eventId));
  },
  finish: ({ stack }) => stack.remove('ingress-other'),
});
