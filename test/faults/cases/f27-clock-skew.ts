// The ingress's clock is wrong. What is signed over its own time (Standard Webhooks) is taken up to 300 s of difference and not
// beyond, by the clock that the ingress has; everything else does not depend on it.
import { createHmac } from 'node:crypto';
import { defineFault } from '../harness/fault.ts';
import type { Sent } from '../harness/history.ts';
import { secretOf, ticketStory } from '../harness/story.ts';

const skews = [600, -600, 299, -299, 301, -301];
/** A request takes a moment, and seconds are whole. */
const CLEAR_OF = [0, -290, 290, -310, 310, 295, -295, 305, -305];

function bodySignature({ integrationId, eventId, body }: Sent, at: number): Record<string, string> {
  const signature = createHmac('sha256', secretOf(integrationId)).update(`${eventId}.${at}.${body}`).digest('base64');
  return { 'webhook-id': eventId, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
}

export default defineFault({
  id: 'F27',
  title: "the ingress's clock is wrong by ten minutes and less: the tolerance of signed times is by its clock, and nothing else changes",
  times: { small: 1, full: 6 },
  perSecond: 10,
  recovers: false,
  inject: async ({ stack, integrationId, seed, send, sendUntilAccepted, fail }, turn) => {
    const skew = skews[turn % skews.length] ?? 0;
    const service = stack.add(`ingress-skewed-${turn}`, { main: 'ingress', preload: ['./test/faults/harness/clock.ts'], env: { CLOCK_SHIFT_SECONDS: String(skew) } });
    await service.start();
    for (const event of ticketStory({ integrationId, seed: `${seed}/${turn}/plain`, events: 4 })) await sendUntilAccepted(event, service.url);
    for (const [number, distance] of CLEAR_OF.entries()) {
      const [event] = ticketStory({ integrationId, seed: `${seed}/${turn}/${number}`, events: 1 });
      if (event === undefined) continue;
      const isInTime = Math.abs(distance) < 300;
      const signedAt = Math.floor(Date.now() / 1_000) + skew + distance;
      const { status } = await send({ ...event, isForged: !isInTime }, { url: service.url, headers: bodySignature(event, signedAt) });
      if ((status === 200) !== isInTime) fail('I8', `signed ${distance} s away from the ingress's clock, which is wrong by ${skew} s: ${status}`, [event.eventId]);
    }
    await stack.remove(service.name);
  },
});
