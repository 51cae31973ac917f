import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTime } from './time.ts';

const msOf = (text: string): number => {
  const time = readTime(text);
  expect.assert(time.kind === 'time', `${text}: ${time.kind === 'no_time' ? time.problem : ''}`);
  return time.ms;
};

const problemOf = (text: string): string => {
  const time = readTime(text);
  expect.assert(time.kind === 'no_time', text);
  return time.problem;
};

test('reads any instant in any offset as what it is', () => {
  const instants = fc.date({ min: new Date('0000-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true });
  fc.assert(fc.property(instants, fc.integer({ min: -1439, max: 1439 }), fc.constantFrom('T', 't', ' '), (instant, offset, separator) => {
    const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60].map((number) => String(number).padStart(2, '0'));
    const local = new Date(instant.getTime() + offset * 60_000).toISOString().replace('Z', '').replace('T', separator);
    expect(msOf(`${local}${offset < 0 ? '-' : '+'}${hours ?? ''}:${minutes ?? ''}`)).toBe(instant.getTime());
    expect(msOf(instant.toISOString().replace('T', separator))).toBe(instant.getTime());
  }));
});

test('cuts what is finer than a millisecond', () => {
  expect(msOf('2026-03-02T09:00:00.1239999Z')).toBe(Date.UTC(2026, 2, 2, 9, 0, 0, 123));
  expect(msOf('2026-03-02t09:00:00.5z')).toBe(Date.UTC(2026, 2, 2, 9, 0, 0, 500));
  expect(msOf('1969-12-31T23:59:59.9999Z')).toBe(-1);
});

test('takes a year for what it is', () => {
  expect(new Date(msOf('0099-06-01 10:00:00Z')).toISOString()).toBe('0099-06-01T10:00:00.000Z');
});

test('a leap second ends a month, UTC, and is the first second of the next', () => {
  expect(msOf('2016-12-31T23:59:60Z')).toBe(Date.UTC(2017, 0, 1));
  expect(msOf('1990-12-31T15:59:60.5-08:00')).toBe(Date.UTC(1991, 0, 1) + 500);
  for (const text of ['2016-12-31T23:59:61Z', '2016-12-30T23:59:60Z', '2016-12-31T22:59:60Z', '2016-12-31T23:59:60+01:00']) expect(problemOf(text), text).toMatch(/leap second|time of day/);
});

test('what is no time says why', () => {
  const cases: [text: string, problem: RegExp][] = [
    ['2026-02-30T00:00:00Z', /day that does not exist/], ['2026-02-29T00:00:00Z', /day that does not exist/], ['2026-13-01T00:00:00Z', /day that does not exist/], ['2026-00-10T00:00:00Z', /day that does not exist/],
    ['2026-03-02T24:00:00Z', /a day ends at 23:59:59/], ['2026-03-02T09:60:00Z', /time of day/], ['2026-03-02T25:00:00Z', /time of day/],
    ['2026-06-01 10:00:00+99:99', /offset beyond/], ['2026-06-01T10:00:00+24:00', /offset beyond/], ['2026-06-01T10:00:00-23:60', /offset beyond/],
  ];
  for (const [text, problem] of cases) expect(problemOf(text), text).toMatch(problem);
  const noForm = ['', 'now', '2026-03-02', '2026-03-02T09:00Z', '2026-03-02T09:00:00', '2026-06-01 10:00:00+9999', '2026-03-02T09:00:00+0100', '2026-03-02T09:00:00+01', '2026-3-2T9:00:00Z', '+002026-03-02T09:00:00Z',
    '2026-03-02T09:00:00,5Z', '2026-03-02T09:00:00.Z', '2026-03-02\n09:00:00Z', '2026-03-02T09:00:00Z\n', ' 2026-03-02T09:00:00Z', '２０２６-03-02T09:00:00Z', 'Mon, 02 Mar 2026 09:00:00 GMT', '1772442000'];
  for (const text of noForm) expect(problemOf(text), text).toMatch(/RFC 3339/);
});
