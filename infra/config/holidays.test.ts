import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LAST_YEAR } from './calendars.ts';
import { readHolidays } from './holidays.ts';
import { UnreadableCalendar } from './icalendar/lines.ts';

type Lines = readonly string[];
const component = (name: string, lines: Lines): string[] => [`BEGIN:${name}`, ...lines, `END:${name}`];
const calendarOf = (...parts: Lines[]): string[] => component('VCALENDAR', ['VERSION:2.0', 'PRODID:test', ...parts.flat()]);
const event = (...lines: string[]): string[] => component('VEVENT', ['SUMMARY:Day off', ...lines]);
const ics = (...events: Lines[]): string => [...calendarOf(...events), ''].join('\r\n');
const one = (...lines: string[]): string => ics(event(...lines));

const fileOf = (name: string): string => readFileSync(new URL(`../../test/inputs/calendars/${name}`, import.meta.url), 'utf8');
const datesOf = (text: string): readonly string[] => readHolidays(text, 'Europe/Berlin').dates;
const closuresOf = (text: string, zone = 'Europe/Berlin'): string[] => readHolidays(text, zone).closures.map(({ date, from, to }) => `${date} ${from} ${to}`);
const leftOutOf = (text: string, zone?: string): string[] => readHolidays(text, zone).leftOut.map(({ date, summary, reason }) => `${date} ${summary}: ${reason}`);
const problemsOf = (text: string): string[] => {
  try {
    readHolidays(text, 'Europe/Berlin');
    return [];
  } catch (error) {
    expect.assert(error instanceof UnreadableCalendar);
    return error.problems.map(({ line, message }) => `${line} ${message}`);
  }
};

describe('all-day events', () => {
  test('an all-day event is a holiday on each of its dates, its end not included', () => {
    expect(datesOf(ics(event('DTSTART;VALUE=DATE:20260403'), event('DTSTART;VALUE=DATE:20261224', 'DTEND;VALUE=DATE:20261227')))).toStrictEqual(['2026-04-03', '2026-12-24', '2026-12-25', '2026-12-26']);
    expect(datesOf(one('DTSTART;VALUE=DATE:20260504', 'DURATION:P2D'))).toStrictEqual(['2026-05-04', '2026-05-05']);
    expect(datesOf(one('DTSTART;VALUE=DATE:20260504', 'DURATION:P1W')).length).toStrictEqual(7);
    expect(datesOf(one('DTSTART;VALUE=DATE:20260504', 'DTEND;VALUE=DATE:20260504'))).toStrictEqual(['2026-05-04']);
    expect(datesOf(one('DTSTART;VALUE=DATE:20260504', 'DTEND:20260506T000000'))).toStrictEqual(['2026-05-04', '2026-05-05']);
  });

  test('a date is a date also where nobody says so', () => {
    expect(datesOf(fileOf('bare-date.ics'))).toStrictEqual(['2026-05-05', '2026-06-09']);
    expect(datesOf(one('DTSTART;TZID=Europe/Berlin:20260609', 'DTEND;VALUE=DATE-TIME:20260611'))).toStrictEqual(['2026-06-09', '2026-06-10']);
    expect(datesOf(one('DTSTART:20260609', 'RRULE:FREQ=YEARLY;COUNT=3', 'EXDATE:20270609'))).toStrictEqual(['2026-06-09', '2028-06-09']);
  });
});

