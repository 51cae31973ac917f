// When an event takes place: what its rules and dates give, without what is taken out or cancelled,
// and with what is moved. ical.js reads the file, but gives other dates than the standard for some
// rules (yearly on 29 February, by week number or by position), so rrule-temporal lays them out.
import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { LAST_YEAR } from '../calendars.ts';
import { DAY, problem, readMoment, type CalendarEvent, type Moment } from './events.ts';
import type { Property } from './lines.ts';
import { utc, type Zone } from './zones.ts';

export interface Occurrence {
  readonly start: Moment;
  readonly length: number;
  readonly event: CalendarEvent;
}
export interface LeftOut {
  readonly date: string;
  readonly summary: string;
  readonly reason: string;
}
export interface Series {
  readonly occurrences: readonly Occurrence[];
  readonly leftOut: readonly LeftOut[];
}

/** Daily for sixty years; what repeats more often is no holiday. */
const MOST = 22_000;
const parts = /^(FREQ|COUNT|INTERVAL|BYSECOND|BYMINUTE|BYHOUR|BYDAY|BYMONTHDAY|BYYEARDAY|BYWEEKNO|BYMONTH|BYSETPOS|WKST|RSCALE|SKIP)$/;
const partsOfTimes = /^(BYSECOND|BYMINUTE|BYHOUR)$/;
const end = Date.UTC(LAST_YEAR, 0, 1) - 1000;

const dateOf = (wall: number): string => new Date(wall).toISOString().slice(0, 10);
const midnightOf = (wall: number): number => Math.floor(wall / DAY) * DAY;
const basic = (wall: number): string => new Date(wall).toISOString().replaceAll(/[-:]|\.\d+/g, '');

export const leftOut = ({ summary }: CalendarEvent, wall: number, reason: string): LeftOut => ({ date: dateOf(wall), summary, reason });

/** UNTIL as a wall time of the event: its own kind by the standard, but dates and times are mixed in many files. */
function lastWall(rule: Property, until: string, start: Moment): number {
  const last = readMoment({ ...rule, parameters: {} }, until, () => null);
  if (start.isDate) return midnightOf(last.wall);
  if (last.isDate) return last.wall + DAY - 1000;
  return last.zone === null || start.zone === null ? last.wall : start.zone.toWall(last.zone.toInstant(last.wall));
}

function wallsOf(rule: Property, start: Moment): number[] {
  const given = rule.value.split(';').filter((part) => part !== '').map((part) => part.split('=').map((text) => text.trim().toUpperCase()));
  const until = given.find(([name]) => name === 'UNTIL')?.[1];
  const last = Math.min(end, until === undefined ? end : lastWall(rule, until, start));
  const kept = given.filter(([name]) => name !== 'UNTIL' && !(start.isDate && partsOfTimes.test(name ?? '')));
  const unknown = kept.find(([name = '']) => !parts.test(name));
  if (unknown !== undefined) throw problem(rule.line, `${rule.name.toUpperCase()}: ${unknown.join('=')} is not known here`);
  try {
    const laidOut = new RRuleTemporal({
      rruleString: `${kept.map((part) => part.join('=')).join(';')};UNTIL=${basic(last)}`, temporal: Temporal, maxIterations: 2 * MOST,
      dtstart: Temporal.Instant.fromEpochMilliseconds(start.wall).toZonedDateTimeISO('UTC'),
    }).all((_, index) => index <= MOST).map((at) => at.epochMilliseconds);
    if (laidOut.length <= MOST) return laidOut;
  } catch (error) {
    throw problem(rule.line, `${rule.name.toUpperCase()} "${rule.value}": ${error instanceof Error ? error.message : String(error)}`);
  }
  throw problem(rule.line, `${rule.name.toUpperCase()} "${rule.value}" repeats more than ${MOST} times`);
}

/** Which of the series' starts a date or time names, in whatever zone or kind it is written. */
function startsNamed(named: Moment, start: Moment, starts: ReadonlyMap<number, number>, here: Zone): number[] {
  if (start.isDate) {
    const written = midnightOf(named.wall);
    return [starts.has(written) || named.zone === null ? written : midnightOf(here.toWall(named.zone.toInstant(named.wall)))];
  }
  if (named.isDate) return [...starts.keys()].filter((wall) => midnightOf(wall) === named.wall);
  return [named.zone === null || start.zone === null ? named.wall : start.zone.toWall(named.zone.toInstant(named.wall))];
}

/** An RDATE in another zone, or of another kind, as the series' own. */
const wallIn = (start: Moment, added: Moment): number => (start.isDate ? midnightOf(added.wall)
  : start.zone === null || added.zone === null ? added.wall : start.zone.toWall(added.zone.toInstant(added.wall)));

/** The series before anything is replaced: lengths by start. */
function laidOut(event: CalendarEvent, here: Zone): { starts: Map<number, number>; leftOut: LeftOut[] } {
  const { start, length, rules, exceptRules, dates, exceptDates } = event;
  const starts = new Map((rules.length === 0 ? [start.wall] : rules.flatMap((rule) => wallsOf(rule, start))).map((wall) => [wall, length]));
  const missed = [];
  if (!starts.has(start.wall)) missed.push(leftOut(event, start.wall, start.wall > end ? `begins after ${LAST_YEAR - 1}` : starts.size === 0 ? 'its rule gives no date' : 'its own rule does not give this date'));
  for (const added of dates) starts.set(wallIn(start, added.start), added.length ?? length);
  const except = [...exceptDates.flatMap((named) => startsNamed(named, start, starts, here)), ...exceptRules.flatMap((rule) => wallsOf(rule, start))];
  for (const wall of except) if (starts.delete(wall)) missed.push(leftOut(event, wall, 'taken out by EXDATE or EXRULE'));
  return { starts, leftOut: missed };
}

/** @param replacing events of the same UID that stand for single occurrences, or for all from one on. */
export function seriesOf(event: CalendarEvent, replacing: readonly CalendarEvent[], here: Zone | null): Series {
  const { starts, leftOut: missed } = laidOut(event, here ?? utc);
  const changes = replacing.flatMap((by) => (by.replaces === null ? [] : startsNamed(by.replaces, event.start, starts, here ?? utc).map((from) => ({ by, from }))));
  for (const { from } of changes) starts.delete(from);
  const later = changes.filter(({ by }) => by.andLater).sort((a, b) => b.from - a.from);
  const occurrences = [...starts].flatMap(([wall, length]): Occurrence[] => {
    const change = later.find(({ from }) => from < wall);
    if (change === undefined) return [{ start: { ...event.start, wall }, length, event }];
    const { by, from } = change;
    if (!by.isCancelled) return [{ start: { ...by.start, wall: wall + by.start.wall - from }, length: by.length, event: by }];
    missed.push(leftOut(by, wall, 'cancelled'));
    return [];
  });
  return { occurrences, leftOut: missed };
}
