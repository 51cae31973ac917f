// The one grammar of times, in the envelope and in bodies: RFC 3339, with T, t or a space between
// date and time. What a Date would silently turn into another day or year is no time.

export type Time = { readonly kind: 'time'; readonly ms: number } | { readonly kind: 'no_time'; readonly problem: string };

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

const MINUTE_MS = 60_000;

const noTime = (problem: string): Time => ({ kind: 'no_time', problem });

/** Milliseconds since 1970, finer digits cut. */
export function readTime(text: string): Time {
  const found = RFC_3339.exec(text);
  if (found === null) return noTime('is not an RFC 3339 time with a zone, such as 2026-03-02T09:00:00Z or 2026-03-02T10:00:00+01:00');
  const part = (index: number): number => Number(found[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const [fraction = '', sign] = [found[7], found[8]];
  const [offsetHours, offsetMinutes] = [part(9), part(10)];
  // Not Date.UTC, which takes the years 0 to 99 for those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return noTime('is a day that does not exist');
  if (hour > 23 || minute > 59 || second > 60) return noTime('is a time of day that does not exist; a day ends at 23:59:59');
  if (offsetHours > 23 || offsetMinutes > 59) return noTime('has an offset beyond ±23:59');
  const offset = (sign === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes);
  const minuteStart = date.getTime() + (hour * 60 + minute - offset) * MINUTE_MS;
  if (second === 60 && !endsMonth(minuteStart)) return noTime('has a leap second where none can be');
  return { kind: 'time', ms: minuteStart + second * 1_000 + Number(fraction.slice(0, 3).padEnd(3, '0')) };
}

/** A leap second follows the last minute of a month, UTC. As in POSIX time it is the first second of the next day. */
function endsMonth(minuteStart: number): boolean {
  const next = new Date(minuteStart + MINUTE_MS);
  return next.getUTCDate() === 1 && next.getUTCHours() === 0 && next.getUTCMinutes() === 0;
}
