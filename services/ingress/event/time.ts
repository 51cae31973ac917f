// The one grammar of times, in the envelope and in bodies: RFC 3339, with T, t or a space between
// date and time. What a Date would silently turn into another day or year is no time.

export type Time = { readonly kind: 'time'; readonly ms: number } | { readonly kind: 'no_time'; readonly problem: string };

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
const FRACTION_AT = 19;
const ZONE_LENGTH = '+00:00'.length;
const ZERO = 0x30;

/** Of a text that is known to have digits there. */
function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at++) value = value * 10 + text.charCodeAt(at) - ZERO;
  return value;
}

/** Finer digits are cut. */
function milliseconds(text: string, end: number): number {
  let value = 0;
  for (let at = FRACTION_AT + 1; at < FRACTION_AT + 4; at++) value = value * 10 + (at < end ? text.charCodeAt(at) - ZERO : 0);
  return value;
}

const MINUTE_MS = 60_000;
const FOUR_CENTURIES_MS = 146_097 * 1_440 * MINUTE_MS;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** None in a month that does not exist. */
const daysIn = (year: number, month: number): number => (month === 2 && isLeap(year) ? 29 : DAYS[month - 1] ?? 0);

const noTime = (problem: string): Time => ({ kind: 'no_time', problem });

/** The last one that was read: an event's times are asked for twice and more in a row, by its schema, for its record, and are often the same. */
let last: { readonly text: string; readonly time: Time } | null = null;

/** Milliseconds since 1970, finer digits cut. */
export function readTime(text: string): Time {
  if (text !== last?.text) last = { text, time: parsed(text) };
  return last.time;
}

function parsed(text: string): Time {
  if (!RFC_3339.test(text)) return noTime('is not an RFC 3339 time with a zone, such as 2026-03-02T09:00:00Z or 2026-03-02T10:00:00+01:00');
  const [year, month, day, hour, minute, second] = [digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2), digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2)];
  const isUtc = /[Zz]$/.test(text);
  const zoneAt = text.length - (isUtc ? 1 : ZONE_LENGTH);
  const [offsetHours, offsetMinutes] = isUtc ? [0, 0] : [digits(text, zoneAt + 1, 2), digits(text, zoneAt + 4, 2)];
  if (day < 1 || day > daysIn(year, month)) return noTime('is a day that does not exist');
  if (hour > 23 || minute > 59 || second > 60) return noTime('is a time of day that does not exist; a day ends at 23:59:59');
  if (offsetHours > 23 || offsetMinutes > 59) return noTime('has an offset beyond ±23:59');
  const offset = (text[zoneAt] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes);
  // Date.UTC takes the years 0 to 99 for those of the last century, and the calendar repeats after 400 years.
  const minuteStart = Date.UTC(year + 400, month - 1, day) - FOUR_CENTURIES_MS + (hour * 60 + minute - offset) * MINUTE_MS;
  if (second === 60 && !endsMonth(minuteStart)) return noTime('has a leap second where none can be');
  return { kind: 'time', ms: minuteStart + second * 1_000 + milliseconds(text, zoneAt) };
}

/** A leap second follows the last minute of a month, UTC. As in POSIX time it is the first second of the next day. */
function endsMonth(minuteStart: number): boolean {
  const next = new Date(minuteStart + MINUTE_MS);
  return next.getUTCDate() === 1 && next.getUTCHours() === 0 && next.getUTCMinutes() === 0;
}
