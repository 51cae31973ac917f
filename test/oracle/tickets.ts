// One row per ticket: attributes and lifetime metrics; and its solves and escalations.
import type { Row } from './events.ts';
import { ticketAttributes } from './attributes.ts';
import { clockPair, span, type Rules, type Span } from './config.ts';
import { firstResponse, inBusinessHours, replyTurns, type Wait } from './conversation.ts';
import { heldSpans, isBounced, isHandoff, stations } from './periods.ts';
import { findingsByRule } from './quality.ts';
import { isAgentsTurn, isOver, type StatusCategory } from './statuses.ts';
import { isReopen, isSolve, stretches, type State, type Step, type Timeline } from './timeline.ts';

type StatusStep = Extract<Step, { kind: 'status' }>;

export interface Resolution {
  resolution_no: number;
  step: StatusStep;
  cycle_started_at: number;
  reopened_at: number | null;
}

/** One per solve. A cycle runs from the creation or the last reopen to the solve; a restored ticket's goes on from its old start. */
export function resolutions(timeline: Timeline): Resolution[] {
  const found: Resolution[] = [];
  let cycleStart = timeline.created_at;
  for (const step of timeline.steps) {
    if (step.kind !== 'status') continue;
    if (isSolve(step)) {
      found.push({ resolution_no: found.length + 1, step, cycle_started_at: cycleStart, reopened_at: null });
    }
    if (isReopen(step)) {
      const last = found.at(-1);
      if (last) last.reopened_at = step.at;
      cycleStart = step.at;
    }
  }
  return found;
}

function lastState(timeline: Timeline): State {
  return timeline.steps.at(-1)?.after ?? timeline.initial;
}

function timeIn(timeline: Timeline, now: number, matches: (state: State) => boolean): Span[] {
  return stretches(timeline, now).filter((s) => matches(s.state));
}

function clip(spans: readonly Span[], within: Span): Span[] {
  return spans.map((s) => ({ from: Math.max(s.from, within.from), to: Math.min(s.to, within.to) }));
}

export function resolutionRows(timeline: Timeline, rules: Rules): Row[] {
  const { integration_id, ticket_id, created_at } = timeline;
  const business = rules.businessClock(integration_id);
  const pending = timeIn(timeline, rules.now, (s) => s.category === 'pending');
  return resolutions(timeline).map(({ resolution_no, step, cycle_started_at, reopened_at }) => ({
    integration_id,
    ticket_id,
    resolution_no,
    solved_at: step.at,
    solved_by_type: step.event.changed_by.type,
    solved_by_id: step.event.changed_by.id ?? '',
    assignee_id: step.after.assignee,
    queue_id: step.after.queue,
    cycle_started_at,
    ...clockPair('cycle', span(cycle_started_at, step.at), business),
    ...clockPair('since_created', span(created_at, step.at), business),
    ...clockPair('pending', clip(pending, { from: cycle_started_at, to: step.at }), business),
    reopened_at,
  }));
}

/** Done by a person: a reply, a note, a status change or an assignment; null otherwise. */
export function humanActor(step: Step): string | null {
  switch (step.kind) {
    case 'agent_reply': return step.agent;
    case 'private_note': return step.agent;
    case 'status': return step.event.changed_by.type === 'agent' ? step.event.changed_by.id ?? '' : null;
    case 'assignment': return step.event.assigned_by.type === 'agent' ? step.event.assigned_by.id ?? '' : null;
    case 'created':
    case 'customer_message':
    case 'automated_message':
    case 'repeat_of_initial_message':
    case 'escalation':
      return null;
  }
}

export function escalationRows(timeline: Timeline, rules: Rules): Row[] {
  const { integration_id, ticket_id } = timeline;
  const business = rules.businessClock(integration_id);
  return timeline.steps.filter((s) => s.kind === 'escalation').map((step, i) => {
    const action = timeline.steps.find((s) => s.index > step.index && humanActor(s) !== null);
    return {
      integration_id,
      ticket_id,
      escalation_no: i + 1,
      event_id: step.event.event_id,
      fired_at: step.at,
      policy_id: step.event.policy.id,
      policy_name: step.event.policy.name ?? '',
      status_category: step.after.category,
      breached_metric: step.event.breached_metric,
      threshold_seconds: step.event.threshold_seconds,
      elapsed_seconds: step.event.elapsed_seconds,
      level: step.event.level,
      escalated_to_type: step.event.escalated_to.type ?? '',
      escalated_to_id: step.event.escalated_to.id ?? '',
      queue_id: step.after.queue,
      assignee_id: step.after.assignee,
      acknowledged_at: action?.at ?? null,
      acknowledged_by_agent_id: (action && humanActor(action)) ?? '',
      ...clockPair('acknowledge', span(step.at, action?.at ?? null), business),
    };
  });
}

