import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAST_YEAR } from './calendars.ts';
import { readHolidays } from './holidays.ts';

const ics = (...events: string[][]): string => ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:test',
  ...events.flatMap((lines, index) => ['BEGIN:VEVENT', `UID:${index}`, ...lines, 'END:VEVENT']), 'END:VCALENDAR', ''].join('\r\n');

test('an all-day event is a holiday on each of its dates', () => {
  assert.deepEqual(readHolidays(ics(['DTSTART;VALUE=DATE:20260403', 'SUMMARY:Good Friday'], ['DTSTART;VALUE=DATE:20261224', 'DTEND;VALUE=DATE:20261227'])).dates,
    ['2026-04-03', '2026-12-24', '2026-12-25', '2026-12-26']);
});

test('repetitions count, those that are taken out do not', () => {
  const { dates } = readHolidays(ics(['DTSTART;VALUE=DATE:20250501', 'RRULE:FREQ=YEARLY;COUNT=4', 'EXDATE;VALUE=DATE:20270501']));
  assert.deepEqual(dates, ['2025-05-01', '2026-05-01', '2028-05-01']);
  assert.equal(readHolidays(ics(['DTSTART;VALUE=DATE:20250501', 'RRULE:FREQ=YEARLY'])).dates.length, LAST_YEAR - 2025);
});

test('appointments and cancelled events are no holidays', () => {
  const read = readHolidays(ics(['DTSTART:20260501T090000Z', 'DTEND:20260501T100000Z'], ['DTSTART;VALUE=DATE:20260502', 'STATUS:CANCELLED']));
  assert.deepEqual(read, { dates: [], skipped: 1 });
});

test('a text that is no iCalendar is refused', () => {
  assert.throws(() => readHolidays('hello'));
});
