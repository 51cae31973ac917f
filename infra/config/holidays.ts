// Holidays out of an iCalendar file: every date that an all-day event covers, its repetitions
// included, and as closures the times that its other events cover. What is left out is told.
import { FIRST_YEAR, LAST_YEAR } from './calendars.ts';
import type { Closure } from './desk.ts';
import { DAY, problemsIn, readEvents, type CalendarEvent } from './icalendar/events.ts';
import { readCalendars, textOf, UnreadableCalendar, type Component, type Problem } from './icalendar/lines.ts';
import { leftOut, seriesOf, type LeftOut, type Occurrence } from './icalendar/occurrences.ts';
import { namedZone, zonesOf, type Zone } from './icalendar/zones.ts';

export interface NamedClosure extends Required<Closure> {
  readonly summary: string;
}
export interface Holidays {
  /** Local dates, sorted. */
  readonly dates: readonly string[];
  /** By date and time. */
  readonly closures: readonly NamedClosure[];
  /** Everything else that the file has, by date. */
  readonly leftOut: readonly LeftOut[];
}

const MINUTE = 60_000;
const range = { from: Date.UTC(FIRST_YEAR, 0, 1), to: Date.UTC(LAST_YEAR, 0, 1) };

const dateText = (wall: number): string => new Date(wall).toISOString().slice(0, 10);
const timeText = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
const datesOf = (from: number, to: number): number[] => {
  const first = Math.floor(Math.max(from, range.from) / DAY) * DAY;
  return Array.from({ length: Math.max(0, Math.ceil((Math.min(to, range.to) - first) / DAY)) }, (_, index) => first + index * DAY);
};

/** Wall times of the calendar's zone; a part of a minute closes all of it. */
function closuresOf({ start, length, event }: Occurrence, here: Zone | null): NamedClosure[] | string {
  if (length === 0) return 'it has no duration';
  const zone = start.zone;
  if (zone !== null && here === null) return "its times need the calendar's zone: name it with --file or --zone";
  const inHere = (wall: number): number => (zone === null || here === null ? wall : here.toWall(zone.toInstant(wall)));
  const [from, to] = [inHere(start.wall), inHere(start.wall + length)];
  return datesOf(from, to).map((date) => ({
    date: dateText(date), summary: event.summary,
    from: timeText(Math.max(0, Math.floor((from - date) / MINUTE))), to: timeText(Math.min(1440, Math.ceil((to - date) / MINUTE))),
  })).filter((closure) => closure.from < closure.to);
}

/** Of several versions of one event the last one counts. */
function lastVersions(events: readonly CalendarEvent[], outdated: LeftOut[]): CalendarEvent[] {
  const key = ({ uid, replaces, line }: CalendarEvent): string => `${uid ?? line} ${replaces?.wall ?? ''}`;
  const last = new Map<string, number>();
  for (const event of events) last.set(key(event), Math.max(last.get(key(event)) ?? 0, event.sequence));
  return events.filter((event) => {
    const isLast = event.sequence === last.get(key(event));
    if (!isLast) outdated.push(leftOut(event, event.start.wall, `version ${event.sequence}, and there is a version ${last.get(key(event)) ?? ''}`));
    return isLast;
  });
}

/** Occurrences of all events of a calendar. */
function occurrencesOf(events: readonly CalendarEvent[], here: Zone | null, { left, problems }: { left: LeftOut[]; problems: Problem[] }): Occurrence[] {
  const cancelled = events.filter((event) => event.isCancelled);
  left.push(...cancelled.map((event) => leftOut(event, (event.replaces ?? event.start).wall, 'cancelled')));
  const held = events.filter((event) => event.replaces === null && !event.isCancelled);
  const repeated = held.flatMap((event) => problemsIn(event, problems, () => {
    const series = seriesOf(event, events.filter(({ uid, replaces }) => replaces !== null && uid !== null && uid === event.uid), here);
    left.push(...series.leftOut);
    return series.occurrences;
  })).flat();
  // One that stands for an occurrence takes place, whether or not the file has that occurrence; without its series it falls with it.
  const isOfCancelled = (event: CalendarEvent): boolean => cancelled.some(({ uid, replaces }) => replaces === null && uid !== null && uid === event.uid);
  const replacing = events.filter((event) => event.replaces !== null && !event.isCancelled && !isOfCancelled(event));
  return [...repeated, ...replacing.map((event) => ({ start: event.start, length: event.length, event }))];
}

const otherThanEvents = (calendar: Component): LeftOut[] => calendar.children
  .filter(({ name }) => name !== 'vevent' && name !== 'vtimezone')
  .map((component) => ({ date: '', summary: textOf(component, 'summary'), reason: `line ${component.line} is a ${component.name.toUpperCase()}, not an event` }));

/** How many occurrences of an event no calendar reaches. */
function outsideOf(occurrences: readonly Occurrence[]): LeftOut[] {
  const byEvent = new Map<CalendarEvent, Occurrence[]>();
  for (const occurrence of occurrences) {
    const { start, length, event } = occurrence;
    if (start.wall + length <= range.from || start.wall >= range.to) byEvent.set(event, [...(byEvent.get(event) ?? []), occurrence]);
  }
  return [...byEvent].map(([event, outside]) => leftOut(event, outside[0]?.start.wall ?? 0, `${outside.length === 1 ? 'lies' : `${outside.length} times of it lie`} outside of ${FIRST_YEAR} to ${LAST_YEAR - 1}`));
}

/**
 * @param zone of the calendar that the closures are for
 * @throws UnreadableCalendar with all problems and their lines
 */
export function readHolidays(text: string, zone?: string): Holidays {
  const here = zone === undefined ? null : namedZone(zone);
  const [left, problems]: [LeftOut[], Problem[]] = [[], []];
  const occurrences = readCalendars(text).flatMap((calendar) => {
    left.push(...otherThanEvents(calendar));
    return occurrencesOf(lastVersions(readEvents(calendar, zonesOf(calendar), problems), left), here, { left, problems });
  });
  if (problems.length > 0) throw new UnreadableCalendar(problems.sort((a, b) => a.line - b.line));
  left.push(...outsideOf(occurrences));
  const dates = occurrences.flatMap(({ start, length }) => (start.isDate ? datesOf(start.wall, start.wall + length).map(dateText) : []));
  const closures = occurrences.filter(({ start }) => !start.isDate).flatMap((occurrence) => {
    const found = closuresOf(occurrence, here);
    if (typeof found !== 'string') return found;
    left.push(leftOut(occurrence.event, occurrence.start.wall, found));
    return [];
  });
  const orderOf = ({ date, from, to }: NamedClosure): string => `${date} ${from} ${to}`;
  const once = new Map(closures.map((closure) => [orderOf(closure), closure]));
  return {
    dates: [...new Set(dates)].sort(),
    closures: [...once.entries()].sort(([a], [b]) => Number(a > b) - Number(a < b)).map(([, closure]) => closure),
    leftOut: left.sort((a, b) => Number(a.date > b.date) - Number(a.date < b.date)),
  };
}
