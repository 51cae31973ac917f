// What the door does before an event is authentic: nothing of it reaches the log, or has to.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLogger } from '../runtime/logger.ts';
import { createAccept, type Delivery } from './accept.ts';
import { DedupeWindow } from './dedupe.ts';
import { createSealer } from './event/seal.ts';

const unreachable = (): never => expect.fail('of nobody, so it goes no further');

const accept = createAccept({
  integrations: { find: () => [], environments: () => [], close: () => undefined },
  prepare: unreachable,
  encode: unreachable,
  sealer: createSealer({ keyFor: unreachable }),
  producer: { append: unreachable, waiting: () => 0, close: unreachable },
  window: new DedupeWindow(10),
  logger: createLogger('ingress', 'fatal'),
  onSignature: () => undefined,
  onQuarantined: unreachable,
  onUnlistedVersion: unreachable,
});

const unsigned = (bytes: number): Delivery => ({
  body: Buffer.from(JSON.stringify({ event_id: 'e', event_type: 't', timestamp: 'now', source: { integration_id: 'nobody' }, signature: 's', text: 'x'.repeat(bytes) })),
  headers: {},
  pathIntegrationId: undefined,
  receivedAt: new Date(),
  traceparent: '',
});

test('of big bodies one is read in a turn of the event loop, and small ones need not wait for them', async () => {
  const turns: number[] = [];
  let turn = 0;
  const big = Promise.all(Array.from({ length: 20 }, async () => {
    await accept(unsigned(100_000));
    turns.push(turn);
  }));
  await accept(unsigned(1_000));
  expect(turns).toStrictEqual([]);
  for (; turns.length < 20; turn++) await nextTurn();
  await big;
  expect(new Set(turns).size, turns.join()).toBe(20);
});

test('so many big bodies wait and no more: the next are to come again', async () => {
  const answers = await Promise.allSettled(Array.from({ length: 140 }, () => accept(unsigned(100_000))));
  const overloaded = answers.filter((answer) => answer.status === 'rejected' && (answer.reason as { code?: string }).code === 'LOG_OVERLOADED');
  expect([overloaded.length, answers.filter(({ status }) => status === 'fulfilled').length]).toStrictEqual([11, 129]);
});
