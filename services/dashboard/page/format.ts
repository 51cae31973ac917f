// Numbers and times as people read them, one way everywhere. What is rounded tells its exact value on hover.
import { locale } from './texts/text.ts';

const numbers = new Map<number, Intl.NumberFormat>();

export function count(value: number, digits = 0): string {
  const known = numbers.get(digits) ?? new Intl.NumberFormat(locale, { maximumFractionDigits: digits, minimumFractionDigits: 0 });
  numbers.set(digits, known);
  return known.format(value);
}

const percentages = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
export const percent = (share: number): string => percentages.format(share);

const UNITS = [['d', 86_400], ['h', 3_600], ['min', 60], ['s', 1]] as const;
export const NONE = '–';

/** Two units at most: 3 d 4 h, 2 min 5 s. */
export function duration(seconds: number | null): string {
  if (seconds === null) return NONE;
  const sign = seconds < 0 ? '−' : '';
  let rest = Math.trunc(Math.abs(seconds));
  const first = UNITS.findIndex(([, size]) => rest >= size);
  if (first === -1) return '0 s';
  const parts = UNITS.slice(first, first + 2).map(([unit, size]) => {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    return whole === 0 ? '' : `${count(whole)} ${unit}`;
  });
  return sign + parts.filter((part) => part !== '').join(' ');
}

/** For little room: the largest unit only. */
export function shortDuration(seconds: number | null): string {
  if (seconds === null) return NONE;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['s', 1];
  return `${count(Math.trunc(seconds / size))} ${unit}`;
}

/** Working time: days of it would not be days. */
export const hours = (seconds: number): string => `${count(seconds / 3_600, 1)} h`;

export const exactSeconds = (seconds: number): string => `${count(seconds)} s`;

export const browserZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** A zone that the browser knows; an address may say anything. */
export function zoneOr(wanted: string | null, other: string): string {
  try {
    return wanted === null ? other : Intl.DateTimeFormat('en', { timeZone: wanted }).resolvedOptions().timeZone;
  } catch {
    return other;
  }
}

export function time(instant: number, zone: string, options: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' }): string {
  return new Intl.DateTimeFormat(locale, { ...options, timeZone: zone }).format(instant);
}

export const clockTime = (instant: number, zone: string): string => time(instant, zone, { timeStyle: 'medium' });
export const exactTime = (instant: number): string => `${new Date(instant).toISOString().replace('T', ' ').replace('.000Z', '').replace('Z', '')} UTC`;

/** Of a zone: making one costs more than a hundred uses. */
const clocks = new Map<string, Intl.DateTimeFormat>();

/** The local date as the address writes it, and the hour of the day. */
function localOf(instant: number, zone: string): { readonly day: string; readonly hour: number } {
  const clock = clocks.get(zone) ?? new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', hourCycle: 'h23' });
  clocks.set(zone, clock);
  const part = Object.fromEntries(clock.formatToParts(instant).map(({ type, value }) => [type, value]));
  return { day: `${part['year'] ?? ''}-${part['month'] ?? ''}-${part['day'] ?? ''}`, hour: Number(part['hour']) };
}

export const dayOf = (instant: number, zone: string): string => localOf(instant, zone).day;
export const hourOf = (instant: number, zone: string): number => localOf(instant, zone).hour;

export function plusDays(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** A day of the address, which has no zone. */
export const dayText = (day: string): string => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(Date.parse(`${day}T00:00:00Z`));

export const weekday = (number: number): string => new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' }).format(Date.UTC(2024, 0, number));
