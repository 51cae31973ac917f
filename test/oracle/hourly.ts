// Flows and stocks per queue and per agent for each UTC hour, and per queue for each local day, quiet
// ones included.
import type { Row } from './events.ts';
import { seconds, type Rules, type Span } from './config.ts';
import { elapsedClock, instantOf, wallClock } from './calendar.ts';
import { agentsOf, integrationsOf, openHeld } from './agents.ts';
import { backlogAt, openWaitSince } from './backlog.ts';
import { customerWaits, firstResponse, replyTurns } from './conversation.ts';
import { heldSpans, isBounced, isHandoff, isHandoffOut, stations } from './periods.ts';
import { agentSessions } from './sessions.ts';
import { holderOf } from './sla-rows.ts';
import { slaTimers } from './sla.ts';
import { isOver } from './statuses.ts';
import { humanActor } from './tickets.ts';
import { crossingOf, isSolve, type Timeline } from './timeline.ts';

const hour = 3_600_000;
const day = 24 * hour;

interface Happening<Flow extends string> {
  at: number;
  flow: Flow;
  /** The queue or agent that it counts for. */
  key: string;
  /** What it adds: 1 for a count. */
  amount?: number;
}

const queueFlows = ['created', 'reopened', 'restored', 'moved_in', 'moved_out', 'solved', 'discarded', 'breached', 'waits_started', 'first_responses'] as const;
type QueueHappening = Happening<(typeof queueFlows)[number]>;

/**
 * What moves a ticket into or out of a backlog. It is created in '' at its first event, unless
 * it was over from the start; moves of tickets that are over don't count.
 */
function backlogFlows(timeline: Timeline): QueueHappening[] {
  const flows: QueueHappening[] = [];
  const first = timeline.steps[0];
  if (first && !isOver(timeline.initial.category)) flows.push({ at: first.at, flow: 'created', key: '' });
  for (const step of timeline.steps) {
    const [from, to] = [step.before.queue, step.after.queue];
    if (from !== to && !isOver(step.before.category)) {
      flows.push({ at: step.at, flow: 'moved_out', key: from }, { at: step.at, flow: 'moved_in', key: to });
    }
    const crossing = crossingOf(step);
    if (crossing !== null) flows.push({ at: step.at, flow: crossing, key: to });
  }
  return flows;
}

/** Without the breaches. */
export function ticketHappenings(timeline: Timeline): QueueHappening[] {
  const waits = customerWaits(timeline);
  const answer = firstResponse(timeline).reply;
  return [
    ...backlogFlows(timeline),
    ...waits.map((wait): QueueHappening => ({ at: wait.waiting_since, flow: 'waits_started', key: wait.atStart.queue })),
    ...(answer ? [{ at: answer.at, flow: 'first_responses' as const, key: answer.after.queue }] : []),
  ];
}

function queueHappenings(timeline: Timeline, rules: Rules): QueueHappening[] {
  const breaches = slaTimers(timeline, customerWaits(timeline), rules).filter((timer) => timer.breached_at !== null);
  return [
    ...ticketHappenings(timeline),
    ...breaches.map((timer): QueueHappening => ({ at: timer.breached_at ?? 0, flow: 'breached', key: holderOf(timer, timeline, rules.now).queue })),
  ];
}

/** A stretch of time that has a row: its name, where it starts and where the next one does. */
interface Slot {
  name: string | number;
  from: number;
  to: number;
}

/** The UTC hours from the first happening on that start by `until`. */
function hoursOf(happenings: readonly { at: number }[], until: number): Slot[] {
  const first = Math.min(...happenings.map((h) => h.at));
  const hours: Slot[] = [];
  for (let at = Math.floor(first / hour) * hour; at <= until; at += hour) hours.push({ name: at, from: at, to: at + hour });
  return hours;
}

/** The local days from the one of the first happening on that start by `until`; not all of them have 24 hours. */
function daysOf(happenings: readonly { at: number }[], until: number, zone: string): Slot[] {
  const first = Math.min(...happenings.map((h) => h.at));
  const days: Slot[] = [];
  if (happenings.length === 0) return days;
  for (let date = Math.floor(wallClock(first, zone) / day) * day; instantOf(date, zone) <= until; date += day) {
    days.push({ name: new Date(date).toISOString().slice(0, 10), from: instantOf(date, zone), to: instantOf(date + day, zone) });
  }
  return days;
}

