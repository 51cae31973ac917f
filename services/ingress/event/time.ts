// The one grammar of times, in the envelope and in bodies: RFC 3339, with T, t or a space between
// date and time. What a Date would silently turn into another day or year is no time.

export type Time = { readonly kind: 'time'; readonly ms: number } | { readonly kind: 'no_time'; readonly problem: string };

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

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
  const found = RFC_3339.exec(text);
  if (found === null) return noTime('is not an RFC 3339 time with a zone, such as 2026-03-02T09:00:00Z or 2026-03-02T10:00:00+01:00');
  const [year, month, day, hour, minute, second] = [Number(found[1]), Number(found[2]), Number(found[3]), Number(found[4]), Number(found[5]), Number(found[6])];
  const [fraction = '', sign] = [found[7], found[8]];
  const [offsetHours, offsetMinutes] = [Number(found[9] ?? 0), Number(found[10] ?? 0)];
  if (day < 1 || day > daysIn(year, month)) return noTime('is a day that does not exist');
  if (hour > 23 || minute > 59 || second > 60) return noTime('is a time of day that does not exist; a day ends at 23:59:59');
  if (offsetHours > 23 || offsetMinutes > 59) return noTime('has an offset beyond ±23:59');
  const offset = (sign === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes);
  // Date.UTC takes the years 0 to 99 for those of the last century, and the calendar repeats after 400 years.
  const minuteStart = Date.UTC(year + 400, month - 1, day) - FOUR_CENTURIES_MS + (hour * 60 + minute - offset) * MINUTE_MS;
  if (second === 60 && !endsMonth(minuteStart)) return noTime('has a leap second where none can be');
  return { kind: 'time', ms: minuteStart + second * 1_000 + Number(fraction.slice(0, 3).padEnd(3, '0')) };
}

/** A leap second follows the last minute of a month, UTC. As in POSIX time it is the first second of the next day. */
function endsMonth(minuteStart: number): boolean {
  const next = new Date(minuteStart + MINUTE_MS);
  return next.getUTCDate() === 1 && next.getUTCHours() === 0 && next.getUTCMinutes() === 0;
}
