// The process as edges between neighbouring steps, and how long tickets survive unsolved.
import type { Cell, Row } from './events.ts';
import { clockPair, type Rules } from './config.ts';
import { resolutions } from './tickets.ts';
import { isOver } from './statuses.ts';
import { crossingOf, type Step, type Timeline } from './timeline.ts';

/** Names of activities: what the step was, and for a status what it did to the backlog, else its new category. */
function activityOf(step: Step): string {
  switch (step.kind) {
    case 'status':
      return crossingOf(step) ?? `status_${step.after.category}`;
    case 'assignment':
      return step.event.assignee.agent_id === null && step.event.assignee.group_id === null ? 'unassigned' : 'assigned';
    case 'escalation': return 'escalated';
    case 'created':
    case 'customer_message':
    case 'agent_reply':
    case 'private_note':
    case 'automated_message':
    case 'repeat_of_initial_message':
      return step.kind;
  }
}

function actorOf(step: Step): string {
  switch (step.kind) {
    case 'agent_reply': return step.agent;
    case 'private_note': return step.agent ?? '';
    case 'status': return step.event.changed_by.id ?? '';
    case 'assignment': return step.event.assigned_by.id ?? '';
    case 'created':
    case 'customer_message':
    case 'automated_message':
    case 'repeat_of_initial_message':
    case 'escalation':
      return '';
  }
}

function actorTypeOf(step: Step): string {
  switch (step.event.event_type) {
    case 'ticket.created': return 'customer';
    case 'message.received': return step.event.sender.type;
    case 'status.changed': return step.event.changed_by.type;
    case 'agent.assigned': return step.event.assigned_by.type;
    case 'escalation.fired': return '';
  }
}

/** Activities are events: the message inside a creation is none of its own, nor is its repetition. */
function isActivity(step: Step): boolean {
  return step.kind !== 'repeat_of_initial_message'
    && !(step.kind === 'customer_message' && step.event.event_type === 'ticket.created');
}

export function processEdgeRows(timeline: Timeline, rules: Rules): Row[] {
  const { integration_id, ticket_id } = timeline;
  const business = rules.businessClock(integration_id);
  const activities = timeline.steps.filter(isActivity);
  return activities.slice(1).flatMap((to, i) => {
    const from = activities[i];
    if (!from) return [];
    return [{
      integration_id,
      ticket_id,
      edge_no: i + 1,
      from_activity: activityOf(from),
      to_activity: activityOf(to),
      from_actor_type: actorTypeOf(from),
      from_actor_id: actorOf(from),
      to_actor_type: actorTypeOf(to),
      to_actor_id: actorOf(to),
      from_queue_id: from.after.queue,
      to_queue_id: to.after.queue,
      from_at: from.at,
      to_at: to.at,
      ...clockPair('gap', [{ from: from.at, to: to.at }], business),
    }];
  });
}

interface Life {
  seconds: number;
  solved: boolean;
}

/** When a ticket that was never solved was last at risk: now, or where it was discarded; null where it was over from the start. */
function censoredAt(timeline: Timeline, now: number): number | null {
  if (!isOver(timeline.steps.at(-1)?.after.category ?? timeline.initial.category)) return now;
  const end = timeline.steps.findLast((step) => crossingOf(step) !== null);
  return end !== undefined && crossingOf(end) === 'discarded' ? end.at : null;
}

/** From the creation to the first solve; without one a ticket is censored. */
function lifeOf(timeline: Timeline, now: number): Life | null {
  const first = resolutions(timeline)[0];
  const until = first?.step.at ?? censoredAt(timeline, now);
  if (until === null) return null;
  return { seconds: Math.trunc(Math.max(0, until - timeline.created_at) / 1000), solved: first !== undefined };
}

export interface SurvivalPoint {
  seconds: number;
  at_risk: number;
  solved: number;
  censored: number;
  survival: number;
}

/** Kaplan-Meier: at each time at which some were solved, survival shrinks by solved / at risk. */
export function survivalCurve(lives: readonly Life[]): SurvivalPoint[] {
  const times = [...new Set(lives.map((l) => l.seconds))].sort((a, b) => a - b);
  let survival = 1;
  return times.map((seconds) => {
    const at_risk = lives.filter((l) => l.seconds >= seconds).length;
    const ending = lives.filter((l) => l.seconds === seconds);
    const solved = ending.filter((l) => l.solved).length;
    survival *= 1 - solved / at_risk;
    return { seconds, at_risk, solved, censored: ending.length - solved, survival };
  });
}

/** One curve per integration, or per value of another column (e.g. the first queue) within it. */
export function survivalRows(timelines: readonly Timeline[], rules: Rules, groupOf: (timeline: Timeline) => Cell): Row[] {
  const groups = new Map<string, { integration_id: string; group: Cell; lives: Life[] }>();
  for (const timeline of timelines) {
    const life = lifeOf(timeline, rules.now);
    if (!life) continue;
    const group = groupOf(timeline);
    const key = JSON.stringify([timeline.integration_id, group]);
    const entry = groups.get(key) ?? { integration_id: timeline.integration_id, group, lives: [] };
    entry.lives.push(life);
    groups.set(key, entry);
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, { integration_id, group, lives }]) =>
    survivalCurve(lives).map((point) => ({ integration_id, group, ...point })));
}
