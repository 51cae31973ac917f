import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readTime } from './time.ts';

const msOf = (text: string): number => {
  const time = readTime(text);
  assert.ok(time.kind === 'time', `${text}: ${time.kind === 'no_time' ? time.problem : ''}`);
  return time.ms;
};

const problemOf = (text: string): string => {
  const time = readTime(text);
  assert.ok(time.kind === 'no_time', text);
  return time.problem;
};

test('reads any instant in any offset as what it is', () => {
  const instants = fc.date({ min: new Date('0000-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true });
  fc.assert(fc.property(instants, fc.integer({ min: -1439, max: 1439 }), fc.constantFrom('T', 't', ' '), (instant, offset, separator) => {
    const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60].map((number) => String(number).padStart(2, '0'));
    const local = new Date(instant.getTime() + offset * 60_000).toISOString().replace('Z', '').replace('T', separator);
    assert.equal(msOf(`${local}${offset < 0 ? '-' : '+'}${hours ?? ''}:${minutes ?? ''}`), instant.getTime());
    assert.equal(msOf(instant.toISOString().replace('T', separator)), instant.getTime());
  }));
});

test('cuts what is finer than a millisecond', () => {
  assert.equal(msOf('2026-03-02T09:00:00.1239999Z'), Date.UTC(2026, 2, 2, 9, 0, 0, 123));
  assert.equal(msOf('2026-03-02t09:00:00.5z'), Date.UTC(2026, 2, 2, 9, 0, 0, 500));
  assert.equal(msOf('1969-12-31T23:59:59.9999Z'), -1);
});

test('takes a year for what it is', () => {
  assert.equal(new Date(msOf('0099-06-01 10:00:00Z')).toISOString(), '0099-06-01T10:00:00.000Z');
});

test('a leap second ends a month, UTC, and is the first second of the next', () => {
  assert.equal(msOf('2016-12-31T23:59:60Z'), Date.UTC(2017, 0, 1));
  assert.equal(msOf('1990-12-31T15:59:60.5-08:00'), Date.UTC(1991, 0, 1) + 500);
  for (const text of ['2016-12-31T23:59:61Z', '2016-12-30T23:59:60Z', '2016-12-31T22:59:60Z', '2016-12-31T23:59:60+01:00']) assert.match(problemOf(text), /leap second|time of day/, text);
});

test('what is no time says why', () => {
  const cases: [text: string, problem: RegExp][] = [
    ['2026-02-30T00:00:00Z', /day that does not exist/], ['2026-02-29T00:00:00Z', /day that does not exist/], ['2026-13-01T00:00:00Z', /day that does not exist/], ['2026-00-10T00:00:00Z', /day that does not exist/],
    ['2026-03-02T24:00:00Z', /a day ends at 23:59:59/], ['2026-03-02T09:60:00Z', /time of day/], ['2026-03-02T25:00:00Z', /time of day/],
    ['2026-06-01 10:00:00+99:99', /offset beyond/], ['2026-06-01T10:00:00+24:00', /offset beyond/], ['2026-06-01T10:00:00-23:60', /offset beyond/],
  ];
  for (const [text, problem] of cases) assert.match(problemOf(text), problem, text);
  const noForm = ['', 'now', '2026-03-02', '2026-03-02T09:00Z', '2026-03-02T09:00:00', '2026-06-01 10:00:00+9999', '2026-03-02T09:00:00+0100', '2026-03-02T09:00:00+01', '2026-3-2T9:00:00Z', '+002026-03-02T09:00:00Z',
    '2026-03-02T09:00:00,5Z', '2026-03-02T09:00:00.Z', '2026-03-02\n09:00:00Z', '2026-03-02T09:00:00Z\n', ' 2026-03-02T09:00:00Z', '２０２６-03-02T09:00:00Z', 'Mon, 02 Mar 2026 09:00:00 GMT', '1772442000'];
  for (const text of noForm) assert.match(problemOf(text), /RFC 3339/, text);
});
