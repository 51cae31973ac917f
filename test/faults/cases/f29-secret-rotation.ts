// Added, both valid, the old one removed, while events come in that are signed with the one that is current at the sender.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';
import { integrationNamed } from '../harness/stack.ts';
import { signed, ticketStory } from '../harness/story.ts';

/** The ingress looks at its file every second. */
const TAKEN_OVER_MS = 2_000;
const ROTATING = 'f29-rotating';

export default defineFault({
  id: 'F29',
  title: 'a secret is rotated under load: added, both valid, the old one removed; no valid event is refused, and none with the old one taken afterwards',
  times: { small: 1, full: 10 },
  integrations: [integrationNamed(ROTATING)],
  recovers: false,
  inject: async ({ stack, seed, send, watch, fail }, turn) => {
    watch(ROTATING);
    const secretAt = (number: number): string => (number === 0 ? `${ROTATING}-secret` : `${ROTATING}-${number}`);
    const set = async (secrets: readonly string[]): Promise<void> => {
      await stack.setIntegrations(stack.integrations.map((entry) => (entry.integration_id === ROTATING ? { ...entry, secrets } : entry)));
      await sleep(TAKEN_OVER_MS);
    };
    const state = { secret: secretAt(turn), stopped: false };
    const sending = (async () => {
      for (let number = 0; !state.stopped; number++) {
        const [event] = ticketStory({ integrationId: ROTATING, seed: `${seed}/${turn}/${number}`, events: 1 });
        if (event === undefined) return;
        const { payload } = JSON.parse(event.body) as { payload: Record<string, unknown> };
        const { status } = await send(signed({ ...event, at: Date.parse(event.timestamp), payload }, state.secret));
        if (status !== 200) fail('I9', `a valid event was answered ${status} during a rotation`, [event.eventId]);
        await sleep(20);
      }
    })();
    await set([secretAt(turn + 1), secretAt(turn)]);
    state.secret = secretAt(turn + 1);
    await sleep(200);
    await set([secretAt(turn + 1)]);
    state.stopped = true;
    await sending;
    const [late] = ticketStory({ integrationId: ROTATING, seed: `${seed}/${turn}/late`, events: 1 });
    if (late === undefined) return;
    const { payload } = JSON.parse(late.body) as { payload: Record<string, unknown> };
    const { status } = await send({ ...signed({ ...late, at: Date.parse(late.timestamp), payload }, secretAt(turn)), isForged: true });
    if (status !== 401) fail('I8', `an event with the secret that was removed was answered ${status}`, [late.eventId]);
  },
});
