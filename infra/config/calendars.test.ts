import { expect, test } from 'vitest';
import { openWindows, shiftSpans, type OpenWindow } from './calendars.ts';
import type { Calendar, CalendarVersion } from './desk.ts';

const workdays = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;
const everyDay = [...workdays, 'sat', 'sun'] as const;

const calendar = (...versions: Partial<CalendarVersion>[]): Calendar => ({
  calendar_id: 'tested',
  versions: versions.map((version, index) => ({
    version: index + 1, zone: 'Europe/Berlin', windows: [{ days: workdays, from: '09:00', to: '18:00' }], ...version,
  })),
});

const between = (windows: readonly OpenWindow[], from: string, to: string): string[] => windows
  .filter((window) => window.open_to > Date.parse(from) && window.open_from < Date.parse(to))
  .map((window) => `${new Date(window.open_from).toISOString().slice(0, 16)} ${new Date(window.open_to).toISOString().slice(0, 16)}`);

/** Open seconds of windows that don't overlap. */
const openSeconds = (windows: readonly OpenWindow[], from: string, to: string): number => windows
  .reduce((sum, window) => sum + Math.max(0, Math.min(window.open_to, Date.parse(to)) - Math.max(window.open_from, Date.parse(from))), 0) / 1000;

test('office hours keep their wall time over the change to summer time', () => {
  expect(openSeconds(openWindows(calendar({})), '2026-03-27T17:00:00+01:00', '2026-03-30T10:00:00+02:00')).toBe(7200);
});

test('nothing is open on holidays', () => {
  const easter = openWindows(calendar({ holidays: ['2026-04-03', '2026-04-06'] }));
  expect(openSeconds(easter, '2026-04-02T17:30:00+02:00', '2026-04-07T09:15:00+02:00')).toBe(2700);
});

test('the day on which the clock goes forward has 23 hours, the one on which it goes back 25', () => {
  const always = openWindows(calendar({ windows: [{ days: everyDay, from: '00:00', to: '24:00' }] }));
  expect(between(always, '2026-03-29T12:00:00Z', '2026-03-29T13:00:00Z')).toStrictEqual(['2026-03-28T23:00 2026-03-29T22:00']);
  expect(between(always, '2026-10-25T12:00:00Z', '2026-10-25T13:00:00Z')).toStrictEqual(['2026-10-24T22:00 2026-10-25T23:00']);
});

test('a missing wall time is read by the offset before the gap, a doubled one is the first of the two', () => {
  const early = openWindows(calendar({ windows: [{ days: everyDay, from: '02:30', to: '04:00' }] }));
  expect(between(early, '2026-03-29T00:00:00Z', '2026-03-29T12:00:00Z')).toStrictEqual(['2026-03-29T01:30 2026-03-29T02:00']);
  expect(between(early, '2026-10-25T00:00:00Z', '2026-10-25T12:00:00Z')).toStrictEqual(['2026-10-25T00:30 2026-10-25T03:00']);
});

test('overnight hours belong to the date on which they start, also before a holiday', () => {
  const night = openWindows(calendar({ zone: 'America/New_York', windows: [{ days: ['fri'], from: '22:00', to: '06:00', overnight: true }], holidays: ['2026-03-14'] }));
  expect(between(night, '2026-03-13T12:00:00Z', '2026-03-16T00:00:00Z')).toStrictEqual(['2026-03-14T02:00 2026-03-14T10:00']);
});

test('any number of windows a day, in zones far ahead of UTC too', () => {
  const windows = [{ days: workdays, from: '08:00', to: '12:00' }, { days: workdays, from: '13:00', to: '17:00' }];
  const kiritimati = openWindows(calendar({ zone: 'Pacific/Kiritimati', windows }));
  expect(between(kiritimati, '2026-03-02T00:00:00+14:00', '2026-03-03T00:00:00+14:00')).toStrictEqual(['2026-03-01T18:00 2026-03-01T22:00', '2026-03-01T23:00 2026-03-02T03:00']);
});

test('a version is clipped at the instant at which the next one comes into force', () => {
  const changed = openWindows(calendar({}, { from: '2026-07-01T12:00:00+02:00', windows: [{ days: workdays, from: '10:00', to: '20:00' }] }));
  expect(between(changed, '2026-07-01T00:00:00Z', '2026-07-02T00:00:00Z')).toStrictEqual(['2026-07-01T07:00 2026-07-01T10:00', '2026-07-01T10:00 2026-07-01T18:00']);
});

test('a closure shuts a part of a date: 24 December from 12:00', () => {
  const eve = openWindows(calendar({ closures: [{ date: '2026-12-24', from: '12:00' }, { date: '2026-12-23', from: '10:00', to: '11:30' }] }));
  expect(between(eve, '2026-12-23T00:00:00Z', '2026-12-26T00:00:00Z')).toStrictEqual([
    '2026-12-23T08:00 2026-12-23T09:00', '2026-12-23T10:30 2026-12-23T17:00', '2026-12-24T08:00 2026-12-24T11:00', '2026-12-25T08:00 2026-12-25T17:00',
  ]);
});

test('a closure cuts the night that began on the eve, overlapping closures unite, and nobody is on shift then', () => {
  const closures = [{ date: '2026-03-14', from: '00:00', to: '02:00' }, { date: '2026-03-14', from: '01:00', to: '03:00' }, { date: '2026-03-13', from: '21:00', to: '22:30' }];
  const night = calendar({ windows: [{ days: ['fri'], from: '22:00', to: '06:00', overnight: true }], closures });
  expect(between(openWindows(night), '2026-03-13T00:00:00Z', '2026-03-15T00:00:00Z')).toStrictEqual(['2026-03-13T21:30 2026-03-13T23:00', '2026-03-14T02:00 2026-03-14T05:00']);
  const shift = { calendar_id: 'tested', from: '2026-03-13T00:00:00Z', to: '2026-03-14T04:00:00Z' };
  expect(shiftSpans([shift], [night]).map(({ from, to }) => (to - from) / 3_600_000)).toStrictEqual([1.5, 2]);
});

test('the ends of a closure are wall times: an hour less is closed on the day without it', () => {
  const always = openWindows(calendar({ windows: [{ days: everyDay, from: '00:00', to: '24:00' }], closures: [{ date: '2026-03-29', from: '01:00', to: '04:00' }] }));
  expect(between(always, '2026-03-29T00:00:00Z', '2026-03-29T12:00:00Z')).toStrictEqual(['2026-03-29T02:00 2026-03-29T22:00']);
});

test('shifts by calendar and by instants unite', () => {
  const shifts = [
    { calendar_id: 'tested', from: '2026-03-02T00:00:00Z', to: '2026-03-04T00:00:00Z' },
    { from: '2026-03-02T16:00:00Z', to: '2026-03-02T19:00:00Z' },
  ];
  const spans = shiftSpans(shifts, [calendar({})]).map(({ from, to }) => `${new Date(from).toISOString()} ${new Date(to).toISOString()}`);
  expect(spans).toStrictEqual(['2026-03-02T08:00:00.000Z 2026-03-02T19:00:00.000Z', '2026-03-03T08:00:00.000Z 2026-03-03T17:00:00.000Z']);
});
