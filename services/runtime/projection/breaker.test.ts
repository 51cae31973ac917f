import { expect, test } from 'vitest';
import type { PoisonReason } from '../avro/record-reader.ts';
import { BREAKER_WINDOW, faultOf, PoisonBreaker, type Fault } from './breaker.ts';

const ours: Fault = { tenant: null };
const of = (tenant: string): Fault => ({ tenant });

const records = (...runs: (readonly [count: number, fault: boolean | Fault])[]): (Fault | null)[] =>
  runs.flatMap(([count, fault]) => Array.from({ length: count }, () => (fault === true ? ours : fault === false ? null : fault)));

test('half of a window is bad data and passes', () => {
  const breaker = new PoisonBreaker(true);
  expect(breaker.assess('p/0', records([BREAKER_WINDOW / 2, true], [BREAKER_WINDOW / 2, false]))).toBeNull();
});

test('more than half is a bad deploy: held at the first poison of the window', () => {
  const breaker = new PoisonBreaker(true);
  expect(breaker.assess('p/0', records([100, false], [30, true]))).toBe(100);
});

test('a few records are never enough to judge', () => {
  const breaker = new PoisonBreaker(true);
  expect(breaker.assess('p/0', records([BREAKER_WINDOW - 1, true]))).toBeNull();
});

test('a readable record is never what opens it', () => {
  const breaker = new PoisonBreaker(true);
  breaker.passed('p/0', records([BREAKER_WINDOW - 1, true]));
  expect(breaker.assess('p/0', records([1, false]))).toBeNull();
  expect(breaker.assess('p/0', records([1, false], [1, true]))).toBe(1);
});

test('records that passed count into the window of the next batch', () => {
  const breaker = new PoisonBreaker(true);
  breaker.passed('p/0', records([30, false], [20, true]));
  expect(breaker.assess('p/0', records([5, true]))).toBeNull();
  expect(breaker.assess('p/0', records([6, true]))).toBe(0);
  expect(breaker.assess('p/1', records([6, true])), 'another partition knows nothing of it').toBeNull();
});

test('after a restart the same records hold the partition again, and nothing more leaks', () => {
  const all = records([500, false], [3, true], [40, false], [300, true]);
  const heldAt = new PoisonBreaker(true).assess('p/0', all);
  expect.assert(heldAt !== null);
  const restarted = new PoisonBreaker(true);
  expect(restarted.assess('p/0', all.slice(heldAt))).toBe(0);
});

test('however the records are cut into batches, the first held record is poison and little was let through', () => {
  const all = records([200, false], [200, true]);
  for (const size of [1, 7, 50, 64, 400]) {
    const breaker = new PoisonBreaker(true);
    let through = 0;
    for (let from = 0; from < all.length; from += size) {
      const batch = all.slice(from, from + size);
      const held = breaker.assess('p/0', batch);
      breaker.passed('p/0', batch.slice(0, held ?? batch.length));
      through += batch.slice(0, held ?? batch.length).filter((fault) => fault !== null).length;
      if (held !== null) break;
    }
    expect(through, `batches of ${size} let ${through} through`).toBeLessThanOrEqual(BREAKER_WINDOW / 2);
  }
});

test('off holds nothing', () => {
  expect(new PoisonBreaker(false).assess('p/0', records([1_000, true]))).toBeNull();
});

test('a hold is reported until it is released or forgotten, with a growing wait', () => {
  let now = 0;
  const breaker = new PoisonBreaker(true, () => now);
  expect(breaker.hold('p/0', 'why')).toStrictEqual({ retryAfterMs: 1_000, opened: true });
  expect(breaker.hold('p/0', 'why')).toStrictEqual({ retryAfterMs: 2_000, opened: false });
  expect([...breaker.holds()]).toStrictEqual([['p/0', 'why']]);
  expect(breaker.release('p/0')).toBe(true);
  expect(breaker.release('p/0')).toBe(false);
  breaker.hold('p/1', 'moved');
  now = 60_000;
  expect([...breaker.holds()]).toStrictEqual([]);
});

test('what one tenant alone is refused for holds nothing, however much it is', () => {
  const breaker = new PoisonBreaker(true);
  expect(breaker.assess('p/0', records([500, of('acme')]))).toBeNull();
  breaker.passed('p/0', records([500, of('acme')]));
  expect(breaker.assess('p/0', records([1, false], [30, of('acme')], [10, true]))).toBeNull();
});

test('when more than one tenant is refused for most of a window, the cause is ours', () => {
  expect(new PoisonBreaker(true).assess('p/0', records([40, false], [20, of('acme')], [6, of('globex')]))).toBe(40);
  expect(new PoisonBreaker(true).assess('p/0', records([30, false], [20, of('acme')], [30, false], [6, of('globex')])), 'not of one window').toBeNull();
});

test('a bad deploy behind one tenant’s refused events is held where the deploy begins', () => {
  expect(new PoisonBreaker(true).assess('p/0', records([100, of('acme')], [30, true]))).toBe(100);
});

test('a producer is at fault for what it wrote, a tenant for what its event says', () => {
  const fault = (reason: PoisonReason, headers: Readonly<Record<string, string>> = { integration_id: 'acme' }): Fault | null =>
    faultOf({ kind: 'poison', reason, detail: '', record: { topic: 'p', partition: 0, offset: 0, key: null, value: null, headers, timestampMs: 0 } });
  for (const reason of ['tombstone', 'empty', 'no_magic_byte', 'unknown_schema', 'foreign_schema', 'truncated', 'trailing_bytes'] as const) expect(fault(reason)).toStrictEqual(ours);
  for (const reason of ['ill_formed_text', 'identity_missing', 'key_mismatch', 'refused_by_clickhouse'] as const) expect(fault(reason)).toStrictEqual(of('acme'));
  expect(fault('refused_by_clickhouse', {}), 'whose it is nobody says').toStrictEqual(ours);
  expect(faultOf(undefined)).toBeNull();
});