/** Assignments after the creation's instant that name another group than the one before them; none counts as a group. */
function queueChanges(timeline: Timeline): number {
  const named = timeline.steps.filter((s) => s.kind === 'assignment').map((s) => ({ at: s.at, group: s.event.assignee.group_id ?? '' }));
  return named.filter(({ at, group }, i) => at > timeline.created_at && group !== (named[i - 1]?.group ?? '')).length;
}

/** First entry into closed since the ticket was last not over; null while it is not over. */
function closedAt(timeline: Timeline): number | null {
  if (!isOver(lastState(timeline).category)) return null;
  const sinceOver = timeline.steps.findLastIndex((s) => !isOver(s.before.category));
  const closing = timeline.steps.slice(Math.max(0, sinceOver)).find((s) => s.after.category === 'closed' && s.before.category !== 'closed');
  return closing?.at ?? null;
}

function counts(timeline: Timeline): Row {
  const { steps } = timeline;
  const kinds = (kind: Step['kind']): number => steps.filter((s) => s.kind === kind).length;
  const all = stations(timeline);
  const queues = all.map((s) => s.queue);
  return {
    solves: steps.filter(isSolve).length,
    reopens: steps.filter(isReopen).length,
    agent_replies: kinds('agent_reply'),
    reply_turns: replyTurns(timeline).length,
    private_notes: kinds('private_note'),
    customer_messages: kinds('customer_message'),
    stations: all.filter((s) => s.agent !== '').length,
    queue_stations: queues.filter((queue, i) => queue !== '' && queue !== queues[i - 1]).length,
    handoffs: all.filter(isHandoff).length,
    bounced_assignments: all.filter((s) => isBounced(s, timeline)).length,
    queue_changes: queueChanges(timeline),
    escalations: kinds('escalation'),
  };
}

/** Both are NULL unless the present cycle ended by a solve. */
function touches(timeline: Timeline): Row {
  if (lastState(timeline).cycle !== 'solved') return { is_one_touch: null, is_no_touch: null };
  const turns = replyTurns(timeline).length;
  return {
    is_one_touch: Number(turns === 1 && !timeline.steps.some(isReopen)),
    is_no_touch: Number(turns === 0),
  };
}

/** Sums over the ticket's life; those of an open ticket run up to now. */
function lifetimeSums(timeline: Timeline, rules: Rules): Row {
  const business = rules.businessClock(timeline.integration_id);
  const sum = (name: string, matches: (state: State) => boolean): Row =>
    clockPair(name, timeIn(timeline, rules.now, matches), business);
  const waitingCategories: StatusCategory[] = ['new', 'open', 'on_hold'];
  return {
    ...sum('requester_wait', (s) => waitingCategories.includes(s.category)),
    ...sum('pending', (s) => s.category === 'pending'),
    ...sum('on_hold', (s) => s.category === 'on_hold'),
    ...sum('agent_work', (s) => isAgentsTurn(s.category)),
    ...sum('unassigned', (s) => s.assignee === '' && !isOver(s.category)),
    ...clockPair('held', stations(timeline).flatMap((s) => heldSpans(s, timeline, rules.now)), business),
  };
}

export function ticketRow(timeline: Timeline, waits: readonly Wait[], rules: Rules): Row {
  const { integration_id, ticket_id, created_at } = timeline;
  const business = rules.businessClock(integration_id);
  const first = firstResponse(timeline);
  const solves = resolutions(timeline);
  const [firstSolve, lastSolve] = [solves[0], solves.at(-1)];
  // Solved and then discarded keeps it, discarded and then solved or closed has none.
  const solvedAt = lastState(timeline).cycle === 'solved' ? lastSolve?.step.at ?? null : null;
  const openWait = waits.find((w) => w.end === null)?.waiting_since ?? null;
  return {
    integration_id,
    ticket_id,
    ...ticketAttributes(timeline),
    first_response_started_at: first.startedAt,
    first_responded_at: first.reply?.at ?? null,
    first_response_agent_id: first.reply?.agent ?? '',
    assignee_at_first_response: first.reply?.after.assignee ?? '',
    queue_at_first_response: first.reply?.after.queue ?? '',
    ...clockPair('first_response', span(first.startedAt, first.reply?.at ?? null), business),
    first_response_in_business_hours: first.reply && inBusinessHours(first.reply.at, business),
    first_solved_at: firstSolve?.step.at ?? null,
    solved_at: solvedAt,
    last_solved_at: lastSolve?.step.at ?? null,
    closed_at: closedAt(timeline),
    is_discarded: Number(lastState(timeline).category === 'discarded'),
    ...clockPair('first_resolution', span(created_at, firstSolve?.step.at ?? null), business),
    ...clockPair('full_resolution', span(created_at, solvedAt), business),
    ...lifetimeSums(timeline, rules),
    ...counts(timeline),
    ...touches(timeline),
    waiting_since: openWait,
    is_waiting: Number(openWait !== null && !isOver(lastState(timeline).category)),
    data_quality: JSON.stringify([...findingsByRule(timeline, rules).keys()].sort()),
  };
}
