// An event of an iCalendar file: when it starts, how long it lasts, how it repeats. Times keep
// their own zone. What can't be read is a problem with its line, never a guess.
import { Temporal } from 'temporal-polyfill';
import { propertiesOf, textOf, UnreadableCalendar, type Component, type Problem, type Property } from './lines.ts';
import { utc, type Zone } from './zones.ts';

export const DAY = 86_400_000;

export interface Moment {
  /** Milliseconds of the wall time, as if it were UTC. */
  readonly wall: number;
  /** A date: the whole of it, wherever one is. */
  readonly isDate: boolean;
  /** Null for a date, and for a time of wherever one is. */
  readonly zone: Zone | null;
}
export interface Span {
  readonly start: Moment;
  /** Milliseconds of wall time; whole days of a date. */
  readonly length: number;
}
export interface CalendarEvent extends Span {
  readonly line: number;
  readonly summary: string;
  /** Null when it has none and is an event for itself. */
  readonly uid: string | null;
  readonly sequence: number;
  readonly isCancelled: boolean;
  /** The occurrence of another event that this one stands for. */
  readonly replaces: Moment | null;
  /** It stands for all later ones, too. */
  readonly andLater: boolean;
  readonly rules: readonly Property[];
  readonly exceptRules: readonly Property[];
  readonly dates: readonly { readonly start: Moment; readonly length: number | null }[];
  readonly exceptDates: readonly Moment[];
}

type ZoneOf = (name: string) => Zone | null;

export const problem = (line: number, message: string): UnreadableCalendar => new UnreadableCalendar([{ line, message }]);

/** `20260609`, with or without VALUE=DATE, is a date; `20260609T120000` a time of its zone, with Z of UTC. */
export function readMoment({ name, line, parameters }: Property, text: string, zoneOf: ZoneOf): Moment {
  const [, date = '', time, z = ''] = /^(\d{8})(?:T(\d{6})(Z?))?$/i.exec(text.trim()) ?? [];
  const tzid = parameters['tzid'];
  const zone = z !== '' ? utc : tzid === undefined || time === undefined ? null : zoneOf(tzid);
  if (zone === null && tzid !== undefined && time !== undefined) throw problem(line, `${name.toUpperCase()}: the time zone "${tzid}" is neither one of the IANA nor defined in the file`);
  try {
    // A text that names a date which does not exist is refused by Temporal.
    const wall = Temporal.PlainDateTime.from(`${date}T${time ?? '000000'}`).toZonedDateTime('UTC').epochMilliseconds;
    return { wall, isDate: time === undefined, zone };
  } catch {
    throw problem(line, `${name.toUpperCase()}: "${text}" is no date or time`);
  }
}

function readDuration({ name, line }: Pick<Property, 'name' | 'line'>, text: string): number {
  try {
    return Temporal.Duration.from(text.trim()).total({ unit: 'milliseconds', relativeTo: '1970-01-01' });
  } catch {
    throw problem(line, `${name.toUpperCase()}: "${text}" is no duration`);
  }
}

const instantOf = ({ wall, zone }: Moment): number => (zone ?? utc).toInstant(wall);

/** An end in another zone than the start's is read in the start's. */
function lengthUntil(start: Moment, end: Moment, line: number): number {
  const wall = start.zone !== null && end.zone !== null && end.zone !== start.zone ? start.zone.toWall(instantOf(end)) : end.wall;
  if (wall < start.wall) throw problem(line, 'it ends before it starts');
  return wall - start.wall;
}

/** An event of dates lasts at least its first one; an end on that date itself is a common slip. */
const inDays = (length: number): number => Math.max(1, Math.ceil(length / DAY)) * DAY;

function lengthOf(start: Moment, properties: readonly Property[], zoneOf: ZoneOf): number {
  const end = properties.find(({ name }) => name === 'dtend');
  const duration = properties.find(({ name }) => name === 'duration');
  const length = end !== undefined ? lengthUntil(start, readMoment(end, end.value, zoneOf), end.line) : duration !== undefined ? readDuration(duration, duration.value) : 0;
  if (length < 0) throw problem(duration?.line ?? 0, 'it ends before it starts');
  return start.isDate ? inDays(length) : length;
}

const valuesOf = (properties: readonly Property[], name: string): (readonly [Property, string])[] => properties
  .filter((property) => property.name === name)
  .flatMap((property) => property.value.split(',').filter((value) => value.trim() !== '').map((value) => [property, value] as const));

/** A date of RDATE, which may be a period with an end or a duration of its own. */
function addedDate(property: Property, text: string, zoneOf: ZoneOf): { start: Moment; length: number | null } {
  const [from = '', until] = text.split('/');
  const start = readMoment(property, from, zoneOf);
  if (until === undefined) return { start, length: null };
  return { start, length: /^[+-]?P/i.test(until) ? readDuration(property, until) : lengthUntil(start, readMoment(property, until, zoneOf), property.line) };
}

function readEvent(component: Component, zoneOf: ZoneOf): CalendarEvent {
  const properties = propertiesOf(component);
  const first = (name: string): Property | undefined => properties.find((property) => property.name === name);
  const dtstart = first('dtstart');
  if (dtstart === undefined) throw problem(component.line, 'it has no DTSTART');
  const start = readMoment(dtstart, dtstart.value, zoneOf);
  const replaced = first('recurrence-id');
  return {
    line: component.line, summary: textOf(component, 'summary'), start, length: lengthOf(start, properties, zoneOf),
    uid: first('uid')?.value ?? null,
    sequence: Number(first('sequence')?.value ?? 0),
    isCancelled: first('status')?.value.toUpperCase() === 'CANCELLED',
    replaces: replaced === undefined ? null : readMoment(replaced, replaced.value, zoneOf),
    andLater: replaced?.parameters['range']?.toUpperCase() === 'THISANDFUTURE',
    rules: properties.filter(({ name }) => name === 'rrule'),
    exceptRules: properties.filter(({ name }) => name === 'exrule'),
    dates: valuesOf(properties, 'rdate').map(([property, value]) => addedDate(property, value, zoneOf)),
    exceptDates: valuesOf(properties, 'exdate').map(([property, value]) => readMoment(property, value, zoneOf)),
  };
}

/** What is wrong inside of an event is told with the event's name. */
export function problemsIn<T>(event: { line: number; summary: string }, problems: Problem[], read: () => T): T[] {
  try {
    return [read()];
  } catch (error) {
    if (!(error instanceof UnreadableCalendar)) throw error;
    problems.push(...error.problems.map(({ line, message }) => ({ line, message: `in the event "${event.summary}" of line ${event.line}: ${message}` })));
    return [];
  }
}

/** Of a calendar that was sent to call its events off (METHOD:CANCEL) all are cancelled, whatever they say themselves. */
export function readEvents(calendar: Component, zoneOf: ZoneOf, problems: Problem[]): CalendarEvent[] {
  const isCalledOff = textOf(calendar, 'method').trim().toUpperCase() === 'CANCEL';
  const events = calendar.children.filter(({ name }) => name === 'vevent').flatMap((component) => {
    const [summary = ''] = problemsIn({ line: component.line, summary: '' }, [], () => textOf(component, 'summary'));
    return problemsIn({ line: component.line, summary }, problems, () => readEvent(component, zoneOf));
  });
  return events.map((event) => ({ ...event, isCancelled: event.isCancelled || isCalledOff }));
}
