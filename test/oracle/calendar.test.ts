// Business time (sections 4, 6 and 9), with the golden values of the specification.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CalendarClock, endOfTime, type CalendarVersion, type OpeningWindow } from './calendar.ts';
import { historyCalendars } from './history-config.ts';
import { baseTime } from './histories.ts';
import { story, table } from './story.ts';

const workdays = [1, 2, 3, 4, 5];
const office: OpeningWindow[] = [{ weekdays: workdays, from: '09:00', to: '18:00' }];
const berlin: CalendarVersion = { version: 1, valid_from: 0, zone: 'Europe/Berlin', windows: office, holidays: [] };

function clock(...versions: CalendarVersion[]): CalendarClock {
  return new CalendarClock({ calendar_id: 'office', versions });
}

/** Seconds between two local times with their offsets written out. */
function business(c: CalendarClock, from: string, to: string): number {
  return c.between(Date.parse(from), Date.parse(to)) / 1000;
}

describe('golden values', () => {
  test('Friday 17:00 to Monday 10:00 over the change to summer time is 7,200 s', () => {
    expect(business(clock(berlin), '2026-03-27T17:00+01:00', '2026-03-30T10:00+02:00')).toBe(7200);
  });
  test('Thursday 17:30 to Tuesday 09:15 over Easter is 2,700 s', () => {
    const easter = clock({ ...berlin, holidays: ['2026-04-03', '2026-04-06'] });
    expect(business(easter, '2026-04-02T17:30+02:00', '2026-04-07T09:15+02:00')).toBe(2700);
  });
});

test('a day of 23 hours is open for 23 hours', () => {
  const always = clock({ ...berlin, windows: [{ weekdays: [7], from: '00:00', to: '24:00' }] });
  expect(business(always, '2026-03-28T00:00+01:00', '2026-03-31T00:00+02:00')).toBe(23 * 3600);
});

test('several windows a day, overlapping ones unite', () => {
  const windows = [{ weekdays: [1], from: '09:00', to: '12:00' }, { weekdays: [1], from: '11:00', to: '13:00' }, { weekdays: [1], from: '14:00', to: '15:00' }];
  expect(business(clock({ ...berlin, windows }), '2026-03-23T00:00+01:00', '2026-03-24T00:00+01:00')).toBe(5 * 3600);
});

test('overnight hours belong to the date on which they start', () => {
  const night = { ...berlin, windows: [{ weekdays: [5], from: '22:00', to: '06:00' }] };
  expect(business(clock(night), '2026-04-03T12:00+02:00', '2026-04-04T12:00+02:00')).toBe(8 * 3600);
  expect(business(clock({ ...night, holidays: ['2026-04-03'] }), '2026-04-03T12:00+02:00', '2026-04-04T12:00+02:00')).toBe(0);
  expect(business(clock({ ...night, holidays: ['2026-04-04'] }), '2026-04-03T12:00+02:00', '2026-04-04T12:00+02:00')).toBe(8 * 3600);
});

test('a closure shuts what is open in its part of the date, and nothing else', () => {
  const eve = clock({ ...berlin, closures: [{ date: '2026-12-24', from: '12:00', to: '24:00' }] });
  expect(business(eve, '2026-12-24T00:00+01:00', '2026-12-25T00:00+01:00')).toBe(3 * 3600);
  expect(business(eve, '2026-12-25T00:00+01:00', '2026-12-26T00:00+01:00')).toBe(9 * 3600);
  expect(eve.add(Date.parse('2026-12-24T11:00+01:00'), 7_200_000)).toBe(Date.parse('2026-12-25T10:00+01:00'));
  const night = { ...berlin, windows: [{ weekdays: [5], from: '22:00', to: '06:00' }] };
  const closures = [{ date: '2026-04-03', from: '23:00', to: '24:00' }, { date: '2026-04-04', from: '01:00', to: '02:00' }, { date: '2026-04-04', from: '01:30', to: '03:00' }];
  expect(clock({ ...night, closures }).open(Date.parse('2026-04-03T00:00Z'), Date.parse('2026-04-05T00:00Z')).map((ends) => ends.map((at) => new Date(at).toISOString().slice(8, 16)))).toStrictEqual([['03T20:00', '03T21:00'], ['03T22:00', '03T23:00'], ['04T01:00', '04T04:00']]);
});

test('each part of a duration uses the version in force then', () => {
  const change = Date.parse('2026-03-24T12:00+01:00');
  const later = { ...berlin, version: 2, valid_from: change, windows: [{ weekdays: workdays, from: '08:00', to: '20:00' }] };
  expect(business(clock(berlin, later), '2026-03-24T00:00+01:00', '2026-03-25T00:00+01:00')).toBe((3 + 8) * 3600);
});

test('a doubled wall time means its first occurrence, a missing one is read by the offset before', () => {
  const night = { ...berlin, windows: [{ weekdays: [7], from: '02:30', to: '04:00' }] };
  expect(business(clock(night), '2026-10-25T00:00+02:00', '2026-10-25T12:00+01:00')).toBe(2.5 * 3600);
  expect(business(clock(night), '2026-03-29T00:00+01:00', '2026-03-29T12:00+02:00')).toBe(0.5 * 3600);
});

describe('due times', () => {
  test('a due time at closing time is the closing instant', () => {
    const due = clock(berlin).add(Date.parse('2026-03-27T17:00+01:00'), 3600_000);
    expect(due).toBe(Date.parse('2026-03-27T18:00+01:00'));
  });
  test('one millisecond more is after the next opening', () => {
    const due = clock(berlin).add(Date.parse('2026-03-27T17:00+01:00'), 3600_001);
    expect(due).toBe(Date.parse('2026-03-30T09:00+02:00') + 1);
  });
  test('a start outside the hours counts from the next opening', () => {
    expect(clock(berlin).add(Date.parse('2026-03-28T12:00+01:00'), 60_000)).toBe(Date.parse('2026-03-30T09:01+02:00'));
  });
});

test('a due time is the earliest instant at which the time is used up, in any calendar; the end of time where it never is', () => {
  const clocks = historyCalendars.map((calendar) => new CalendarClock(calendar));
  const twoWeeks = 14 * 86_400_000;
  fc.assert(fc.property(fc.constantFrom(...clocks), fc.nat({ max: twoWeeks }), fc.integer({ min: 1, max: 200_000_000 }), (c, start, ms) => {
    const due = c.add(baseTime + start, ms);
    if (due === endOfTime) {
      expect(c.between(baseTime + start, due)).toBeLessThan(ms);
      return;
    }
    expect(c.between(baseTime + start, due)).toBe(ms);
    expect(c.between(baseTime + start, due - 1)).toBe(ms - 1);
  }), { numRuns: 200 });
});

test('durations have a calendar and a business value; a reply outside hours has 0 of the latter only if all was closed', () => {
  const calendars = [{ calendar_id: 'office', versions: [{ ...berlin, zone: 'UTC' }] }];
  const config = { calendars, defaultCalendars: { crm: 'office' } };
  const night = story().created('19:00').reply('20:00', 'anna').run(config);
  expect(table(night.tickets, 'first_response_seconds', 'first_response_business_seconds')).toStrictEqual([[3600, 0]]);
  const evening = story().created('17:30').reply('20:00', 'anna').run(config);
  expect(table(evening.tickets, 'first_response_seconds', 'first_response_business_seconds')).toStrictEqual([[9000, 1800]]);
  expect(table(story().created('17:30').reply('20:00', 'anna').run().tickets, 'first_response_business_seconds')).toStrictEqual([[9000]]);
});
