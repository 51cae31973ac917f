// The oracle: what the specification says that every view holds, for a given log of events.
// It is slow and plain on purpose and shares nothing with the SQL that it judges.
import { agentSessions, handleSeconds, scorecardRows, sessionRows } from './agents.ts';
import { escalationAuditRows } from './audit.ts';
import { backlogRows } from './backlog.ts';
import { rulesOf, type OracleConfig, type Rules } from './config.ts';
import { agentReplyRows, customerWaitRows, customerWaits } from './conversation.ts';
import type { Cell, CrmEvent, Row } from './events.ts';
import { agentHourlyRows, queueHourlyRows } from './hourly.ts';
import { assignmentRows, stateIntervalRows } from './periods.ts';
import { processEdgeRows, survivalRows } from './process.ts';
import { dataQualityRows } from './quality.ts';
import { slaTimerRows, slaTimers } from './sla.ts';
import { escalationRows, resolutionRows, ticketRow } from './tickets.ts';
import { eventsByTicket, foldTicket, type Timeline } from './timeline.ts';

export interface OracleViews {
  tickets: Row[];
  ticket_state_intervals: Row[];
  customer_waits: Row[];
  ticket_resolutions: Row[];
  ticket_assignments: Row[];
  agent_replies: Row[];
  escalations: Row[];
  sla_timers: Row[];
  escalation_audit: Row[];
  process_edges: Row[];
  data_quality: Row[];
  backlog: Row[];
  agent_scorecard: Row[];
  agent_sessions: Row[];
}

export type ViewName = keyof OracleViews;

/** The columns that name a row of a view. */
export const viewKeys: Readonly<Record<ViewName | 'queue_hourly' | 'agent_hourly' | 'resolution_survival', readonly string[]>> = {
  tickets: ['integration_id', 'ticket_id'],
  ticket_state_intervals: ['integration_id', 'ticket_id', 'valid_from'],
  customer_waits: ['integration_id', 'ticket_id', 'wait_no'],
  ticket_resolutions: ['integration_id', 'ticket_id', 'resolution_no'],
  ticket_assignments: ['integration_id', 'ticket_id', 'station_no'],
  agent_replies: ['integration_id', 'ticket_id', 'turn_no'],
  escalations: ['integration_id', 'ticket_id', 'event_id'],
  sla_timers: ['integration_id', 'ticket_id', 'metric', 'instance'],
  escalation_audit: ['integration_id', 'ticket_id', 'verdict', 'metric', 'instance', 'event_id'],
  process_edges: ['integration_id', 'ticket_id', 'edge_no'],
  data_quality: ['integration_id', 'ticket_id', 'rule', 'event_id'],
  backlog: ['integration_id', 'queue_id', 'status_category', 'status'],
  agent_scorecard: ['integration_id', 'agent_id'],
  agent_sessions: ['integration_id', 'agent_id', 'session_no'],
  queue_hourly: ['integration_id', 'queue_id', 'hour'],
  agent_hourly: ['integration_id', 'agent_id', 'hour'],
  resolution_survival: ['integration_id', 'group', 'seconds'],
};

function timelinesOf(events: readonly CrmEvent[], rules: Rules): Timeline[] {
  return eventsByTicket(events, rules.cut).map((ticket) =>
    foldTicket(ticket, rules.statusMap(ticket[0]?.source.integration_id ?? '')));
}

/** `events` in arrival order, duplicates included. */
export function runOracle(events: readonly CrmEvent[], config: OracleConfig): OracleViews {
  const rules = rulesOf(config);
  const timelines = timelinesOf(events, rules);
  const sessions = agentSessions(timelines, rules);
  const perTicket = timelines.map((timeline) => {
    const waits = customerWaits(timeline);
    return { timeline, waits, timers: slaTimers(timeline, waits, rules) };
  });
  return {
    tickets: perTicket.map(({ timeline, waits }) =>
      ({ ...ticketRow(timeline, waits, rules), handle_seconds: handleSeconds(timeline, sessions) })),
    ticket_state_intervals: timelines.flatMap(stateIntervalRows),
    customer_waits: perTicket.flatMap(({ timeline, waits }) => customerWaitRows(timeline, waits, rules)),
    ticket_resolutions: timelines.flatMap((t) => resolutionRows(t, rules)),
    ticket_assignments: perTicket.flatMap(({ timeline, waits }) => assignmentRows(timeline, waits, rules)),
    agent_replies: perTicket.flatMap(({ timeline, waits }) => agentReplyRows(timeline, waits, rules)),
    escalations: timelines.flatMap((t) => escalationRows(t, rules)),
    sla_timers: perTicket.flatMap(({ timeline, timers }) => slaTimerRows(timeline, timers, rules)),
    escalation_audit: perTicket.flatMap(({ timeline, timers }) => escalationAuditRows(timeline, timers)),
    process_edges: timelines.flatMap(processEdgeRows),
    data_quality: timelines.flatMap((t) => dataQualityRows(t, rules)),
    backlog: backlogRows(timelines, rules),
    agent_scorecard: scorecardRows(timelines, rules),
    agent_sessions: sessionRows(timelines, rules),
  };
}

/** Apart from the rest: one row per queue, agent and hour is a lot of them, computed slowly. */
export function runHourly(events: readonly CrmEvent[], config: OracleConfig): { queue_hourly: Row[]; agent_hourly: Row[] } {
  const rules = rulesOf(config);
  const timelines = timelinesOf(events, rules);
  return { queue_hourly: queueHourlyRows(timelines, rules), agent_hourly: agentHourlyRows(timelines, rules) };
}

export function runSurvival(
  events: readonly CrmEvent[],
  config: OracleConfig,
  groupOf: (timeline: Timeline) => Cell = () => '',
): Row[] {
  const rules = rulesOf(config);
  return survivalRows(timelinesOf(events, rules), rules, groupOf);
}