function countFlows(happenings: readonly Happening<string>[], flows: readonly string[]): Record<string, number> {
  return Object.fromEntries(flows.map((flow) =>
    [flow, happenings.filter((h) => h.flow === flow).reduce((sum, h) => sum + (h.amount ?? 1), 0)]));
}

interface Stock {
  key: string;
  waiting: boolean;
}

/** The state just before an hour's end. */
function stockBefore(tenant: readonly Timeline[], end: number): Stock[] {
  return backlogAt(tenant, end - 1).map((held) => ({
    key: held.queue_id,
    waiting: openWaitSince(held.timeline, end - 1) !== null,
  }));
}

type SlotsOf = (happenings: readonly { at: number }[]) => Slot[];

function queueSlotsOf(tenant: readonly Timeline[], column: 'hour' | 'day', rules: Rules, slotsOf: SlotsOf): Row[] {
  const happenings = tenant.flatMap((t) => queueHappenings(t, rules));
  const queues = [...new Set(happenings.map((h) => h.key))].sort();
  return slotsOf(happenings).flatMap(({ name, from, to }) => {
    const within = happenings.filter((h) => h.at >= from && h.at < to);
    const stock = stockBefore(tenant, to);
    return queues.map((queue_id): Row => {
      const counts = countFlows(within.filter((h) => h.key === queue_id), queueFlows);
      const n = (flow: (typeof queueFlows)[number]): number => counts[flow] ?? 0;
      return {
        integration_id: tenant[0]?.integration_id ?? '',
        queue_id,
        [column]: name,
        ...counts,
        net_flow: n('created') + n('reopened') + n('restored') + n('moved_in') - n('solved') - n('discarded') - n('moved_out'),
        backlog_end: stock.filter((s) => s.key === queue_id).length,
        waiting_end: stock.filter((s) => s.key === queue_id && s.waiting).length,
      };
    });
  });
}

function tenantsOf(timelines: readonly Timeline[]): Timeline[][] {
  return integrationsOf(timelines).map((id) => timelines.filter((t) => t.integration_id === id));
}

/** Up to the hour of `until`. A queue in which nothing ever happened has no rows. */
export function queueHourlyRows(timelines: readonly Timeline[], rules: Rules, until = rules.now): Row[] {
  return tenantsOf(timelines).flatMap((tenant) => queueSlotsOf(tenant, 'hour', rules, (happenings) => hoursOf(happenings, until)));
}

export function queueDailyRows(timelines: readonly Timeline[], rules: Rules, zone: string, until = rules.now): Row[] {
  return tenantsOf(timelines).flatMap((tenant) => queueSlotsOf(tenant, 'day', rules, (happenings) => daysOf(happenings, until, zone)));
}

const agentFlows = [
  'replies', 'reply_turns', 'first_responses', 'private_notes', 'solves', 'assigned', 'handoffs_in', 'handoffs_out',
  'bounced_assignments', 'handle_seconds',
] as const;
type AgentHappening = Happening<(typeof agentFlows)[number]>;

/** Replies, notes and solves follow the actor. */
function actsOf(timeline: Timeline): AgentHappening[] {
  return timeline.steps.flatMap((step): AgentHappening[] => {
    const actor = humanActor(step);
    if (actor === null) return [];
    if (step.kind === 'agent_reply') return [{ at: step.at, flow: 'replies', key: actor }];
    if (step.kind === 'private_note') return [{ at: step.at, flow: 'private_notes', key: actor }];
    return isSolve(step) ? [{ at: step.at, flow: 'solves', key: actor }] : [];
  });
}

