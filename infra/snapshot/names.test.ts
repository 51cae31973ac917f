import { expect, test } from 'vitest';
import { checkName, commentOf, snapshotOf } from './names.ts';

test('a name goes into SQL as it is', () => {
  for (const name of ['monday', 'q1_2026', 'x']) expect(() => checkName(name)).not.toThrow();
  for (const name of ['', '2026', 'last-monday', 'Monday', 'last monday', '_x', 'ö', "a'; DROP DATABASE queue", 'a.b', 'a`b']) {
    expect(() => checkName(name), name).toThrow(/can't be the name of a snapshot.*lower case/);
  }
  expect(() => checkName('a'.repeat(41))).toThrow(/41 characters, at most 40/);
});

test('a database is told to be of a snapshot by its own words only', () => {
  expect(snapshotOf(commentOf('monday'))).toBe('monday');
  expect(['', 'Configuration as data, shared by all projections.', 'Snapshot monday.'].map(snapshotOf)).toStrictEqual([null, null, null]);
});
