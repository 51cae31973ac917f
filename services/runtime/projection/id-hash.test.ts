import { expect, test } from 'vitest';
import { idHash } from './id-hash.ts';

test('ids that differ in more than the case of A to Z have hashes that differ', () => {
  expect(idHash('A1B-É')).toBe(idHash('a1b-É'));
  const ids = Array.from({ length: 20_000 }, (_, i) => `${i.toString(16).padStart(8, '0')}-5f0e-4c1d-a2b3-${(i * 7_919).toString(16)}`);
  expect(new Set(['é', 'É', ...ids].map(idHash)).size).toBeGreaterThan(ids.length);
});

test('a hash is kept without a box', () => {
  for (const id of ['', 'x', 'ffffffff-ffff']) expect(idHash(id)).toBeLessThan(2 ** 31);
});
