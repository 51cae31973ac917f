// Who waits for whom: the customer's waits, the agents' reply turns and the first response.
import type { Clock } from './calendar.ts';
import type { Row } from './events.ts';
import { clockPair, span, type Rules } from './config.ts';
import { stationOf, stations } from './periods.ts';
import { isOver } from './statuses.ts';
import { isDiscard, isSolve, type State, type Step, type Timeline } from './timeline.ts';

export type Reply = Extract<Step, { kind: 'agent_reply' }>;

export interface Wait {
  wait_no: number;
  waiting_since: number;
  startIndex: number;
  atStart: State;
  end: { at: number; index: number; by: 'agent_reply' | 'solved' | 'discarded'; agent: string; state: State } | null;
}

/** A reply before the creation answers nothing. */
function answers(step: Reply, timeline: Timeline): boolean {
  return step.index > timeline.creationIndex;
}

/** A wait starts at the first customer message without a later reply; a reply, a solve or a discard ends it. */
export function customerWaits(timeline: Timeline): Wait[] {
  const waits: Wait[] = [];
  for (const step of timeline.steps) {
    const last = waits.at(-1);
    const open = last?.end === null ? last : undefined;
    const { at, index } = step;
    if (step.kind === 'customer_message' && !open) {
      waits.push({ wait_no: waits.length + 1, waiting_since: at, startIndex: index, atStart: step.after, end: null });
    }
    if (open && step.kind === 'agent_reply' && answers(step, timeline)) {
      open.end = { at, index, by: 'agent_reply', agent: step.agent, state: step.after };
    }
    if (open && isSolve(step)) {
      open.end = { at, index, by: 'solved', agent: '', state: step.after };
    }
    if (open && isDiscard(step)) {
      open.end = { at, index, by: 'discarded', agent: '', state: step.after };
    }
  }
  return waits;
}

/** Own clock of a reply: from its agent's station if that agent is the assignee, else from the wait's start. */
function ownClockStart(wait: Wait, timeline: Timeline): number {
  const end = wait.end;
  if (!end || end.agent === '' || end.state.assignee !== end.agent) return wait.waiting_since;
  const station = stationOf(stations(timeline), end.index);
  return Math.max(wait.waiting_since, station?.assigned_at ?? wait.waiting_since);
}

function kindOf(wait: Wait): string {
  return wait.wait_no === 1 ? 'first' : 'next';
}

/** 1 if the calendar is open at that instant. */
export function inBusinessHours(at: number, business: Clock): number {
  return Number(business.between(at, at + 1) > 0);
}

export function customerWaitRows(timeline: Timeline, waits: readonly Wait[], rules: Rules): Row[] {
  const { integration_id, ticket_id } = timeline;
  const business = rules.businessClock(integration_id);
  return waits.map((wait) => {
    const { end } = wait;
    const replied = end?.by === 'agent_reply';
    return {
      integration_id,
      ticket_id,
      wait_no: wait.wait_no,
      kind: kindOf(wait),
      waiting_since: wait.waiting_since,
      ended_at: end?.at ?? null,
      ended_by: end?.by ?? '',
      replied_by_agent_id: end?.agent ?? '',
      assignee_at_start: wait.atStart.assignee,
      assignee_at_reply: replied ? end.state.assignee : '',
      queue_at_start: wait.atStart.queue,
      queue_at_end: end?.state.queue ?? '',
      ...clockPair('wait', span(wait.waiting_since, end?.at ?? null), business),
      ...clockPair('agent_wait', replied ? span(ownClockStart(wait, timeline), end.at) : null, business),
      in_business_hours: replied ? inBusinessHours(end.at, business) : null,
      is_waiting_now: Number(!end && !isOver(timeline.steps.at(-1)?.after.category ?? 'new')),
    };
  });
}

export interface Turn {
  turn_no: number;
  agent: string;
  replies: Reply[];
}

/** Consecutive replies of one agent; notes, automated messages and solves in between don't split a turn. */
export function replyTurns(timeline: Timeline): Turn[] {
  const turns: Turn[] = [];
  let speaker: string | null = null; // an agent, or null for the customer
  for (const step of timeline.steps) {
    if (step.kind === 'customer_message') speaker = null;
    if (step.kind !== 'agent_reply') continue;
    const current = turns.at(-1);
    if (current && speaker === step.agent) current.replies.push(step);
    else turns.push({ turn_no: turns.length + 1, agent: step.agent, replies: [step] });
    speaker = step.agent;
  }
  return turns;
}

export function agentReplyRows(timeline: Timeline, waits: readonly Wait[], rules: Rules): Row[] {
  const { integration_id, ticket_id } = timeline;
  const business = rules.businessClock(integration_id);
  const answer = firstResponse(timeline).reply;
  return replyTurns(timeline).map((turn) => {
    const first = turn.replies[0];
    const wait = waits.find((w) => turn.replies.some((r) => w.end?.by === 'agent_reply' && w.end.index === r.index));
    const endedAt = wait?.end?.at ?? null;
    return {
      integration_id,
      ticket_id,
      turn_no: turn.turn_no,
      agent_id: turn.agent,
      replied_at: first?.at ?? null,
      messages: turn.replies.length,
      wait_no: wait?.wait_no ?? null,
      ...clockPair('wait', span(wait?.waiting_since ?? null, endedAt), business),
      ...clockPair('agent_wait', span(wait ? ownClockStart(wait, timeline) : null, endedAt), business),
      last_reply_at: turn.replies.at(-1)?.at ?? null,
      kind: wait ? kindOf(wait) : '',
      in_business_hours: inBusinessHours(first?.at ?? 0, business),
      is_first_response: Number(turn.replies.some((r) => r.index === answer?.index)),
      assignee_at_reply: first?.after.assignee ?? '',
      queue_id: first?.after.queue ?? '',
    };
  });
}

export interface FirstResponse {
  /** The creation, or the first customer message if there was none before; null without any. */
  startedAt: number | null;
  /** The first reply after both. */
  reply: Reply | null;
}

export function firstResponse(timeline: Timeline): FirstResponse {
  const asked = timeline.steps.find((s) => s.kind === 'customer_message');
  if (!asked) return { startedAt: null, reply: null };
  const reply = timeline.steps
    .filter((s) => s.kind === 'agent_reply')
    .find((s) => s.index > asked.index && answers(s, timeline));
  return { startedAt: Math.max(timeline.created_at, asked.at), reply: reply ?? null };
}
