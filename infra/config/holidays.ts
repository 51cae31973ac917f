// Holidays out of an iCalendar file: every date that an all-day event covers, its repetitions
// included. Events with a time of day are appointments and are left out.
import ICAL from 'ical.js';
import { FIRST_YEAR, LAST_YEAR } from './calendars.ts';

export interface Holidays {
  /** Local dates, sorted. */
  readonly dates: readonly string[];
  /** Events with a time of day. */
  readonly skipped: number;
}

/** Dates of one occurrence; an all-day event ends on the date after its last. */
function datesOf(start: ICAL.Time, end: ICAL.Time): string[] {
  const dates: string[] = [];
  for (const date = start.clone(); date.compareDateOnlyTz(end, ICAL.Timezone.utcTimezone) < 0 || dates.length === 0; date.adjust(1, 0, 0, 0)) dates.push(date.toString());
  return dates;
}

function occurrencesOf(event: ICAL.Event): string[] {
  if (!event.isRecurring()) return datesOf(event.startDate, event.endDate);
  const dates: string[] = [];
  const occurrences = event.iterator();
  for (let start = occurrences.next() as ICAL.Time | undefined; start && start.year < LAST_YEAR; start = occurrences.next() as ICAL.Time | undefined) {
    const { startDate, endDate } = event.getOccurrenceDetails(start) as { startDate: ICAL.Time; endDate: ICAL.Time };
    dates.push(...datesOf(startDate, endDate));
  }
  return dates;
}

/** @throws Error when the text is no iCalendar. */
export function readHolidays(text: string): Holidays {
  const parsed = ICAL.parse(text) as unknown[];
  // A file may hold several calendars, and is then a list of them.
  const calendars = (typeof parsed[0] === 'string' ? [parsed] : parsed) as unknown[][];
  const events = calendars.flatMap((calendar) => new ICAL.Component(calendar).getAllSubcomponents('vevent'))
    .filter((component) => String(component.getFirstPropertyValue('status') ?? '').toUpperCase() !== 'CANCELLED')
    .map((component) => new ICAL.Event(component));
  const allDay = events.filter((event) => event.startDate.isDate);
  const dates = allDay.filter((event) => !event.isRecurrenceException()).flatMap((event) => {
    for (const exception of allDay) if (exception.isRecurrenceException() && exception.uid === event.uid) event.relateException(exception);
    return occurrencesOf(event);
  });
  const inRange = dates.filter((date) => Number(date.slice(0, 4)) >= FIRST_YEAR && Number(date.slice(0, 4)) < LAST_YEAR);
  return { dates: [...new Set(inRange)].sort(), skipped: events.length - allDay.length };
}
