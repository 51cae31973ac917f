import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';
import { integrationNamed } from '../harness/stack.ts';
import { ticketStory } from '../harness/story.ts';

const [NOISY, QUOTA, TIMES, SECONDS] = ['f30-noisy', 10, 50, 2];

const p99 = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;

export default defineFault({
  id: 'F30',
  title: 'one tenant sends fifty times what it may: it gets 429 with Retry-After, and the others are served',
  times: { small: 1, full: 10 },
  integrations: [{ ...integrationNamed(NOISY), max_events_per_second: QUOTA }],
  recovers: false,
  inject: async ({ stack, seed, random, send, watch, requests, integrationId, fail, note }, turn) => {
    watch(NOISY);
    await sleep(1_000);
    const began = performance.now();
    const noise = Array.from({ length: QUOTA * TIMES * SECONDS }, async (_, number) => {
      const [event] = ticketStory({ integrationId: NOISY, seed: `${seed}/${turn}/${number}`, events: 1 });
      await sleep((number * 1_000) / (QUOTA * TIMES) + random.next());
      return event === undefined ? null : send(event, { url: stack.get('ingress').url });
    });
    const answers = (await Promise.all(noise)).flatMap((answer) => (answer === null ? [] : [answer]));
    const odd = answers.filter(({ status }) => status !== 200 && status !== 429);
    if (odd.length > 0) fail('I9', `the noisy tenant was answered ${[...new Set(odd.map(({ status }) => status))].join(', ')}`, odd.map(({ event }) => event.eventId));
    const limited = answers.filter(({ status }) => status === 429).length;
    if (limited < answers.length / 2) fail('I9', `only ${limited} of ${answers.length} events above the quota were refused`);
    const others = requests().filter(({ event }) => event.integrationId === integrationId);
    const [before, during] = [others.filter(({ sentAt }) => sentAt < began), others.filter(({ sentAt }) => sentAt >= began)];
    const refused = during.filter(({ outcome }) => outcome !== 'ok');
    if (refused.length > 0) fail('I9', 'events of another tenant that were not taken', refused.map(({ event }) => event.eventId));
    const ms = (list: typeof others): string => p99(list.map(({ sentAt, answeredAt }) => answeredAt - sentAt)).toFixed(0);
    note(`p99 of the others: ${ms(before)} ms before, ${ms(during)} ms while ${answers.length} came in ${SECONDS} s, of which ${limited} were refused`);
  },
});