/** Stations begin and end with their agent; how one ended counts when it ended. */
function stationsOf(timeline: Timeline): AgentHappening[] {
  return stations(timeline).filter((s) => s.agent !== '').flatMap((station): AgentHappening[] => {
    const key = station.agent;
    const end = station.ended_at ?? 0;
    return [
      { at: station.assigned_at, flow: 'assigned', key },
      { at: station.assigned_at, flow: 'handoffs_in', key, amount: Number(isHandoff(station)) },
      ...(station.ended_at === null ? [] : [
        { at: end, flow: 'handoffs_out' as const, key, amount: Number(isHandoffOut(station)) },
        { at: end, flow: 'bounced_assignments' as const, key, amount: Number(isBounced(station, timeline)) },
      ]),
    ];
  });
}

/** Without the sessions, which go over several tickets. */
export function ticketWork(timeline: Timeline): AgentHappening[] {
  const answer = firstResponse(timeline).reply;
  return [
    ...actsOf(timeline),
    ...stationsOf(timeline),
    ...replyTurns(timeline).flatMap((turn): AgentHappening[] => {
      const at = turn.replies[0]?.at ?? 0;
      const answers = turn.replies.some((reply) => reply.index === answer?.index);
      return [{ at, flow: 'reply_turns', key: turn.agent }, { at, flow: 'first_responses', key: turn.agent, amount: Number(answers) }];
    }),
  ];
}

function agentHappenings(tenant: readonly Timeline[], rules: Rules): AgentHappening[] {
  const perTicket = tenant.flatMap(ticketWork);
  const handled = agentSessions(tenant, rules).map((session): AgentHappening =>
    ({ at: session.actions[0]?.at ?? 0, flow: 'handle_seconds', key: session.agent, amount: Math.trunc(session.handleMs / 1000) }));
  return [...perTicket, ...handled];
}

/** An agent's time held within the hour that starts then, in whole seconds: a sum over tickets is the sum of their whole-second values. */
export function heldWithin(held: readonly Span[][], start: number): number {
  return held.reduce((sum, spans) =>
    sum + seconds(spans.map((s) => ({ from: Math.max(s.from, start), to: Math.min(s.to, start + hour) })), elapsedClock), 0);
}

function agentHoursOf(tenant: readonly Timeline[], rules: Rules, until: number): Row[] {
  const happenings = agentHappenings(tenant, rules);
  return agentsOf(tenant).flatMap((agent_id) => {
    const own = happenings.filter((h) => h.key === agent_id);
    const held = tenant.map((timeline) =>
      stations(timeline).filter((s) => s.agent === agent_id).flatMap((s) => heldSpans(s, timeline, rules.now)));
    return hoursOf(happenings, until).map(({ from: start }): Row => {
      const held_seconds = heldWithin(held, start);
      return {
        integration_id: tenant[0]?.integration_id ?? '',
        agent_id,
        hour: start,
        ...countFlows(own.filter((h) => h.at >= start && h.at < start + hour), agentFlows),
        held_end: openHeld(agent_id, tenant, start + hour - 1),
        held_seconds,
        concurrency: held_seconds / 3600,
      };
    });
  });
}

export function agentHourlyRows(timelines: readonly Timeline[], rules: Rules, until = rules.now): Row[] {
  return tenantsOf(timelines).flatMap((tenant) => agentHoursOf(tenant, rules, until));
}

/** The hours of a local day added up, in a zone of whole-hour offsets. */
export function agentDailyRows(timelines: readonly Timeline[], rules: Rules, zone: string, until = rules.now): Row[] {
  const days = new Map<string, Row[]>();
  for (const row of agentHourlyRows(timelines, rules, until)) {
    const key = JSON.stringify([row.integration_id, row.agent_id, new Date(wallClock(Number(row.hour), zone)).toISOString().slice(0, 10)]);
    days.set(key, [...(days.get(key) ?? []), row]);
  }
  return [...days].map(([key, hours]): Row => {
    const [integration_id = '', agent_id = '', day = ''] = JSON.parse(key) as string[];
    const sum = (column: string): number => hours.reduce((total, row) => total + Number(row[column]), 0);
    return {
      integration_id, agent_id, day,
      ...Object.fromEntries(agentFlows.map((flow) => [flow, sum(flow)])),
      held_end: hours.at(-1)?.['held_end'] ?? 0,
      held_seconds: sum('held_seconds'),
      concurrency: sum('held_seconds') / (3600 * hours.length),
    };
  });
}
