// What has to hold while Kafka takes nothing: the door says so by itself, answers 503 in time, and nobody gets a false 200.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from './fault.ts';
import { waitUntil } from './processes.ts';
import { readinessOf } from './warnings.ts';

/** A load balancer asks every few seconds. */
const TOLD_WITHIN_MS = 10_000;
/** The producer gives up after 3 s. */
const ANSWERED_WITHIN_MS = 5_000;

/** For so long, from now; `why` is what the ingress has to say of it. */
export async function takesNothing({ stack, fail, requests }: Scene, why: RegExp, forMs: number): Promise<void> {
  const until = performance.now() + forMs;
  const ingress = stack.get('ingress');
  await waitUntil(async () => {
    const { status, reason } = await readinessOf(ingress);
    return status === 503 && why.test(reason);
  }, `the ingress to say ${String(why)}`, TOLD_WITHIN_MS).catch((error: unknown) => fail('I9', String(error)));
  const begun = performance.now();
  await sleep(Math.max(1_000, until - begun));
  const meanwhile = requests().filter(({ sentAt }) => sentAt >= begun);
  const taken = meanwhile.filter(({ outcome, said }) => outcome === 'ok' && said === 'accepted');
  if (taken.length > 0) fail('I1', 'accepted while Kafka took nothing', taken.map(({ event }) => event.eventId));
  const others = meanwhile.filter(({ outcome, status }) => outcome !== 'ok' && status !== 503);
  if (others.length > 0) fail('I9', `not answered 503 but ${[...new Set(others.map(({ status }) => status))].join(', ')}`, others.map(({ event }) => event.eventId));
  const slow = meanwhile.filter(({ sentAt, answeredAt }) => answeredAt - sentAt > ANSWERED_WITHIN_MS);
  if (slow.length > 0) fail('I9', `answered after more than ${ANSWERED_WITHIN_MS / 1_000} s`, slow.map(({ event }) => event.eventId));
}
