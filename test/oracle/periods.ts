// Two ways of cutting a ticket's life into periods: state intervals (nothing changed) and
// stations (same assignee and queue).
import { elapsedClock, endOfTime } from './calendar.ts';
import type { Row } from './events.ts';
import { clockPair, seconds, span, type Rules } from './config.ts';
import { isAgentsTurn, type StatusCategory } from './statuses.ts';
import { stretches, type Step, type Timeline } from './timeline.ts';
import type { Wait } from './conversation.ts';

export interface Interval {
  valid_from: number;
  valid_to: number;
  status: string;
  status_category: StatusCategory;
  queue_id: string;
  assignee_id: string;
  changed_by_type: string;
  changed_by_id: string;
}

function changes(step: Step): boolean {
  const { before, after } = step;
  return before.status !== after.status || before.queue !== after.queue || before.assignee !== after.assignee;
}

function actorOf(step: Step): { type: string; id: string } {
  if (step.kind === 'status') return { type: step.event.changed_by.type, id: step.event.changed_by.id ?? '' };
  if (step.kind === 'assignment') return { type: step.event.assigned_by.type, id: step.event.assigned_by.id ?? '' };
  return { type: '', id: '' };
}

/** A new interval at each change; those of length 0 are dropped, equal neighbours are kept. */
export function stateIntervals(timeline: Timeline): Interval[] {
  const opened = { type: timeline.creation ? 'customer' : '', id: '' };
  const starts = [{ at: timeline.steps[0]?.at ?? 0, state: timeline.initial, actor: opened }];
  for (const step of timeline.steps) {
    if (changes(step)) starts.push({ at: step.at, state: step.after, actor: actorOf(step) });
  }
  return starts
    .map(({ at, state, actor }, i) => ({
      valid_from: at,
      valid_to: starts[i + 1]?.at ?? endOfTime,
      status: state.status,
      status_category: state.category,
      queue_id: state.queue,
      assignee_id: state.assignee,
      changed_by_type: actor.type,
      changed_by_id: actor.id,
    }))
    .filter((interval) => interval.valid_from < interval.valid_to);
}

export function stateIntervalRows(timeline: Timeline, rules: Rules): Row[] {
  const { integration_id, ticket_id } = timeline;
  const business = rules.businessClock(integration_id);
  return stateIntervals(timeline).map((interval, i) => {
    const to = interval.valid_to === endOfTime ? rules.now : interval.valid_to;
    const length = [{ from: interval.valid_from, to }];
    return {
      integration_id,
      ticket_id,
      interval_no: i + 1,
      ...interval,
      seconds: seconds(length, elapsedClock),
      business_seconds: seconds(length, business),
    };
  });
}

export interface Station {
  station_no: number;
  agent: string;
  queue: string;
  assigned_at: number;
  ended_at: number | null;
  ended_by: '' | 'reassigned' | 'unassigned';
  name: string;
  assigned_by_type: string;
  assigned_by_id: string;
  from: { agent: string; queue: string };
  next: { agent: string; queue: string } | null;
  startIndex: number;
  /** The step that ended it; the number of steps while it lasts. */
  endIndex: number;
}

function isUnassignment(step: Step): boolean {
  return step.kind === 'assignment' && step.event.assignee.agent_id === null && step.event.assignee.group_id === null;
}

/** Stations of length 0 are kept; an assignment as the very first event has no nobody-station before it. */
export function stations(timeline: Timeline): Station[] {
  const { steps } = timeline;
  const found: Station[] = [];
  for (const step of steps) {
    const moved = step.before.assignee !== step.after.assignee || step.before.queue !== step.after.queue;
    if (step.index > 0 && !moved) continue;
    const current = found.at(-1);
    const here = { agent: step.after.assignee, queue: step.after.queue };
    if (current) {
      current.ended_at = step.at;
      current.ended_by = isUnassignment(step) ? 'unassigned' : 'reassigned';
      current.next = here;
      current.endIndex = step.index;
    }
    found.push({
      station_no: found.length + 1,
      ...here,
      assigned_at: step.at,
      ended_at: null,
      ended_by: '',
      name: step.kind === 'assignment' ? step.event.assignee.name ?? '' : '',
      assigned_by_type: step.kind === 'assignment' ? step.event.assigned_by.type : '',
      assigned_by_id: step.kind === 'assignment' ? step.event.assigned_by.id ?? '' : '',
      from: { agent: current?.agent ?? '', queue: current?.queue ?? '' },
      next: null,
      startIndex: step.index,
      endIndex: steps.length,
    });
  }
  return found;
}

/** The station in which a step took place (a station begins with the step that makes it). */
export function stationOf(all: readonly Station[], stepIndex: number): Station | undefined {
  return all.find((s) => s.startIndex <= stepIndex && stepIndex < s.endIndex);
}

/** Public replies of the station's own agent; a reply by agent '' is no station's own. */
export function ownReplies(station: Station, timeline: Timeline): (Step & { kind: 'agent_reply' })[] {
  return timeline.steps
    .slice(station.startIndex, station.endIndex)
    .filter((s) => s.kind === 'agent_reply')
    .filter((s) => station.agent !== '' && s.agent === station.agent);
}

/** Ended by reassigning or unassigning without an own reply; the same agent in another queue goes on holding it. */
export function isBounced(station: Station, timeline: Timeline): boolean {
  return station.agent !== ''
    && station.next !== null
    && station.next.agent !== station.agent
    && ownReplies(station, timeline).length === 0;
}

export function isHandoff(station: Station): boolean {
  return station.from.agent !== '' && station.agent !== '' && station.from.agent !== station.agent;
}

export function isHandoffOut(station: Station): boolean {
  return station.agent !== '' && station.next !== null && station.next.agent !== '' && station.next.agent !== station.agent;
}

/** Time in new+open while the station's agent held it, running time included. */
export function heldSpans(station: Station, timeline: Timeline, now: number): { from: number; to: number }[] {
  if (station.agent === '') return [];
  return stretches(timeline, now)
    .filter((s) => s.stepIndex >= station.startIndex && s.stepIndex < station.endIndex)
    .filter((s) => isAgentsTurn(s.state.category));
}

export function assignmentRows(timeline: Timeline, waits: readonly Wait[], rules: Rules): Row[] {
  const { integration_id, ticket_id } = timeline;
  const business = rules.businessClock(integration_id);
  return stations(timeline).map((station) => {
    const replies = ownReplies(station, timeline);
    const first = replies[0];
    const answered = waits.find((w) => w.end?.by === 'agent_reply' && w.end.index === first?.index);
    const ownStart = answered ? Math.max(station.assigned_at, answered.waiting_since) : null;
    return {
      integration_id,
      ticket_id,
      station_no: station.station_no,
      agent_id: station.agent,
      agent_name: station.name,
      queue_id: station.queue,
      assigned_at: station.assigned_at,
      ended_at: station.ended_at,
      ended_by: station.ended_by,
      assigned_by_type: station.assigned_by_type,
      assigned_by_id: station.assigned_by_id,
      from_agent_id: station.from.agent,
      from_queue_id: station.from.queue,
      first_public_reply_at: first?.at ?? null,
      public_replies: replies.length,
      ...clockPair('agent_first_response', span(ownStart, first?.at ?? null), business),
      ...clockPair('held', heldSpans(station, timeline, rules.now), business),
      is_bounced: Number(isBounced(station, timeline)),
      is_handoff: Number(isHandoff(station)),
      is_handoff_out: Number(isHandoffOut(station)),
    };
  });
}