describe('repetitions', () => {
  test('repetitions count, those that are taken out do not and are told', () => {
    const text = one('DTSTART;VALUE=DATE:20250501', 'RRULE:FREQ=YEARLY;COUNT=4', 'EXDATE;VALUE=DATE:20270501,20240501', 'EXDATE:20280501T000000');
    expect(datesOf(text)).toStrictEqual(['2025-05-01', '2026-05-01']);
    expect(leftOutOf(text)).toStrictEqual(['2027-05-01 Day off: taken out by EXDATE or EXRULE', '2028-05-01 Day off: taken out by EXDATE or EXRULE']);
    expect(datesOf(one('DTSTART;VALUE=DATE:20250501', 'RRULE:FREQ=YEARLY')).length).toBe(LAST_YEAR - 2025);
  });

  test('the last date of a rule counts, in whatever kind it is written', () => {
    for (const until of ['20270501', '20270501T000000Z', '20270501T000000', '20270501T235959Z']) {
      expect(datesOf(one('DTSTART;VALUE=DATE:20250501', `RRULE:FREQ=YEARLY;UNTIL=${until}`)), until).toStrictEqual(['2025-05-01', '2026-05-01', '2027-05-01']);
    }
  });

  test('what is yearly on 29 February is so in leap years only, and monthly on the 31st in long months only', () => {
    const leapYears = ['2024-02-29', '2028-02-29', '2032-02-29', '2036-02-29', '2040-02-29', '2044-02-29', '2048-02-29', '2052-02-29', '2056-02-29'];
    expect(datesOf(fileOf('leap-day.ics'))).toStrictEqual(leapYears);
    expect(datesOf(one('DTSTART;VALUE=DATE:20240229', 'RRULE:FREQ=YEARLY;BYMONTH=2'))).toStrictEqual(leapYears);
    expect(datesOf(one('DTSTART;VALUE=DATE:20240229', 'RRULE:FREQ=YEARLY;COUNT=2'))).toStrictEqual(leapYears.slice(0, 2));
    expect(datesOf(one('DTSTART;VALUE=DATE:20260131', 'RRULE:FREQ=MONTHLY;COUNT=3'))).toStrictEqual(['2026-01-31', '2026-03-31', '2026-05-31']);
  });

  test('rules by weekday, week, position and from the end give the dates of the standard', () => {
    const of = (start: string, rule: string): readonly string[] => datesOf(one(`DTSTART;VALUE=DATE:${start}`, `RRULE:${rule}`));
    expect(of('20231123', 'FREQ=YEARLY;COUNT=3;BYMONTH=11;BYDAY=4TH')).toStrictEqual(['2023-11-23', '2024-11-28', '2025-11-27']);
    expect(of('20231122', 'FREQ=YEARLY;COUNT=3;BYMONTH=11;BYMONTHDAY=16,17,18,19,20,21,22;BYDAY=WE')).toStrictEqual(['2023-11-22', '2024-11-20', '2025-11-19']);
    expect(of('20240527', 'FREQ=YEARLY;COUNT=3;BYMONTH=5;BYDAY=-1MO')).toStrictEqual(['2024-05-27', '2025-05-26', '2026-05-25']);
    expect(of('20241226', 'FREQ=YEARLY;COUNT=2;BYMONTH=11,12;BYDAY=TH;BYSETPOS=-1')).toStrictEqual(['2024-12-26', '2025-12-25']);
    expect(of('20240513', 'FREQ=YEARLY;COUNT=3;BYWEEKNO=20;BYDAY=MO')).toStrictEqual(['2024-05-13', '2025-05-12', '2026-05-11']);
    expect(of('20241231', 'FREQ=YEARLY;COUNT=2;BYYEARDAY=-1')).toStrictEqual(['2024-12-31', '2025-12-31']);
  });

  test('single dates are added, and a rule may take dates out', () => {
    const text = one('DTSTART;VALUE=DATE:20260105', 'RDATE;VALUE=DATE:20260210,20260311', 'RRULE:FREQ=WEEKLY;COUNT=3', 'EXRULE:FREQ=WEEKLY;INTERVAL=2');
    expect(datesOf(text)).toStrictEqual(['2026-01-12', '2026-02-10', '2026-03-11']);
    expect(datesOf(one('DTSTART;VALUE=DATE:20260105', 'RDATE;VALUE=DATE:20260101,20260105'))).toStrictEqual(['2026-01-01', '2026-01-05']);
    expect(closuresOf(one('DTSTART:20260105T100000', 'DURATION:PT1H', 'RDATE;VALUE=PERIOD:20260106T100000/20260106T120000,20260107T100000/PT30M'))).toStrictEqual(['2026-01-05 10:00 11:00', '2026-01-06 10:00 12:00', '2026-01-07 10:00 10:30']);
  });

  test('a first date that its own rule does not give is left out, and told', () => {
    const text = one('DTSTART;VALUE=DATE:20230101', 'RRULE:FREQ=YEARLY;COUNT=2;BYMONTH=5;BYDAY=1MO');
    expect(datesOf(text)).toStrictEqual(['2023-05-01', '2024-05-06']);
    expect(leftOutOf(text)).toStrictEqual(['2023-01-01 Day off: its own rule does not give this date']);
  });
});

