// What has to hold while Kafka takes nothing: the door says so by itself, answers 503 in time, and nobody gets a false 200.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from './fault.ts';
import { waitUntil, type Service } from './processes.ts';
import { readinessOf } from './warnings.ts';

/** A load balancer asks every few seconds. */
const TOLD_WITHIN_MS = 10_000;
/** The producer gives up after 3 s. */
const ANSWERED_WITHIN_MS = 5_000;

const ASK_EVERY_MS = 250;

/** How long the slowest answer takes that needs nothing but the process: that much is the machine's, not Kafka's. */
async function slowestOfAll({ url }: Service, until: number): Promise<number> {
  let slowest = 0;
  while (performance.now() < until) {
    const began = performance.now();
    await (await fetch(`${url}/health/live`)).arrayBuffer();
    slowest = Math.max(slowest, performance.now() - began);
    await sleep(ASK_EVERY_MS);
  }
  return slowest;
}

/** For so long, from now; `why` is what the ingress has to say of it. */
export async function takesNothing({ stack, fail, note, requests }: Scene, why: RegExp, forMs: number): Promise<void> {
  const until = performance.now() + forMs;
  const ingress = stack.get('ingress');
  await waitUntil(async () => {
    const { status, reason } = await readinessOf(ingress);
    return status === 503 && why.test(reason);
  }, `the ingress to say ${String(why)}`, TOLD_WITHIN_MS).catch((error: unknown) => fail('I9', String(error)));
  const begun = performance.now();
  const busyMs = await slowestOfAll(ingress, Math.max(begun + 1_000, until));
  if (busyMs > 1_000) note(`a busy machine: up to ${(busyMs / 1_000).toFixed(1)} s for an answer that needs nothing`);
  const meanwhile = requests().filter(({ sentAt }) => sentAt >= begun);
  const taken = meanwhile.filter(({ outcome, said }) => outcome === 'ok' && said === 'accepted');
  if (taken.length > 0) fail('I1', 'accepted while Kafka took nothing', taken.map(({ event }) => event.eventId));
  const others = meanwhile.filter(({ outcome, status }) => outcome !== 'ok' && status !== 503);
  if (others.length > 0) fail('I9', `not answered 503 but ${[...new Set(others.map(({ status }) => status))].join(', ')}`, others.map(({ event }) => event.eventId));
  const slow = meanwhile.filter(({ sentAt, answeredAt }) => answeredAt - sentAt > ANSWERED_WITHIN_MS + busyMs);
  if (slow.length > 0) fail('I9', `answered after more than ${ANSWERED_WITHIN_MS / 1_000} s`, slow.map(({ event }) => event.eventId));
}
