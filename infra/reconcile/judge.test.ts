import { expect, test } from 'vitest';
import { judge, type Candidate, type Circumstances, type Counting } from './judge.ts';

const at = (offset: number, partition = 2): Counting => ({ partition, offset, hash: 'a' });
const judged = (candidate: Partial<Candidate>, circumstances: Partial<Circumstances> = {}) =>
  judge({ offset: 5, logged: 'a', stored: '', ...candidate }, { partition: 2, counting: undefined, isQuarantined: false, wasQuarantined: false, unreadable: '', ...circumstances });

test('a record without a row is missing, unless an earlier copy counts or quarantine has it', () => {
  expect(judged({})).toBe('missing');
  expect(judged({}, { counting: at(3) })).toBeNull();
  expect(judged({}, { isQuarantined: true })).toBeNull();
});

test('a later copy must not count for the first one', () => {
  expect(judged({}, { counting: at(9) })).toBe('later_copy');
  expect(judged({}, { counting: at(9), wasQuarantined: true }), 'replayed from quarantine, it was put into the log again').toBeNull();
  expect(judged({}, { wasQuarantined: true }), 'nor is it lost by that').toBe('missing');
});

test('a row says what its record says', () => {
  expect(judged({ stored: 'a' })).toBeNull();
  expect(judged({ stored: 'b' })).toBe('changed');
  expect(judged({}, { counting: at(5) }), 'under the same offset, and not found there').toBe('changed');
  expect(judged({}, { counting: at(5, 4) }), 'a copy in another partition, with the same offset').toBeNull();
});

test('a row without a record is one too many; one whose record nobody can read any more is kept', () => {
  expect(judged({ logged: '', stored: 'a' })).toBe('extra');
  expect(judged({ logged: '', stored: 'a' }, { unreadable: 'unknown_schema' })).toBe('unreadable');
  expect(judged({ logged: '', stored: 'a' }, { isQuarantined: true }), 'told as landed and quarantined').toBeNull();
});