describe('occurrences that are moved or cancelled', () => {
  const series = (...lines: string[]): string[] => event('UID:founders', 'DTSTART;VALUE=DATE:20260302', 'RRULE:FREQ=YEARLY;COUNT=3', ...lines);
  const instead = (id: string, ...lines: string[]): string[] => event('UID:founders', `RECURRENCE-ID${id}`, ...lines);

  test('one is moved, one is cancelled, wherever in the file that stands', () => {
    const { dates, leftOut } = readHolidays(fileOf('moved.ics'));
    expect(dates.filter((date) => date > '2026')).toStrictEqual(['2026-03-04', '2028-03-02', '2029-03-02', '2030-03-02']);
    expect(leftOut).toStrictEqual([{ date: '2027-03-02', summary: 'Founders day', reason: 'cancelled' }]);
  });

  test('the occurrence may be named by a date, a time, a time of a zone or of UTC', () => {
    for (const id of [';VALUE=DATE:20270302', ':20270302', ':20270302T000000', ';TZID=Europe/Berlin:20270302T000000', ':20270302T000000Z', ':20270301T230000Z']) {
      const text = ics(instead(id, 'DTSTART;VALUE=DATE:20270305'), series());
      expect(datesOf(text), id).toStrictEqual(['2026-03-02', '2027-03-05', '2028-03-02']);
      expect(datesOf(ics(series(), instead(id, 'DTSTART;VALUE=DATE:20270302', 'STATUS:CANCELLED'))), id).toStrictEqual(['2026-03-02', '2028-03-02']);
    }
  });

  test('so may that of a series with times', () => {
    const days = event('UID:early', 'DTSTART;TZID=Europe/Berlin:20260303T120000', 'DTEND;TZID=Europe/Berlin:20260303T180000', 'RRULE:FREQ=DAILY;COUNT=2');
    for (const id of [':20260304T110000Z', ';TZID=America/New_York:20260304T060000', ';VALUE=DATE:20260304', ':20260304T120000']) {
      expect(closuresOf(ics(days, event('UID:early', `RECURRENCE-ID${id}`, 'DTSTART:20260304T110000Z', 'STATUS:CANCELLED'))), id).toStrictEqual(['2026-03-03 12:00 18:00']);
    }
  });

  test('from one on all may be moved or cancelled', () => {
    const later = (...lines: string[]): string => ics(series(), instead(';RANGE=THISANDFUTURE;VALUE=DATE:20270302', ...lines));
    expect(datesOf(later('DTSTART;VALUE=DATE:20270303', 'DTEND;VALUE=DATE:20270305'))).toStrictEqual(['2026-03-02', '2027-03-03', '2027-03-04', '2028-03-03', '2028-03-04']);
    expect(datesOf(later('DTSTART;VALUE=DATE:20270302', 'STATUS:CANCELLED'))).toStrictEqual(['2026-03-02']);
  });

  test('an event that stands for an occurrence which the file does not have takes place', () => {
    expect(datesOf(ics(instead(';VALUE=DATE:20270302', 'DTSTART;VALUE=DATE:20270304')))).toStrictEqual(['2027-03-04']);
  });

  test('a cancelled series is cancelled with its moved occurrences, and the last version of an event counts', () => {
    expect(datesOf(ics(series('STATUS:CANCELLED'), instead(';VALUE=DATE:20270302', 'DTSTART;VALUE=DATE:20270304')))).toStrictEqual([]);
    const versions = ics(event('UID:a', 'SEQUENCE:2', 'DTSTART;VALUE=DATE:20260505'), event('UID:a', 'SEQUENCE:1', 'DTSTART;VALUE=DATE:20260504'));
    expect(datesOf(versions)).toStrictEqual(['2026-05-05']);
    expect(leftOutOf(versions)).toStrictEqual(['2026-05-04 Day off: version 1, and there is a version 2']);
  });

  test('events that share an id by mistake count each', () => {
    expect(datesOf(ics(event('UID:a', 'DTSTART;VALUE=DATE:20260505'), event('UID:a', 'DTSTART;VALUE=DATE:20260606')))).toStrictEqual(['2026-05-05', '2026-06-06']);
  });
});

