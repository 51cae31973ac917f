// The process as edges between neighbouring steps, and how long tickets survive unsolved.
import type { Cell, Row } from './events.ts';
import { clockPair, type Rules } from './config.ts';
import { resolutions } from './tickets.ts';
import { isFinished } from './statuses.ts';
import { isReopen, isSolve, type Step, type Timeline } from './timeline.ts';

/** Names of activities: what the step was, and for a status its new category or the solve or reopen it is. */
function activityOf(step: Step): string {
  switch (step.kind) {
    case 'status':
      if (isSolve(step)) return 'solved';
      return isReopen(step) ? 'reopened' : `status_${step.after.category}`;
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

/** From the creation to the first solve; a ticket that is still open is censored now. */
function lifeOf(timeline: Timeline, now: number): Life | null {
  const first = resolutions(timeline)[0];
  const until = first?.step.at ?? now;
  const last = timeline.steps.at(-1);
  if (!first && last && isFinished(last.after.category)) return null; // created finished: nothing to resolve
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
