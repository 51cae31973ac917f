// What becomes of a service when its consumer ends, against consumers that end as kafkajs's do. Against Kafka itself: test/faults.
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Consumer } from 'kafkajs';
import { afterEach, expect, test, vi } from 'vitest';
import { createLogger } from '../logger.ts';
import { Membership } from './membership.ts';

const { events } = new kafkajs.Kafka({ brokers: ['127.0.0.1:9'], logLevel: kafkajs.logLevel.NOTHING }).consumer({ groupId: 'none' });

class FakeConsumer extends EventEmitter {
  readonly events = events;
  disconnects = 0;
  /** kafkajs waits for answers that a frozen broker never gives. */
  hangs = false;

  disconnect(): Promise<void> {
    this.disconnects += 1;
    return this.hangs ? new Promise(() => undefined) : Promise.resolve();
  }

  crash(error: unknown): void {
    this.emit(events.CRASH, { payload: { error, groupId: 'g', restart: false } });
  }
}

const running: Membership[] = [];
afterEach(async () => {
  for (const membership of running.splice(0)) await membership.stop();
});

interface Rig {
  readonly membership: Membership;
  readonly made: FakeConsumer[];
  readonly joins: () => number;
  busy: boolean;
}

/** What `begin` makes of each consumer, by its number; it joins unless something else is said. */
function rig(begin: (consumer: FakeConsumer, which: number) => void = (consumer) => consumer.emit(events.GROUP_JOIN), silentAfterMs = 60_000): Rig {
  const made: FakeConsumer[] = [];
  let joins = 0;
  const membership = new Membership({
    groupId: 'g',
    logger: createLogger('test', 'fatal'),
    create: () => {
      const consumer = new FakeConsumer();
      made.push(consumer);
      return consumer as unknown as Consumer;
    },
    begin: async () => {
      await sleep(0);
      const last = made.at(-1);
      if (last !== undefined) begin(last, made.length);
    },
    onJoined: () => (joins += 1),
    isBusy: () => of.busy,
    pauses: { firstMs: 1, longestMs: 4, silentAfterMs, joinsWithinMs: 3 * silentAfterMs, lookEveryMs: 5 },
  });
  running.push(membership);
  const of: Rig = { membership, made, joins: () => joins, busy: false };
  return of;
}

const error = (name: string, more: Readonly<Record<string, unknown>> = {}): Error => Object.assign(new Error(name), { name, retriable: false, ...more });

test.for([
  error('KafkaJSGroupCoordinatorNotFound'),
  error('KafkaJSNonRetriableError', { cause: error('KafkaJSProtocolError', { type: 'UNKNOWN_MEMBER_ID' }) }),
  error('KafkaJSNumberOfRetriesExceeded'),
  error('KafkaJSConnectionClosedError'),
  error('KafkaJSProtocolError', { type: 'GROUP_AUTHORIZATION_FAILED' }),
  new TypeError("Cannot read properties of undefined (reading 'connectionPool')"),
])('a consumer that ended by $name is followed by another one, and it is told why nobody reads meanwhile', async (cause) => {
  const { membership, made, joins } = rig();
  await membership.start();
  expect(membership.failure()).toBeNull();
  made[0]?.crash(cause);
  expect(membership.failure()).toBe(`the consumer lost its group: ${cause.message}`);
  expect(made[0]?.disconnects).toBe(1);
  await vi.waitUntil(() => membership.failure() === null);
  expect([made.length, joins()]).toStrictEqual([2, 2]);
});

test('joining is tried for as long as it takes, also when the very first attempt fails', async () => {
  const { membership, made } = rig((consumer, which) => {
    if (which < 4) throw new Error('nobody there');
    if (which < 6) consumer.crash(error('KafkaJSGroupCoordinatorNotFound'));
    else consumer.emit(events.GROUP_JOIN);
  });
  await membership.start();
  expect(membership.failure()).toBe('the consumer lost its group: nobody there');
  await vi.waitUntil(() => membership.failure() === null);
  expect(made.length).toBe(6);
});

test('what one that was left still says changes nothing', async () => {
  const { membership, made, joins } = rig();
  await membership.start();
  made[0]?.crash(new Error('first'));
  await vi.waitUntil(() => made.length === 2 && membership.failure() === null);
  made[0]?.crash(new Error('again'));
  made[0]?.emit(events.GROUP_JOIN);
  expect(membership.failure()).toBeNull();
  expect([made.length, joins()]).toStrictEqual([2, 2]);
});

test('one that neither fetches nor fails is left, though its end never comes; one that fetches or is busy is not', async () => {
  let fetching: NodeJS.Timeout | undefined;
  const of = rig((consumer, which) => {
    consumer.hangs = which === 1;
    consumer.emit(events.GROUP_JOIN);
    if (which === 2) fetching = setInterval(() => consumer.emit(events.FETCH), 5);
  }, 40);
  of.busy = true;
  await of.membership.start();
  await sleep(100);
  expect(of.made.length).toBe(1);
  of.busy = false;
  await vi.waitUntil(() => of.made.length === 2);
  await sleep(100);
  clearInterval(fetching);
  expect(of.made.length).toBe(2);
});

test('to join may take longer than to fetch, since members that were killed are waited for', async () => {
  const of = rig((consumer, which) => which === 2 && consumer.emit(events.GROUP_JOIN), 60);
  await of.membership.start();
  await sleep(100);
  expect(of.made.length).toBe(1);
  await vi.waitUntil(() => of.made.length === 2);
});

test('during a rebalance it is no member, and afterwards it is', async () => {
  const { membership, made, joins } = rig();
  await membership.start();
  made[0]?.emit(events.REBALANCING);
  expect(membership.failure()).toBe('the consumer group rebalances');
  made[0]?.emit(events.GROUP_JOIN);
  expect(membership.failure()).toBeNull();
  expect([made.length, joins()]).toStrictEqual([1, 2]);
});

test('once it is stopped nothing joins any more', async () => {
  const { membership, made } = rig();
  await membership.start();
  made[0]?.crash(new Error('outage'));
  await membership.stop();
  await sleep(20);
  expect(made.length).toBe(1);
  const late = rig(() => undefined);
  const starting = late.membership.start();
  await late.membership.stop();
  await starting;
  expect(late.made[0]?.disconnects, 'told to stop while it began, and again when it had begun').toBe(2);
});