describe('events with times', () => {
  test('24 December from 12:00 is a closure, in wall times of the calendar, by date', () => {
    expect(closuresOf(one('DTSTART;TZID=Europe/Berlin:20261224T120000', 'DTEND;TZID=Europe/Berlin:20261225T000000'))).toStrictEqual(['2026-12-24 12:00 24:00']);
    expect(closuresOf(one('DTSTART:20261224T110000Z', 'DTEND:20261224T230000Z'))).toStrictEqual(['2026-12-24 12:00 24:00']);
    expect(closuresOf(one('DTSTART:20261224T120000', 'DURATION:PT12H'))).toStrictEqual(['2026-12-24 12:00 24:00']);
    expect(closuresOf(one('DTSTART:20261224T220000', 'DTEND:20261226T020000'))).toStrictEqual(['2026-12-24 22:00 24:00', '2026-12-25 00:00 24:00', '2026-12-26 00:00 02:00']);
    expect(closuresOf(one('DTSTART;TZID=America/New_York:20261224T120000', 'DTEND;TZID=Europe/Berlin:20261224T193015'))).toStrictEqual(['2026-12-24 18:00 19:31']);
    expect(closuresOf(one('DTSTART;TZID=Europe/Berlin:20261224T120000', 'DTEND;TZID=Europe/Berlin:20261225T000000'), 'Asia/Tokyo')).toStrictEqual(['2026-12-24 20:00 24:00', '2026-12-25 00:00 08:00']);
  });

  test('they repeat at the same wall time, over a change of the clock too', () => {
    expect(closuresOf(one('DTSTART;TZID=America/New_York:20260301T120000', 'DURATION:PT1H', 'RRULE:FREQ=WEEKLY;COUNT=5'))).toStrictEqual(['2026-03-01 18:00 19:00', '2026-03-08 17:00 18:00', '2026-03-15 17:00 18:00', '2026-03-22 17:00 18:00', '2026-03-29 18:00 19:00']);
    expect(closuresOf(one('DTSTART;TZID=Europe/Berlin:20251224T120000', 'DURATION:PT12H', 'RRULE:FREQ=YEARLY;UNTIL=20271224T110000Z')).length).toStrictEqual(3);
  });

  test('a zone may be defined in the file; an unknown one is a problem', () => {
    const rules = (kind: string, start: string, from: string, to: string, month: number): string[] =>
      component(kind, [`DTSTART:${start}`, `TZOFFSETFROM:${from}`, `TZOFFSETTO:${to}`, `RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=${month}`]);
    const zone = component('VTIMEZONE', ['TZID:W. Europe Standard Time', ...rules('STANDARD', '16010101T030000', '+0200', '+0100', 10), ...rules('DAYLIGHT', '16010101T020000', '+0100', '+0200', 3)]);
    const summer = event('DTSTART;TZID="W. Europe Standard Time":20260701T120000', 'DURATION:PT2H');
    expect(closuresOf(ics(zone, summer), 'UTC')).toStrictEqual(['2026-07-01 10:00 12:00']);
    expect(closuresOf(ics(zone, event('DTSTART;TZID=W. Europe Standard Time:20261201T120000', 'DURATION:PT2H')), 'UTC')).toStrictEqual(['2026-12-01 11:00 13:00']);
    expect(problemsOf(ics(summer))).toStrictEqual(['6 in the event "Day off" of line 4: DTSTART: the time zone "W. Europe Standard Time" is neither one of the IANA nor defined in the file']);
  });

  test('without a zone of the calendar only times of wherever one is can be used', () => {
    const text = ics(event('DTSTART:20261224T110000Z', 'DURATION:PT1H'), event('DTSTART:20261224T110000', 'DURATION:PT1H'));
    expect(readHolidays(text).closures.length).toBe(1);
    expect(leftOutOf(text)).toStrictEqual(["2026-12-24 Day off: its times need the calendar's zone: name it with --file or --zone"]);
  });
});

