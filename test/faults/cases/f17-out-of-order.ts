import { defineFault } from '../harness/fault.ts';
import { ticketStory } from '../harness/story.ts';

export default defineFault({
  id: 'F17',
  title: 'the first event of a ticket fails and comes last; all orders of arrival',
  times: { small: 1, full: 30 },
  recovers: false,
  inject: async ({ integrationId, seed, random, sendUntilAccepted }, turn) => {
    await Promise.all(Array.from({ length: 6 }, async (_, number) => {
      const [first, ...others] = ticketStory({ integrationId, seed: `${seed}/${turn}/${number}`, events: 9 });
      const mixed = number % 2 === 0 ? others : others.map((event) => ({ event, place: random.next() })).toSorted((a, b) => a.place - b.place).map(({ event }) => event);
      for (const event of [...mixed, ...(first === undefined ? [] : [first])]) await sendUntilAccepted(event);
    }));
  },
});
