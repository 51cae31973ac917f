import { defineFault } from '../harness/fault.ts';
import { ticketStory } from '../harness/story.ts';

const AT_ONCE = 20;

export default defineFault({
  id: 'F16b',
  title: 'two ingresses side by side get the same events in the same instant',
  times: { small: 1, full: 30 },
  perSecond: 10,
  recovers: false,
  prepare: ({ stack }) => stack.add('ingress-twin', { main: 'ingress' }).start(),
  inject: async ({ stack, integrationId, seed, send, fail }, turn) => {
    const doors = [stack.get('ingress').url, stack.get('ingress-twin').url];
    const stories = Array.from({ length: AT_ONCE }, (_, number) => ticketStory({ integrationId, seed: `${seed}/${turn}/${number}`, events: 4 }));
    await Promise.all(stories.map(async (events) => {
      for (const event of events) {
        const answers = await Promise.all(doors.map((url) => send(event, { url })));
        if (answers.some(({ outcome }) => outcome !== 'ok')) fail('I1', 'one of two ingresses did not take an event', [event.eventId]);
      }
    }));
  },
  finish: ({ stack }) => stack.remove('ingress-twin'),
});