describe('what is left out is told', () => {
  test('cancelled events, those without a duration, those outside of all calendars, and what is no event', () => {
    const text = ics(event('DTSTART;VALUE=DATE:20260502', 'STATUS:cancelled'), event('DTSTART:20260503T100000'), event('DTSTART;VALUE=DATE:19980501', 'RRULE:FREQ=YEARLY;COUNT=3'),
      event('DTSTART;VALUE=DATE:20600101'), component('VTODO', ['SUMMARY:Order\\, then pay']));
    expect(datesOf(text)).toStrictEqual(['2000-05-01']);
    expect(leftOutOf(text, 'Europe/Berlin')).toStrictEqual([
      ' Order, then pay: line 22 is a VTODO, not an event', '1998-05-01 Day off: 2 times of it lie outside of 2000 to 2059', '2026-05-02 Day off: cancelled',
      '2026-05-03 Day off: it has no duration', '2060-01-01 Day off: lies outside of 2000 to 2059',
    ]);
  });
});

describe('the file', () => {
  test('several calendars, a byte order mark, any line ends, folded lines', () => {
    const text = `\uFEFF${[...calendarOf(event('DTSTART;VALUE=DATE:20260504')), ...calendarOf(event('DESCRIPTION:a long ', ' BEGIN:VEVENT', '\ttext', 'DTSTART;VALUE=DA', ' TE:20260505'))].join('\n')}`;
    for (const end of ['\n', '\r\n', '\r']) expect(datesOf(text.replaceAll('\n', end))).toStrictEqual(['2026-05-04', '2026-05-05']);
  });

  test('what is no iCalendar, or only a part of one, is refused by line', () => {
    expect(problemsOf('hello')).toStrictEqual(['1 is outside of any calendar: this is no iCalendar file']);
    expect(problemsOf('')).toStrictEqual(['1 this is no iCalendar file: nothing begins with BEGIN:VCALENDAR']);
    expect(problemsOf('BEGIN:VCARD\nEND:VCARD')).toStrictEqual(['1 begins a VCARD outside of any calendar']);
    expect(problemsOf('BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1')).toStrictEqual(['2 begins a VEVENT that never ends: the file is cut']);
    expect(problemsOf('BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR')).toStrictEqual(['3 ends a VCALENDAR, but what is open is the VEVENT of line 2']);
  });

  test('all events that cannot be read are told at once, each with its line', () => {
    const problems = problemsOf(ics(event('DTSTART;VALUE=DATE:20260230'), event('DTSTART:2026-05-01'), event('UID:3'), event('DTSTART:20260501', 'RRULE:FREQ=FORTNIGHTLY'),
      event('DTSTART:20260501', 'RRULE:FREQ=YEARLY;BYEASTER=1'), event('DTSTART:20260502', 'DTEND:20260501'), event('DTSTART:20260501T100000', 'DURATION:an hour'),
      event('DTSTART:20260501T100000', 'RRULE:FREQ=SECONDLY'), event('DTSTART:20260501', 'RRULE:FREQ=YEARLY;BYMONTH=13'), event('nonsense', 'DTSTART:20260501')));
    expect(problems.map((problem) => problem.replace(/in the event "Day off" of line \d+: /, '')).map((problem) => problem.slice(0, 58))).toStrictEqual([
      '6 DTSTART: "20260230" is no date or time',
      '10 DTSTART: "2026-05-01" is no date or time',
      '12 it has no DTSTART',
      '19 "RRULE:FREQ=FORTNIGHTLY" can\'t be read: invalid frequen',
      '24 RRULE: BYEASTER=1 is not known here',
      '29 it ends before it starts',
      '34 DURATION: "an hour" is no duration',
      '39 RRULE "FREQ=SECONDLY" repeats more than 22000 times',
      '44 "RRULE:FREQ=YEARLY;BYMONTH=13" can\'t be read: BYMONTH: ',
      '48 "nonsense" can\'t be read: invalid line (no token ";" or',
    ]);
  });
});
