// How busy agents are on shift, by local day: shifts are configuration; without one nothing is known.
import type { Row } from './events.ts';
import { elapsedClock, instantOf, wallClock } from './calendar.ts';
import { seconds, type Rules, type Shift, type Span } from './config.ts';
import { integrationsOf } from './agents.ts';
import { share, sum } from './figures.ts';
import { heldSpans, stations } from './periods.ts';
import { agentSessions, type Session } from './sessions.ts';
import type { Timeline } from './timeline.ts';

const day = 86_400_000;

/** Overlapping shifts unite; what lies ahead has not been worked yet. */
function timeOnShift(shifts: readonly Shift[], rules: Rules): Span[] {
  const spans = shifts
    .flatMap((shift) => rules.clock(shift.calendar_id ?? '').open(shift.from, Math.min(shift.to, rules.now)))
    .sort(([a], [b]) => a - b);
  const united: Span[] = [];
  for (const [from, to] of spans) {
    const last = united.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else united.push({ from, to });
  }
  return united;
}

function overlap(spans: readonly Span[], within: readonly Span[]): Span[] {
  return spans.flatMap((s) => within.map((w) => ({ from: Math.max(s.from, w.from), to: Math.min(s.to, w.to) }))).filter((s) => s.from < s.to);
}

/** The local dates, written as midnight in UTC, that a span touches. */
function datesOf({ from, to }: Span, zone: string): number[] {
  const dates: number[] = [];
  for (let date = Math.floor(wallClock(from, zone) / day) * day; instantOf(date, zone) < to; date += day) dates.push(date);
  return dates;
}

interface Agent {
  integration_id: string;
  agent_id: string;
  shifts: Span[];
  sessions: Session[];
  /** Time in new+open with the agent, by ticket. */
  held: Span[][];
}

function dayRow(agent: Agent, date: number, zone: string, rules: Rules): Row {
  const { integration_id, agent_id } = agent;
  const today = { from: instantOf(date, zone), to: instantOf(date + day, zone) };
  const onShift = overlap(agent.shifts, [today]);
  const shift_seconds = seconds(onShift, elapsedClock);
  const begun = agent.sessions.filter(({ actions: [first] }) => first !== undefined && first.at >= today.from && first.at < today.to);
  const handle_seconds = sum(begun.map((session) => Math.trunc(session.handleMs / 1000)));
  // A sum over tickets is the sum of their whole-second values.
  const held_on_shift_seconds = sum(agent.held.map((spans) => seconds(overlap(spans, onShift), elapsedClock)));
  return {
    integration_id,
    agent_id,
    agent_name: rules.agentName(integration_id, agent_id),
    day: new Date(date).toISOString().slice(0, 10),
    shift_seconds,
    handle_seconds,
    occupancy: share(handle_seconds, shift_seconds),
    held_on_shift_seconds,
    concurrency: share(held_on_shift_seconds, shift_seconds),
  };
}

/** A row for each day with a shift or a session. */
export function occupancyRows(timelines: readonly Timeline[], rules: Rules, zone: string): Row[] {
  const sessions = agentSessions(timelines, rules);
  return integrationsOf(timelines).flatMap((integration_id) => {
    const tenant = timelines.filter((t) => t.integration_id === integration_id);
    const shifts = rules.shifts.filter((s) => s.integration_id === integration_id);
    const own = sessions.filter((s) => s.integration_id === integration_id);
    const agents = new Set([...shifts.map((s) => s.agent_id), ...own.map((s) => s.agent)]);
    return [...agents].flatMap((agent_id) => {
      const agent: Agent = {
        integration_id,
        agent_id,
        shifts: timeOnShift(shifts.filter((s) => s.agent_id === agent_id), rules),
        sessions: own.filter((s) => s.agent === agent_id),
        held: tenant.map((timeline) => stations(timeline).filter((s) => s.agent === agent_id).flatMap((s) => heldSpans(s, timeline, rules.now))),
      };
      const began = agent.sessions.map(({ actions: [first] }) => ({ from: first?.at ?? 0, to: (first?.at ?? 0) + 1 }));
      const dates = new Set([...agent.shifts, ...began].flatMap((span) => datesOf(span, zone)));
      return [...dates].map((date) => dayRow(agent, date, zone, rules));
    });
  });
}
