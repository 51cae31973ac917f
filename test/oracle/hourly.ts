// Flows and stocks per queue and per agent for each UTC hour, hours without an event included.
import type { Row } from './events.ts';
import { seconds, type Rules } from './config.ts';
import { elapsedClock } from './calendar.ts';
import { integrationsOf } from './agents.ts';
import { backlogAt, openWaitSince } from './backlog.ts';
import { customerWaits, replyTurns } from './conversation.ts';
import { heldSpans, stations } from './periods.ts';
import { holderOf, slaTimers } from './sla.ts';
import { isFinished } from './statuses.ts';
import { humanActor } from './tickets.ts';
import { isReopen, isSolve, type State, type Timeline } from './timeline.ts';

const hour = 3_600_000;

type Flow = 'created' | 'reopened' | 'moved_in' | 'moved_out' | 'solved' | 'breached'
  | 'customer_messages' | 'agent_replies' | 'reply_turns' | 'private_notes' | 'solves';

interface Happening {
  at: number;
  flow: Flow;
  /** The queue or agent that it counts for. */
  key: string;
}

type Side = (state: State) => string;
const queueSide: Side = (state) => state.queue;
const agentSide: Side = (state) => state.assignee;

/**
 * What moves a ticket into or out of a backlog. It is created in '' at its first event, unless
 * it was finished from the start; moves of finished tickets don't count.
 */
function backlogFlows(timeline: Timeline, side: Side): Happening[] {
  const flows: Happening[] = [];
  const first = timeline.steps[0];
  if (first && !isFinished(timeline.initial.category)) flows.push({ at: first.at, flow: 'created', key: '' });
  for (const step of timeline.steps) {
    const [from, to] = [side(step.before), side(step.after)];
    if (from !== to && !isFinished(step.before.category)) {
      flows.push({ at: step.at, flow: 'moved_out', key: from }, { at: step.at, flow: 'moved_in', key: to });
    }
    if (isSolve(step)) flows.push({ at: step.at, flow: 'solved', key: to });
    if (isReopen(step)) flows.push({ at: step.at, flow: 'reopened', key: to });
  }
  return flows;
}

function breaches(timeline: Timeline, rules: Rules, by: 'queue' | 'agent'): Happening[] {
  return slaTimers(timeline, customerWaits(timeline), rules).flatMap((timer) =>
    timer.breached_at === null ? [] : [{ at: timer.breached_at, flow: 'breached', key: holderOf(timer, timeline, rules.now)[by] }]);
}

function queueHappenings(timeline: Timeline, rules: Rules): Happening[] {
  const messages = timeline.steps.flatMap((step): Happening[] => {
    if (step.kind === 'customer_message') return [{ at: step.at, flow: 'customer_messages', key: step.after.queue }];
    if (step.kind === 'agent_reply') return [{ at: step.at, flow: 'agent_replies', key: step.after.queue }];
    return [];
  });
  return [...backlogFlows(timeline, queueSide), ...breaches(timeline, rules, 'queue'), ...messages];
}

/** The backlog of an agent follows the assignee; `solves`, replies and notes follow the actor. */
function agentHappenings(timeline: Timeline, rules: Rules): Happening[] {
  const acts = timeline.steps.flatMap((step): Happening[] => {
    const actor = humanActor(step);
    if (actor === null) return [];
    if (step.kind === 'agent_reply') return [{ at: step.at, flow: 'agent_replies', key: actor }];
    if (step.kind === 'private_note') return [{ at: step.at, flow: 'private_notes', key: actor }];
    return isSolve(step) ? [{ at: step.at, flow: 'solves', key: actor }] : [];
  });
  const turns = replyTurns(timeline).map((turn): Happening =>
    ({ at: turn.replies[0]?.at ?? 0, flow: 'reply_turns', key: turn.agent }));
  return [...backlogFlows(timeline, agentSide), ...breaches(timeline, rules, 'agent'), ...acts, ...turns];
}

