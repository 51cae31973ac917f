// Numbers per agent: the scorecard, and the sessions from which handling time is estimated.
// An agent belongs to one integration; automation never appears here.
import type { Row } from './events.ts';
import { clockPair, type Rules } from './config.ts';
import { firstResponse, replyTurns } from './conversation.ts';
import { heldSpans, isBounced, isHandoff, stations } from './periods.ts';
import { isAgentsTurn } from './statuses.ts';
import { customerOf, humanActor, resolutions, type Resolution } from './tickets.ts';
import { stateAt, type Step, type Timeline } from './timeline.ts';

const sevenDays = 7 * 86_400_000;

interface Solve extends Resolution {
  timeline: Timeline;
}

export function agentsOf(timelines: readonly Timeline[]): string[] {
  const agents = new Set<string>();
  for (const timeline of timelines) {
    for (const step of timeline.steps) {
      const actor = humanActor(step);
      if (actor !== null) agents.add(actor);
      if (step.after.assignee !== '') agents.add(step.after.assignee);
    }
  }
  return [...agents].sort();
}

export function integrationsOf(timelines: readonly Timeline[]): string[] {
  return [...new Set(timelines.map((t) => t.integration_id))].sort();
}

/** Credit for a solve goes by who solved, not by who held it; rules solve for nobody. */
function solvesOf(agent: string, timelines: readonly Timeline[]): Solve[] {
  return timelines.flatMap((timeline) =>
    resolutions(timeline)
      .filter(({ step }) => humanActor(step) === agent)
      .map((resolution) => ({ ...resolution, timeline })));
}

