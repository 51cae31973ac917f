// Bursts of work: an agent's actions over all tickets, from which handling time is estimated.
import type { Row } from './events.ts';
import type { Rules } from './config.ts';
import { agentsOf, integrationsOf, openHeld } from './agents.ts';
import { humanActor } from './tickets.ts';
import type { Step, Timeline } from './timeline.ts';

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
  return Math.trunc((shares.reduce((total, ms) => total + ms, 0) + 1e-6) / 1000);
}
