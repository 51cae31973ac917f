// The scorecard: what each agent did in a period, each fact by its own anchor.
import type { Row } from './events.ts';
import { clockPair, type Rules } from './config.ts';
import { agentsOf, integrationsOf } from './agents.ts';
import { customerOf } from './attributes.ts';
import { agentReplyRows, customerWaits, firstResponse, replyTurns } from './conversation.ts';
import { assignmentRows, heldSpans, isBounced, isHandoff, isHandoffOut, ownReplies, stations, type Station } from './periods.ts';
import { quantileBounds, quantileExact, share, shareBounds, sum, type Bounds } from './figures.ts';
import { humanActor, resolutions, type Resolution } from './tickets.ts';
import type { Timeline } from './timeline.ts';

const sevenDays = 7 * 86_400_000;

/** From, included, to, not included. */
export interface Period {
  from: number;
  to: number;
}

const within = (period: Period, at: number): boolean => at >= period.from && at < period.to;

interface Solve extends Resolution {
  timeline: Timeline;
}

/** Credit for a solve goes by who solved, not by who held it; rules solve for nobody. */
function agentSolves(timelines: readonly Timeline[]): (Solve & { agent: string })[] {
  return timelines.flatMap((timeline) => resolutions(timeline).flatMap((resolution) => {
    const agent = humanActor(resolution.step);
    return agent === null ? [] : [{ ...resolution, timeline, agent }];
  }));
}

const isSevenDaysOld = (solve: Solve, now: number): boolean => now - solve.step.at >= sevenDays;

const isReopenedInTime = (solve: Solve): boolean => solve.reopened_at !== null && solve.reopened_at - solve.step.at <= sevenDays;

export function agentSolveRows(timelines: readonly Timeline[], rules: Rules): Row[] {
  return agentSolves(timelines).map((solve) => ({
    integration_id: solve.timeline.integration_id,
    ticket_id: solve.timeline.ticket_id,
    resolution_no: solve.resolution_no,
    agent_id: solve.agent,
    solved_at: solve.step.at,
    queue_id: solve.step.after.queue,
    customer_telegram_user_id: solve.timeline.creation?.customer.telegram_user_id ?? null,
    reopened_at: solve.reopened_at,
    is_seven_days_old: Number(isSevenDaysOld(solve, rules.now)),
    is_reopened_within_7_days: Number(isReopenedInTime(solve)),
  }));
}

const bounds = (name: string, { low, high }: Bounds): Row => ({ [`${name}_likely_from`]: low, [`${name}_likely_to`]: high });

function solveFigures(solves: readonly Solve[], now: number): Row {
  const old = solves.filter((s) => isSevenDaysOld(s, now));
  const reopened = old.filter(isReopenedInTime);
  return {
    solves: solves.length,
    solved_tickets: new Set(solves.map((s) => s.timeline.ticket_id)).size,
    solved_customers: new Set(solves.map((s) => customerOf(s.timeline)).filter((customer) => customer !== '')).size,
    solves_7d_old: old.length,
    reopened_7d: reopened.length,
    reopen_rate_7d: share(reopened.length, old.length),
    ...bounds('reopen_rate_7d', shareBounds(reopened.length, old.length)),
  };
}

interface Held {
  timeline: Timeline;
  stations: Station[];
}

/** A sum over tickets is the sum of their whole-second values. */
function heldSums(held: readonly Held[], rules: Rules): Row {
  const perTicket = held.map(({ timeline, stations: own }) =>
    clockPair('held', own.flatMap((s) => heldSpans(s, timeline, rules.now)), rules.businessClock(timeline.integration_id)));
  return {
    held_seconds: sum(perTicket.map((p) => p.held_seconds ?? 0)),
    held_business_seconds: sum(perTicket.map((p) => p.held_business_seconds ?? 0)),
  };
}

function stationFigures(held: readonly Held[], rules: Rules): Row {
  const count = (matches: (station: Station, timeline: Timeline) => boolean): number =>
    sum(held.map(({ timeline, stations: own }) => own.filter((station) => matches(station, timeline)).length));
  const all = count(() => true);
  const answered = count((station, timeline) => ownReplies(station, timeline).length > 0);
  return {
    stations: all,
    answered_stations: answered,
    answered_share: share(answered, all),
    ...bounds('answered_share', shareBounds(answered, all)),
    bounced_assignments: count(isBounced),
    handoffs: count(isHandoff),
    handoffs_out: count(isHandoffOut),
    ...heldSums(held, rules),
  };
}