function reopenCounts(solves: readonly Solve[], now: number): Row {
  const old = solves.filter((s) => now - s.step.at >= sevenDays);
  const reopened = old.filter((s) => s.reopened_at !== null && s.reopened_at - s.step.at <= sevenDays);
  return { solves_7d_old: old.length, reopened_7d: reopened.length };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A sum over tickets is the sum of their whole-second values. */
function heldSums(agent: string, timelines: readonly Timeline[], rules: Rules): Row {
  const perTicket = timelines.map((timeline) => {
    const own = stations(timeline).filter((s) => s.agent === agent);
    const spans = own.flatMap((s) => heldSpans(s, timeline, rules.now));
    return clockPair('held', spans, rules.businessClock(timeline.integration_id));
  });
  return {
    held_seconds: sum(perTicket.map((p) => p.held_seconds ?? 0)),
    held_business_seconds: sum(perTicket.map((p) => p.held_business_seconds ?? 0)),
  };
}

function scorecard(agent: string, timelines: readonly Timeline[], rules: Rules): Row {
  const solves = solvesOf(agent, timelines);
  const customers = solves.map((s) => customerOf(s.timeline)).filter((customer) => customer !== '');
  const steps = timelines.flatMap((t) => t.steps);
  const turns = timelines.flatMap((t) => replyTurns(t).filter((turn) => turn.agent === agent));
  const own = timelines.map((timeline) => ({ timeline, held: stations(timeline).filter((s) => agent !== '' && s.agent === agent) }));
  return {
    solves: solves.length,
    solved_tickets: new Set(solves.map((s) => s.timeline.ticket_id)).size,
    solved_customers: new Set(customers).size,
    ...reopenCounts(solves, rules.now),
    agent_replies: steps.filter((s) => s.kind === 'agent_reply' && s.agent === agent).length,
    reply_turns: turns.length,
    private_notes: steps.filter((s) => s.kind === 'private_note' && s.agent === agent).length,
    first_replies: timelines.filter((t) => firstResponse(t).reply?.agent === agent).length,
    stations: sum(own.map((o) => o.held.length)),
    handoffs: sum(own.map((o) => o.held.filter(isHandoff).length)),
    bounced_assignments: sum(own.map((o) => o.held.filter((s) => isBounced(s, o.timeline)).length)),
    ...heldSums(agent, timelines, rules),
  };
}

export function scorecardRows(timelines: readonly Timeline[], rules: Rules): Row[] {
  return integrationsOf(timelines).flatMap((integration_id) => {
    const tenant = timelines.filter((t) => t.integration_id === integration_id);
    return agentsOf(tenant).map((agent_id) => ({ integration_id, agent_id, ...scorecard(agent_id, tenant, rules) }));
  });
}

interface Action {
  at: number;
  step: Step;
  timeline: Timeline;
}

export interface Session {
  integration_id: string;
  agent: string;
  actions: Action[];
  tickets: string[];
  handleMs: number;
}

function sessionsOf(agent: string, tenant: readonly Timeline[], rules: Rules): Session[] {
  const actions = tenant
    .flatMap((timeline) => timeline.steps.filter((s) => humanActor(s) === agent).map((step) => ({ at: step.at, step, timeline })))
    .sort((a, b) => a.at - b.at);
  const bursts: Action[][] = [];
  for (const action of actions) {
    const burst = bursts.at(-1);
    const last = burst?.at(-1);
    if (burst && last && action.at - last.at <= rules.sessionGapMs) burst.push(action);
    else bursts.push([action]);
  }
  return bursts.map((burst) => ({
    integration_id: burst[0]?.timeline.integration_id ?? '',
    agent,
    actions: burst,
    tickets: [...new Set(burst.map((a) => a.timeline.ticket_id))].sort(),
    handleMs: burst.length === 1 ? rules.loneActionMs : (burst.at(-1)?.at ?? 0) - (burst[0]?.at ?? 0),
  }));
}

/** An agent's actions over all tickets, joined where the gap is at most ten minutes. */
export function agentSessions(timelines: readonly Timeline[], rules: Rules): Session[] {
  return integrationsOf(timelines).flatMap((integration_id) => {
    const tenant = timelines.filter((t) => t.integration_id === integration_id);
    return agentsOf(tenant).flatMap((agent) => sessionsOf(agent, tenant, rules));
  });
}

/** Tickets in new+open that the agent holds after an instant. */
export function openHeld(agent: string, tenant: readonly Timeline[], instant: number): number {
  return tenant.filter((timeline) => {
    const state = stateAt(timeline, instant);
    return state !== null && agent !== '' && state.assignee === agent && isAgentsTurn(state.category);
  }).length;
}

export function sessionRows(timelines: readonly Timeline[], rules: Rules): Row[] {
  let previous: Session | null = null;
  let session_no = 0;
  return agentSessions(timelines, rules).map((session) => {
    session_no = previous?.integration_id === session.integration_id && previous.agent === session.agent ? session_no + 1 : 1;
    previous = session;
    const { integration_id, agent, actions } = session;
    const started_at = actions[0]?.at ?? 0;
    const ended_at = actions.at(-1)?.at ?? 0;
    const tenant = timelines.filter((t) => t.integration_id === integration_id);
    const instants = [started_at, ...tenant.flatMap((t) => t.steps.map((s) => s.at)).filter((at) => at > started_at && at <= ended_at)];
    return {
      integration_id,
      agent_id: agent,
      session_no,
      started_at,
      ended_at,
      tickets: session.tickets.length,
      ticket_ids: JSON.stringify(session.tickets),
      actions: actions.length,
      replies: actions.filter((a) => a.step.kind === 'agent_reply').length,
      handle_seconds: Math.trunc(session.handleMs / 1000),
      handle_seconds_per_ticket: Math.trunc(session.handleMs / 1000) / session.tickets.length,
      max_concurrent: Math.max(...instants.map((instant) => openHeld(agent, tenant, instant))),
    };
  });
}

/** A ticket's share of the sessions it was worked in: each session is split evenly over its tickets. */
export function handleSeconds(timeline: Timeline, sessions: readonly Session[]): number {
  const shares = sessions
    .filter((s) => s.integration_id === timeline.integration_id && s.tickets.includes(timeline.ticket_id))
    .map((s) => s.handleMs / s.tickets.length);
  // Thirds of milliseconds add up with rounding errors far below a microsecond.
  return Math.trunc((sum(shares) + 1e-6) / 1000);
}
