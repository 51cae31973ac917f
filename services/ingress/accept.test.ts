// What the door does before an event is authentic: nothing of it reaches the log, or has to. And what a body leaves besides the event.
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { loadContracts } from '../../schemas/contract.ts';
import type { NewRecord } from '../runtime/event-log.ts';
import { createLogger } from '../runtime/logger.ts';
import { newKey } from '../runtime/personal/sealed.ts';
import { createAccept, type Delivery } from './accept.ts';
import { DedupeWindow } from './dedupe.ts';
import { createPrepare } from './event/prepare.ts';
import { createSealer } from './event/seal.ts';

const unreachable = (): never => expect.fail('of nobody, so it goes no further');

const dependencies: Parameters<typeof createAccept>[0] = {
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
};
const accept = createAccept(dependencies);

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

const prepare = createPrepare(await loadContracts());
const sha256 = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

/** A door of one integration; its quarantine is that of the door before it, as read at a start. */
function doorOf(isSealed: boolean, before: readonly NewRecord<Buffer | null>[] = []) {
  const appended: NewRecord<Buffer | null>[] = [];
  const integration = { integration_id: 'acme', environment: 'production', secrets: ['the secret'], encrypt_personal_data: isSealed };
  const window = new DedupeWindow(10);
  for (const record of before) window.rebuildFrom({ ...record, topic: '', partition: 0, offset: 0, timestampMs: 0 }, 'production', 'quarantined');
  const key = newKey();
  const enter = createAccept({
    ...dependencies, prepare, window,
    integrations: { find: () => [integration], environments: () => ['production'], close: () => undefined },
    encode: () => Buffer.alloc(1),
    sealer: createSealer({ keyFor: () => key }),
    producer: { append: (_topic, record) => Promise.resolve({ partition: appended.push(record) }), waiting: () => 0, close: unreachable },
    onQuarantined: () => undefined,
  });
  return { appended, enter: (body: Buffer) => enter({ ...unsigned(0), body }) };
}

function bodyOf(payload: object): Buffer {
  const [event_id, event_type, timestamp] = [randomUUID(), 'message.received', '2026-03-02T09:00:00.000Z'];
  const signature = createHmac('sha256', 'the secret').update(event_id + event_type + timestamp).digest('hex');
  return Buffer.from(JSON.stringify({ event_id, event_type, timestamp, signature, version: '1.2', source: { platform: 'crm', integration_id: 'acme' }, payload }));
}

const said = { ticket_id: 'T', message_id: '1', sender: { type: 'customer', telegram_user_id: 7 }, content: { text: 'yes', content_type: 'text' }, is_private: false, sent_at: '2026-03-02T09:00:00.000Z' };

test('of what is sealed nothing is kept that a guess at its text could be held against', async () => {
  const [event, unusable] = [bodyOf(said), bodyOf({ ...said, content: 'yes' })];
  const [open, sealing] = [doorOf(false), doorOf(true)];
  for (const door of [open, sealing]) expect([await door.enter(event), await door.enter(unusable)]).toMatchObject([{ status: 'accepted' }, { status: 'quarantined' }]);
  expect(open.appended.map(({ headers }) => headers['body_sha256'])).toStrictEqual([sha256(event), sha256(unusable)]);
  for (const { headers } of sealing.appended) for (const hash of [sha256(event), sha256(unusable)]) expect(Object.values(headers)).not.toContain(hash);
});

test.each([false, true])('what is in quarantine is known when it comes again, after a start too; sealed: %s', async (isSealed) => {
  const unusable = bodyOf({ ...said, content: 'yes' });
  const first = doorOf(isSealed);
  await first.enter(unusable);
  const again = doorOf(isSealed, first.appended);
  expect([await first.enter(unusable), await again.enter(unusable)]).toMatchObject([{ status: 'quarantined' }, { status: 'quarantined' }]);
  expect([first.appended.length, again.appended.length]).toStrictEqual([1, 0]);
});