/** How many are known, and their percentiles with what the true ones may be. */
function percentiles(name: string, rows: readonly Row[], column: string): Row {
  const values = rows.map((row) => row[column]).filter((value) => typeof value === 'number');
  const quantiles = [['p50', 0.5], ['p90', 0.9], ['p95', 0.95]] as const;
  return Object.assign({ [`${name}_n`]: values.length }, ...quantiles.map(([called, level]) => ({
    [`${name}_${called}`]: quantileExact(values, level),
    ...bounds(`${name}_${called}`, quantileBounds(values, level)),
  }))) as Row;
}

/** Rows of the turns and stations that count, from which the clocks of all agents are taken. */
interface Clocked {
  turns: readonly Row[];
  stations: readonly Row[];
}

function clockedRows(tenant: readonly Timeline[], rules: Rules, period: Period): Clocked {
  const perTicket = tenant.map((timeline) => ({ timeline, waits: customerWaits(timeline) }));
  return {
    turns: perTicket.flatMap(({ timeline, waits }) => agentReplyRows(timeline, waits, rules)).filter((row) => within(period, Number(row.replied_at))),
    stations: perTicket.flatMap(({ timeline, waits }) => assignmentRows(timeline, waits, rules)).filter((row) => within(period, Number(row.assigned_at))),
  };
}

function clockFigures(agent: string, clocked: Clocked): Row {
  const of = (rows: readonly Row[]): Row[] => rows.filter((row) => row.agent_id === agent);
  const [turns, own] = [of(clocked.turns), agent === '' ? [] : of(clocked.stations)];
  return {
    ...percentiles('agent_first_response_seconds', own, 'agent_first_response_seconds'),
    ...percentiles('agent_first_response_business_seconds', own, 'agent_first_response_business_seconds'),
    ...percentiles('agent_wait_seconds', turns, 'agent_wait_seconds'),
    ...percentiles('agent_wait_business_seconds', turns, 'agent_wait_business_seconds'),
    ...percentiles('wait_seconds', turns, 'wait_seconds'),
    ...percentiles('wait_business_seconds', turns, 'wait_business_seconds'),
  };
}

/** All replies of a turn count where the turn began. */
function replyFigures(agent: string, tenant: readonly Timeline[], period: Period): Row {
  const turns = tenant.flatMap((timeline) => {
    const answer = firstResponse(timeline).reply;
    return replyTurns(timeline)
      .filter((turn) => turn.agent === agent && within(period, turn.replies[0]?.at ?? 0))
      .map((turn) => ({ ...turn, ticket: timeline.ticket_id, answers: turn.replies.some((reply) => reply.index === answer?.index) }));
  });
  return {
    agent_replies: sum(turns.map((turn) => turn.replies.length)),
    reply_turns: turns.length,
    replied_tickets: new Set(turns.map((turn) => turn.ticket)).size,
    first_replies: turns.filter((turn) => turn.answers).length,
    private_notes: tenant.flatMap((t) => t.steps).filter((s) => s.kind === 'private_note' && s.agent === agent && within(period, s.at)).length,
  };
}

/** Acted in the period or began a station in it. */
function takesPart(agent: string, tenant: readonly Timeline[], period: Period): boolean {
  return tenant.some((timeline) => timeline.steps.some((step) => within(period, step.at) && humanActor(step) === agent)
    || (agent !== '' && stations(timeline).some((station) => station.agent === agent && within(period, station.assigned_at))));
}

const always: Period = { from: -Infinity, to: Infinity };

export function scorecardRows(timelines: readonly Timeline[], rules: Rules, period = always): Row[] {
  const solves = agentSolves(timelines).filter((solve) => within(period, solve.step.at));
  return integrationsOf(timelines).flatMap((integration_id) => {
    const tenant = timelines.filter((t) => t.integration_id === integration_id);
    const clocked = clockedRows(tenant, rules, period);
    return agentsOf(tenant).filter((agent) => takesPart(agent, tenant, period)).map((agent_id) => {
      const held = tenant.map((timeline) =>
        ({ timeline, stations: stations(timeline).filter((s) => agent_id !== '' && s.agent === agent_id && within(period, s.assigned_at)) }));
      return {
        integration_id,
        agent_id,
        ...solveFigures(solves.filter((s) => s.timeline.integration_id === integration_id && s.agent === agent_id), rules.now),
        ...replyFigures(agent_id, tenant, period),
        ...stationFigures(held, rules),
        ...clockFigures(agent_id, clocked),
      };
    });
  });
}
