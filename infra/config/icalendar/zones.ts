// Wall times of a zone to instants and back. A wall time is written as milliseconds, as if it were UTC.
import ICAL from 'ical.js';
import { Temporal } from 'temporal-polyfill';
import { asIcal, textOf, type Component } from './lines.ts';

export interface Zone {
  toInstant(wall: number): number;
  toWall(instant: number): number;
}

export const utc: Zone = { toInstant: (wall) => wall, toWall: (instant) => instant };

/** A zone of the IANA's data base; null when there is none of this name. */
export function namedZone(name: string): Zone | null {
  try {
    // Its canonical names tell a zone from a bare offset.
    if (/^[+-]/.test(name)) return null;
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
  } catch {
    return null;
  }
  return {
    toInstant: (wall) => Temporal.Instant.fromEpochMilliseconds(wall).toZonedDateTimeISO('UTC').toPlainDateTime().toZonedDateTime(name).epochMilliseconds,
    toWall: (instant) => Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(name).toPlainDateTime().toZonedDateTime('UTC').epochMilliseconds,
  };
}

function icalTime(ms: number, zone: ICAL.Timezone): ICAL.Time {
  const at = new Date(ms);
  return new ICAL.Time({
    year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate(), hour: at.getUTCHours(), minute: at.getUTCMinutes(), second: at.getUTCSeconds(), isDate: false,
  }, zone);
}

/** A zone with its rules written in the file: what Outlook calls "W. Europe Standard Time". */
function writtenZone(component: Component): Zone {
  const zone = new ICAL.Timezone(asIcal(component));
  return {
    toInstant: (wall) => icalTime(wall, zone).toUnixTime() * 1000,
    toWall: (instant) => Date.parse(`${icalTime(instant, ICAL.Timezone.utcTimezone).convertToZone(zone).toString().slice(0, 19)}Z`),
  };
}

/** By the name that a calendar's times use; null for an unknown one. An IANA name means the IANA's rules, whatever the file says of it. */
export function zonesOf(calendar: Component): (name: string) => Zone | null {
  const written = new Map(calendar.children.filter(({ name }) => name === 'vtimezone').map((component) => [textOf(component, 'tzid'), component]));
  const known = new Map<string, Zone | null>();
  return (name) => {
    const component = written.get(name);
    const zone = known.get(name) ?? namedZone(name) ?? (component === undefined ? null : writtenZone(component));
    known.set(name, zone);
    return zone;
  };
}
