// Wall times to instants: the open windows of a calendar, date by date. A missing or doubled
// wall time is read by the offset before the change; an offset is never stored. Uniting,
// clipping by version and adding up is done once, by config.loaded_intervals.
import { Temporal } from 'temporal-polyfill';
import { groupBy } from '../../services/runtime/group-by.ts';
import { weekdays, type Calendar, type CalendarVersion, type Shift, type Version } from './desk.ts';

/** Windows are laid out for the dates between these; outside of them every calendar is closed. */
export const FIRST_YEAR = 2000;
export const LAST_YEAR = 2060;

const DAY = 86_400_000;
/** ClickHouse's far end, and its beginning of time. */
export const END_OF_TIME = Date.UTC(2106, 0, 1);
export const BEGIN_OF_TIME = 0;

export interface OpenWindow {
  readonly calendar_id: string;
  readonly version: number;
  readonly in_force_from: number;
  readonly in_force_to: number;
  readonly open_from: number;
  readonly open_to: number;
}
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** When each version is in force; the last one for good. */
export function inForce(versions: readonly Version[], index: number): Span {
  const time = (version: Version | undefined, otherwise: number): number => (version?.from === undefined ? otherwise : Date.parse(version.from));
  return { from: time(versions[index], BEGIN_OF_TIME), to: time(versions[index + 1], END_OF_TIME) };
}

const minutesOf = (wallTime: string): number => Number(wallTime.slice(0, 2)) * 60 + Number(wallTime.slice(3));

/** Temporal's answer: "compatible", which is the offset before the change for both kinds. */
function exactly(wallMs: number, zone: string): number {
  return new Temporal.PlainDateTime(1970, 1, 1).add({ milliseconds: wallMs }).toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds;
}

/** Asks for the offset once per date; Temporal is asked for every wall time only around a change (50 µs each). */
function wallClock(zone: string): (dateMs: number, minutes: number) => number {
  const starts = new Map<number, number>();
  const startOf = (dateMs: number): number => {
    const known = starts.get(dateMs) ?? exactly(dateMs, zone);
    starts.set(dateMs, known);
    return known;
  };
  return (dateMs, minutes) => {
    const day = dateMs + Math.floor(minutes / 1440) * DAY;
    const offset = day - startOf(day);
    const isSteady = day - DAY - startOf(day - DAY) === offset && day + DAY - startOf(day + DAY) === offset;
    const wall = dateMs + minutes * 60_000;
    return isSteady ? wall - offset : exactly(wall, zone);
  };
}

const clocks = new Map<string, ReturnType<typeof wallClock>>();
const clockOf = (zone: string): ReturnType<typeof wallClock> => {
  const clock = clocks.get(zone) ?? wallClock(zone);
  clocks.set(zone, clock);
  return clock;
};

/** What is left of a span without those that are closed. */
const without = (span: Span, closed: readonly Span[]): Span[] => closed.reduce<Span[]>((open, { from, to }) => open.flatMap((part) => [
  { from: part.from, to: Math.min(part.to, from) }, { from: Math.max(part.from, to), to: part.to },
].filter((rest) => rest.from < rest.to)), [span]);

/** Closures by date (as its midnight in UTC). */
function closedSpans({ closures = [], zone }: CalendarVersion): ReadonlyMap<number, Span[]> {
  const toInstant = clockOf(zone);
  return groupBy(closures.map(({ date, from, to = '24:00' }) => {
    const day = Date.parse(date);
    return { day, from: toInstant(day, minutesOf(from)), to: toInstant(day, minutesOf(to)) };
  }), ({ day }) => day);
}

/** Open spans that start on the dates around a span, clipped to it. */
function* openSpans(version: CalendarVersion, { from, to }: Span): Generator<Span> {
  const toInstant = clockOf(version.zone);
  const closed = closedSpans(version);
  const holidays = new Set(version.holidays ?? []);
  const windows = version.windows.map((window) => ({
    days: new Set(window.days.map((day) => weekdays.indexOf(day))),
    opens: minutesOf(window.from),
    closes: minutesOf(window.to) + (window.overnight === true ? 1440 : 0),
  }));
  // Two dates around: a zone may be half a day off, and a window may begin on the eve.
  const first = Math.max(Math.floor(from / DAY) * DAY - 2 * DAY, Date.UTC(FIRST_YEAR, 0, 1));
  const last = Math.min(to + 2 * DAY, Date.UTC(LAST_YEAR, 0, 1));
  for (let date = first; date < last; date += DAY) {
    const weekday = (new Date(date).getUTCDay() + 6) % 7;
    if (holidays.has(new Date(date).toISOString().slice(0, 10))) continue;
    for (const { days, opens, closes } of windows) {
      if (!days.has(weekday)) continue;
      const span = { from: Math.max(from, toInstant(date, opens)), to: Math.min(to, toInstant(date, closes)) };
      // A window may end on the next date.
      if (span.from < span.to) yield* without(span, [date, date + DAY].flatMap((day) => closed.get(day) ?? []));
    }
  }
}

export function openWindows({ calendar_id, versions }: Calendar): OpenWindow[] {
  return versions.flatMap((version, index) => {
    const { from, to } = inForce(versions, index);
    return [...openSpans(version, { from, to })].map((span) => ({
      calendar_id, version: version.version, in_force_from: from, in_force_to: to, open_from: span.from, open_to: span.to,
    }));
  });
}

function unite(spans: readonly Span[]): Span[] {
  const united: { from: number; to: number }[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = united.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else united.push({ from, to });
  }
  return united;
}

/** An agent's time on shift. */
export function shiftSpans(shifts: readonly Shift[], calendars: readonly Calendar[]): Span[] {
  return unite(shifts.flatMap((shift) => {
    const whole = { from: Date.parse(shift.from), to: Date.parse(shift.to) };
    const calendar = calendars.find(({ calendar_id }) => calendar_id === shift.calendar_id);
    if (calendar === undefined) return [whole];
    return calendar.versions.flatMap((version, index) => {
      const { from, to } = inForce(calendar.versions, index);
      const span = { from: Math.max(from, whole.from), to: Math.min(to, whole.to) };
      return span.from < span.to ? [...openSpans(version, span)] : [];
    });
  }));
}
