// Business time (section 6), the slow way: opening hours are laid out date by date in local
// wall time, turned into UTC intervals, united, and overlapped with the span in question.

export interface OpeningWindow {
  /** ISO weekdays, 1 = Monday … 7 = Sunday. */
  weekdays: readonly number[];
  from: string;
  /** A time at or before `from` lies on the next date; '24:00' is midnight at the end of the date. */
  to: string;
}

export interface CalendarVersion {
  version: number;
  /** The instant from which the version is in force. */
  valid_from: number;
  zone: string;
  windows: readonly OpeningWindow[];
  /** Local dates, YYYY-MM-DD, on which no window starts. */
  holidays: readonly string[];
  /** Parts of local dates that are closed, whatever window is open then. */
  closures?: readonly { date: string; from: string; to: string }[];
}

export interface Calendar {
  calendar_id: string;
  versions: readonly CalendarVersion[];
}

/** A clock measures spans in milliseconds. */
export interface Clock {
  between(from: number, to: number): number;
  /** The earliest instant at which `ms` have elapsed since `from`. */
  add(from: number, ms: number): number;
  /** What is open in [from, to). */
  open(from: number, to: number): [number, number][];
}

export const endOfTime = Date.UTC(2106, 0, 1);
const day = 86_400_000;

export const elapsedClock: Clock = {
  between: (from, to) => Math.max(0, to - from),
  add: (from, ms) => from + ms,
  open: (from, to) => (from < to ? [[from, to]] : []),
};

const formats = new Map<string, Intl.DateTimeFormat>();

function zoneFormat(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric',
    hour: 'numeric', minute: 'numeric', second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}

/** The wall clock at an instant, written as if it were UTC. */
export function wallClock(instant: number, zone: string): number {
  // The zone's offset is one and the same all through a quarter of an hour, and asking for it is slow.
  const quarter = Math.floor(instant / 900_000) * 900_000;
  const known = offsets.get(zone) ?? new Map<number, number>();
  offsets.set(zone, known);
  const offset = known.get(quarter) ?? slowWallClock(quarter, zone) - quarter;
  known.set(quarter, offset);
  return instant + offset;
}

const offsets = new Map<string, Map<number, number>>();

function slowWallClock(instant: number, zone: string): number {
  const parts = new Map(zoneFormat(zone).formatToParts(instant).map((p) => [p.type, Number(p.value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/** A doubled wall time means its first occurrence; a missing one is read by the offset before the gap. */
export function instantOf(wall: number, zone: string): number {
  const offsetBefore = wallClock(wall - day, zone) - (wall - day);
  const offsetAfter = wallClock(wall + day, zone) - (wall + day);
  const first = wall - offsetBefore;
  const second = wall - offsetAfter;
  if (wallClock(first, zone) === wall) return first;
  return wallClock(second, zone) === wall ? second : first;
}

function timeOfDay(text: string): number {
  const [hours, minutes] = text.split(':').map(Number);
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000;
}

/** The open intervals that start on one local date (given as the date's midnight in UTC). */
export function intervalsOfDate(version: CalendarVersion, date: number): [number, number][] {
  if (version.holidays.includes(new Date(date).toISOString().slice(0, 10))) return [];
  const weekday = new Date(date).getUTCDay() || 7;
  return version.windows.filter((w) => w.weekdays.includes(weekday)).map((w) => {
    const from = timeOfDay(w.from);
    const to = timeOfDay(w.to);
    return [instantOf(date + from, version.zone), instantOf(date + to + (to <= from ? day : 0), version.zone)];
  });
}

/** When a version is closed in spite of its windows. */
function closedIn(version: CalendarVersion): [number, number][] {
  return (version.closures ?? []).map(({ date, from, to }) => [
    instantOf(Date.parse(date) + timeOfDay(from), version.zone), instantOf(Date.parse(date) + timeOfDay(to), version.zone),
  ]);
}

/** Cut at every end of what is closed, the pieces are wholly open or wholly closed. */
function outside(open: [number, number][], closed: [number, number][]): [number, number][] {
  const cuts = closed.flat();
  return open.flatMap(([from, to]) => {
    const ends = [from, ...cuts.filter((cut) => cut > from && cut < to).sort((a, b) => a - b), to];
    return ends.slice(1).map((end, i): [number, number] => [ends[i] ?? end, end]).filter(([a]) => !closed.some((c) => c[0] <= a && a < c[1]));
  });
}

function unite(intervals: [number, number][]): [number, number][] {
  const united: [number, number][] = [];
  for (const [from, to] of intervals.filter(([a, b]) => a < b).sort((a, b) => a[0] - b[0])) {
    const last = united.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else united.push([from, to]);
  }
  return united;
}

export class CalendarClock implements Clock {
  readonly #versions: CalendarVersion[];
  readonly #dates = new Map<CalendarVersion, Map<number, [number, number][]>>();
  readonly #weeks = new Map<number, number>();
  readonly #closed: ReadonlyMap<CalendarVersion, [number, number][]>;

  constructor(calendar: Calendar) {
    this.#versions = [...calendar.versions].sort((a, b) => a.valid_from - b.valid_from);
    this.#closed = new Map(this.#versions.map((version) => [version, closedIn(version)]));
  }

  #onDate(version: CalendarVersion, date: number): [number, number][] {
    const dates = this.#dates.get(version) ?? new Map<number, [number, number][]>();
    this.#dates.set(version, dates);
    const intervals = dates.get(date) ?? outside(intervalsOfDate(version, date), this.#closed.get(version) ?? []);
    dates.set(date, intervals);
    return intervals;
  }

  /** Everything open in [from, to); each version is clipped to the time in which it is in force. */
  open(from: number, to: number): [number, number][] {
    const intervals: [number, number][] = [];
    this.#versions.forEach((version, i) => {
      const start = Math.max(from, version.valid_from);
      const end = Math.min(to, this.#versions[i + 1]?.valid_from ?? endOfTime);
      // Two dates before: a zone may be ahead of UTC, and a window may begin on the eve.
      for (let date = Math.floor(start / day) * day - 2 * day; date <= end + day; date += day) {
        for (const [a, b] of this.#onDate(version, date)) intervals.push([Math.max(a, start), Math.min(b, end)]);
      }
    });
    return unite(intervals);
  }

  #openMs(from: number, to: number): number {
    return this.open(from, to).reduce((sum, [a, b]) => sum + (b - a), 0);
  }

  /** Open time of a whole week of the UTC time line, remembered: spans up to now are many and long. */
  #openMsOfWeek(week: number): number {
    const known = this.#weeks.get(week) ?? this.#openMs(week * 7 * day, (week + 1) * 7 * day);
    this.#weeks.set(week, known);
    return known;
  }

  between(from: number, to: number): number {
    if (to <= from) return 0;
    const firstWeek = Math.ceil(from / (7 * day));
    const endWeek = Math.floor(to / (7 * day));
    if (firstWeek >= endWeek) return this.#openMs(from, to);
    let sum = this.#openMs(from, firstWeek * 7 * day) + this.#openMs(endWeek * 7 * day, to);
    for (let week = firstWeek; week < endWeek; week += 1) sum += this.#openMsOfWeek(week);
    return sum;
  }

  add(from: number, ms: number): number {
    if (ms <= 0) return from;
    let left = ms;
    for (let chunk = from; chunk < from + 3660 * day; chunk += 7 * day) {
      for (const [a, b] of this.open(chunk, chunk + 7 * day)) {
        if (b - a >= left) return a + left;
        left -= b - a;
      }
    }
    return endOfTime;
  }
}
