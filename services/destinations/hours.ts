// Hours in DESTINATIONS_FILE: some hours of some days of the week, by the clocks of a place. One form for every section that has them.

export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof days)[number];

export interface Hours {
  /** IANA zone. */
  readonly time_zone: string;
  readonly days: readonly Day[];
  /** HH:MM. */
  readonly from: string;
  /** HH:MM, not itself within; not later than `from`: the hours run over midnight, and belong to the day on which they begin. */
  readonly until: string;
  /** True: all other hours are meant. */
  readonly outside?: boolean;
}

const CLOCK = '([01]\\d|2[0-3]):[0-5]\\d';

export const hoursSchema = {
  type: 'object', additionalProperties: false, required: ['time_zone'],
  properties: {
    time_zone: { type: 'string', minLength: 1 },
    days: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: days }, default: [...days] },
    from: { type: 'string', pattern: `^${CLOCK}$`, default: '00:00' },
    until: { type: 'string', pattern: `^(${CLOCK}|24:00)$`, default: '24:00' },
    outside: { type: 'boolean' },
  },
};

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}

/** What the schema can't see. */
export const problemsOfHours = ({ time_zone: zone }: Hours, place: string): string[] =>
  (isTimeZone(zone) ? [] : [`${place}/time_zone: ${zone} is no time zone; an example is Europe/Berlin`]);

const clocks = new Map<string, Intl.DateTimeFormat>();

function wallTime(timeZone: string, at: number): { readonly day: number; readonly minute: number } {
  const clock = clocks.get(timeZone) ?? new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  clocks.set(timeZone, clock);
  const parts = new Map(clock.formatToParts(at).map(({ type, value }) => [type, value]));
  const day = days.indexOf((parts.get('weekday') ?? '').toLowerCase() as Day);
  return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}

const minutes = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** @param at milliseconds since 1970. */
export function isWithin(hours: Hours, at: number): boolean {
  const [from, until] = [minutes(hours.from), minutes(hours.until)];
  const { day, minute } = wallTime(hours.time_zone, at);
  const isDay = (index: number): boolean => hours.days.some((name) => name === days[(index + 7) % 7]);
  const isIn = from < until ? isDay(day) && minute >= from && minute < until : (isDay(day) && minute >= from) || (isDay(day - 1) && minute < until);
  return isIn !== (hours.outside ?? false);
}