/** Every hour from the first event of the integration to the one that contains now. */
function hoursOf(tenant: readonly Timeline[], now: number): number[] {
  const first = Math.min(...tenant.flatMap((t) => t.steps.map((s) => s.at)));
  const hours: number[] = [];
  for (let at = Math.floor(first / hour) * hour; at <= now; at += hour) hours.push(at);
  return hours;
}

function countFlows(happenings: readonly Happening[], flows: readonly Flow[]): Row {
  return Object.fromEntries(flows.map((flow) => [flow, happenings.filter((h) => h.flow === flow).length]));
}

interface Stock {
  key: string;
  waiting: boolean;
}

/** The state just before an hour's end. */
function stockBefore(tenant: readonly Timeline[], end: number, by: 'queue' | 'agent'): Stock[] {
  return backlogAt(tenant, end - 1).map((held) => ({
    key: by === 'queue' ? held.queue_id : held.assignee_id,
    waiting: openWaitSince(held.timeline, end - 1) !== null,
  }));
}

interface Grain {
  by: 'queue' | 'agent';
  column: 'queue_id' | 'agent_id';
  flows: readonly Flow[];
  happenings: (timeline: Timeline, rules: Rules) => Happening[];
  extra: (tenant: readonly Timeline[], key: string, start: number, rules: Rules) => Row;
}

function rowsOfTenant(tenant: readonly Timeline[], integration_id: string, grain: Grain, rules: Rules): Row[] {
  const happenings = tenant.flatMap((t) => grain.happenings(t, rules));
  const held = tenant.flatMap((t) => t.steps.map((s) => (grain.by === 'queue' ? s.after.queue : s.after.assignee)));
  const keys = [...new Set([...happenings.map((h) => h.key), ...held])].sort();
  return hoursOf(tenant, rules.now).flatMap((start) => {
    const within = happenings.filter((h) => h.at >= start && h.at < start + hour);
    const stock = stockBefore(tenant, start + hour, grain.by);
    return keys.map((key): Row => {
      const counts = countFlows(within.filter((h) => h.key === key), grain.flows);
      const n = (flow: Flow): number => Number(counts[flow]);
      return {
        integration_id,
        [grain.column]: key,
        hour: start,
        ...counts,
        net_flow: n('created') + n('reopened') + n('moved_in') - n('solved') - n('moved_out'),
        backlog_end: stock.filter((s) => s.key === key).length,
        waiting_end: stock.filter((s) => s.key === key && s.waiting).length,
        ...grain.extra(tenant, key, start, rules),
      };
    });
  });
}

const flowsOfBoth: readonly Flow[] = ['created', 'reopened', 'moved_in', 'moved_out', 'solved', 'breached', 'agent_replies'];

export function queueHourlyRows(timelines: readonly Timeline[], rules: Rules): Row[] {
  const grain: Grain = {
    by: 'queue', column: 'queue_id', flows: [...flowsOfBoth, 'customer_messages'], happenings: queueHappenings, extra: () => ({}),
  };
  return integrationsOf(timelines).flatMap((id) => rowsOfTenant(timelines.filter((t) => t.integration_id === id), id, grain, rules));
}

function heldWithin(tenant: readonly Timeline[], agent: string, start: number, rules: Rules): Row {
  const perTicket = tenant.map((timeline) => {
    const spans = stations(timeline).filter((s) => s.agent === agent).flatMap((s) => heldSpans(s, timeline, rules.now));
    return seconds(spans.map((s) => ({ from: Math.max(s.from, start), to: Math.min(s.to, start + hour) })), elapsedClock);
  });
  return { held_seconds: perTicket.reduce((sum, value) => sum + value, 0) };
}

/** Agent '' carries the flows of tickets that nobody holds, so that the backlogs add up. */
export function agentHourlyRows(timelines: readonly Timeline[], rules: Rules): Row[] {
  const grain: Grain = {
    by: 'agent',
    column: 'agent_id',
    flows: [...flowsOfBoth, 'reply_turns', 'private_notes', 'solves'],
    happenings: agentHappenings,
    extra: heldWithin,
  };
  return integrationsOf(timelines).flatMap((id) => rowsOfTenant(timelines.filter((t) => t.integration_id === id), id, grain, rules));
}
