import { expect, test } from 'vitest';
import { BREAKER_WINDOW, PoisonBreaker } from './breaker.ts';

const records = (...runs: (readonly [count: number, poison: boolean])[]): boolean[] =>
  runs.flatMap(([count, poison]) => Array.from({ length: count }, () => poison));

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
      through += batch.slice(0, held ?? batch.length).filter(Boolean).length;
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
