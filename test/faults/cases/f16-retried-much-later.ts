// The first delivery was taken by an ingress whose clock was behind, so its received_at is that long ago; now the CRM sends the
// same event again to another one, which does not know it. Both copies lie in the log.
import { defineFault } from '../harness/fault.ts';
import { ticketStory } from '../harness/story.ts';

const DAY = 86_400;

/** The last second of the month before this one, as a number of seconds ago. */
function sinceLastMonth(): number {
  const now = new Date();
  return Math.ceil((now.getTime() - Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)) / 1_000) + 1;
}

export default defineFault({
  id: 'F16',
  title: 'the same event again after 1 s, 2 h, 30 days and across the end of a month',
  times: { small: 2, full: 4 },
  perSecond: 10,
  recovers: false,
  inject: async ({ stack, integrationId, seed, sendUntilAccepted, fail, note }, turn) => {
    const ago = [30 * DAY, sinceLastMonth(), 7_200, 1][turn % 4] ?? 1;
    const past = stack.add(`ingress-past-${turn}`, { main: 'ingress', preload: ['./test/faults/harness/clock.ts'], env: { CLOCK_SHIFT_SECONDS: String(-ago) } });
    await past.start();
    const events = [0, 1, 2, 3].flatMap((number) => ticketStory({ integrationId, seed: `${seed}/${turn}/${number}`, events: 5 }));
    for (const event of events) await sendUntilAccepted(event, past.url);
    await stack.remove(past.name);
    for (const event of events) {
      const { said } = await sendUntilAccepted(event);
      if (said !== 'accepted') fail('I3', `nothing is tried: the second copy was answered ${said}`, [event.eventId]);
    }
    note(`${events.length} events again after ${ago} s`);
  },
});
