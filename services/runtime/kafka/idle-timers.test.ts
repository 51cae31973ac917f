// kafkajs as it comes re-arms a timer for ever; with our change one is armed only while a request waits.
import { createRequire } from 'node:module';
import { beforeEach, expect, test, vi } from 'vitest';
import { calmIdleTimers } from './idle-timers.ts';

interface Queue {
  pending: unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  canSendSocketRequestImmediately(): boolean;
  sendSocketRequest(request: unknown): void;
}
type QueueClass = new (options: object) => Queue;
const require = createRequire(import.meta.url);
const file = require.resolve('kafkajs/src/network/requestQueue');

/** A copy of kafkajs's own, whatever was done to the one that is in use. */
function asItComes(): QueueClass {
  const inUse = require.cache[file];
  Reflect.deleteProperty(require.cache, file);
  const fresh = require(file) as QueueClass;
  if (inUse !== undefined) require.cache[file] = inUse;
  return fresh;
}

const newQueue = (Class = require(file) as QueueClass): Queue => new Class({ maxInFlightRequests: 1, requestTimeout: 1_000, enforceRequestTimeout: false, clientId: 'test', broker: 'b', logger: { debug: () => undefined } });
/** Times that the queue looked for what waits, within a second. */
function looks(queue: Queue): number {
  const check = vi.spyOn(queue, 'checkPendingRequests');
  queue.checkPendingRequests();
  vi.advanceTimersByTime(1_000);
  return check.mock.calls.length - 1;
}

beforeEach(() => {
  vi.useFakeTimers();
  calmIdleTimers();
  return () => {
    vi.useRealTimers();
  };
});

test('kafkajs as it comes looks about every millisecond although nothing waits', () => {
  expect(looks(newQueue(asItComes()))).toBeGreaterThan(500);
});

test('with our change a queue with nothing that waits arms no timer', () => {
  const queue = newQueue();
  expect(looks(queue)).toBe(0);
  expect([queue.throttleCheckTimeoutId, vi.getTimerCount()]).toStrictEqual([null, 0]);
});

test('a request that waits is looked after until it is sent, and after a throttle at its end', () => {
  const queue = newQueue();
  const sent: unknown[] = [];
  let free = false;
  queue.canSendSocketRequestImmediately = () => free && queue.throttledUntil <= Date.now();
  queue.sendSocketRequest = (request) => sent.push(request);
  queue.pending.push({ correlationId: 1 });
  queue.checkPendingRequests();
  vi.advanceTimersByTime(50);
  expect(sent.length).toBe(0);
  free = true;
  queue.throttledUntil = Date.now() + 300;
  vi.advanceTimersByTime(290);
  expect(sent.length).toBe(0);
  vi.advanceTimersByTime(30);
  expect(sent.length).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

interface LateQueue {
  readonly inflight: Map<number, { sentAt: number; requestTimeout: number; timeoutRequest: () => void }>;
  scheduleRequestTimeoutCheck(): void;
}

test('a request that is not answered in time ends as it does with kafkajs as it comes, with a tenth of the looks', () => {
  for (const [Class, looksPerSecond] of [[asItComes(), 10], [require(file) as QueueClass, 1]] as const) {
    let looked = 0;
    const isConnected = (): boolean => (looked++, true);
    const queue = new Class({ maxInFlightRequests: 1, requestTimeout: 5_000, enforceRequestTimeout: true, clientId: 'test', broker: 'b', logger: { debug: () => undefined }, isConnected }) as unknown as LateQueue;
    const ended: number[] = [];
    for (const [id, requestTimeout] of [[1, 5_000], [2, 30_000]] as const) queue.inflight.set(id, { sentAt: Date.now(), requestTimeout, timeoutRequest: () => (ended.push(id), queue.inflight.delete(id)) });
    queue.scheduleRequestTimeoutCheck();
    vi.advanceTimersByTime(4_900);
    expect(ended).toStrictEqual([]);
    vi.advanceTimersByTime(5_100);
    expect(ended).toStrictEqual([1]);
    expect(looked).toBe(10 * looksPerSecond);
    vi.clearAllTimers();
  }
});
