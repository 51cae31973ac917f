// Everything that a number may depend on besides the events.
import { CalendarClock, elapsedClock, endOfTime, type Calendar, type Clock } from './calendar.ts';
import type { SlaPolicy } from './sla.ts';
import { defaultStatusMap, type StatusMap } from './statuses.ts';
import type { Cut } from './order.ts';

/** When an agent is on shift: all the time between two instants, or a calendar's open hours between them. */
export interface Shift {
  integration_id: string;
  agent_id: string;
  from: number;
  to: number;
  calendar_id?: string;
}

export interface OracleConfig {
  /** The instant up to which running durations run. */
  now: number;
  asOf?: number;
  knownAt?: number;
  environment?: string;
  statusMap?: StatusMap;
  /** An integration's own entries, which come before the default ones. */
  statusMaps?: Readonly<Record<string, StatusMap>>;
  calendars?: readonly Calendar[];
  /** Default calendar by integration; without one, 24×7. */
  defaultCalendars?: Readonly<Record<string, string>>;
  policies?: readonly SlaPolicy[];
  shifts?: readonly Shift[];
  /** By integration and agent; without one an agent is called by the id. */
  agentNames?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Gaps up to this long join two actions into one session. */
  sessionGapSeconds?: number;
  loneActionSeconds?: number;
}

export interface Rules {
  now: number;
  cut: Cut;
  policies: readonly SlaPolicy[];
  shifts: readonly Shift[];
  sessionGapMs: number;
  loneActionMs: number;
  agentName(integration_id: string, agent_id: string): string;
  statusMaps(integration_id: string): readonly StatusMap[];
  /** The clock of a calendar; '' is 24×7. */
  clock(calendar_id: string): Clock;
  /** The clock of an integration's default calendar. */
  businessClock(integration_id: string): Clock;
}

const calendarClocks = new WeakMap<Calendar, Clock>();

/** One clock per calendar: it remembers the dates that it has laid out. */
function calendarClock(calendar: Calendar): Clock {
  const known = calendarClocks.get(calendar) ?? new CalendarClock(calendar);
  calendarClocks.set(calendar, known);
  return known;
}

export function rulesOf(config: OracleConfig): Rules {
  const clocks = new Map<string, Clock>([['', elapsedClock]]);
  for (const calendar of config.calendars ?? []) clocks.set(calendar.calendar_id, calendarClock(calendar));
  const clock = (calendar_id: string): Clock => {
    const found = clocks.get(calendar_id);
    if (!found) throw new Error(`no calendar ${calendar_id}`);
    return found;
  };
  return {
    now: config.now,
    cut: {
      environment: config.environment ?? 'production',
      asOf: config.asOf ?? endOfTime,
      knownAt: config.knownAt ?? endOfTime,
    },
    policies: config.policies ?? [],
    shifts: config.shifts ?? [],
    agentName: (integration, agent) => config.agentNames?.[integration]?.[agent] ?? agent,
    sessionGapMs: (config.sessionGapSeconds ?? 600) * 1000,
    loneActionMs: (config.loneActionSeconds ?? 60) * 1000,
    statusMaps: (integration) => [config.statusMaps?.[integration] ?? {}, config.statusMap ?? defaultStatusMap],
    clock,
    businessClock: (integration) => clock(config.defaultCalendars?.[integration] ?? ''),
  };
}

export interface Span {
  from: number;
  to: number;
}

/** Section 2: parts are added in milliseconds and truncated once; a negative span counts as 0. */
export function seconds(spans: readonly Span[], clock: Clock): number {
  return Math.trunc(spans.reduce((sum, s) => sum + clock.between(s.from, s.to), 0) / 1000);
}

/** The clock pair of a duration: NULL when it has not happened, 0 when it happened at once. */
export function clockPair(name: string, spans: readonly Span[] | null, business: Clock): Record<string, number | null> {
  return {
    [`${name}_seconds`]: spans && seconds(spans, elapsedClock),
    [`${name}_business_seconds`]: spans && seconds(spans, business),
  };
}

/** The span between two instants; null when the second has not happened. */
export function span(from: number | null, to: number | null): Span[] | null {
  return from === null || to === null ? null : [{ from, to }];
}
