// The oracle: what the specification says that every view holds, for a given log of events.
// It is slow and plain on purpose and shares nothing with the SQL that it judges.
import { attainmentRows } from './attainment.ts';
import { escalationAuditRows } from './audit.ts';
import { backlogRows } from './backlog.ts';
import { rulesOf, type OracleConfig, type Rules } from './config.ts';
import { agentReplyRows, customerWaitRows, customerWaits, type Wait } from './conversation.ts';
import type { Cell, CrmEvent, Row } from './events.ts';
import { agentHourlyRows, queueHourlyRows } from './hourly.ts';
import { eventsByTicket, type Cut } from './order.ts';
import { assignmentRows, stateIntervalRows } from './periods.ts';
import { processEdgeRows, survivalRows } from './process.ts';
import { dataQualityRows } from './quality.ts';
import { agentSolveRows, scorecardRows } from './scorecard.ts';
import { agentSessions, handleSeconds, sessionRows } from './sessions.ts';
import { slaTimerRows } from './sla-rows.ts';
import { slaTimers } from './sla.ts';
import { escalationRows, resolutionRows, ticketRow } from './tickets.ts';
import { foldTicket, type Timeline } from './timeline.ts';

export type ViewName =
  | 'tickets' | 'ticket_state_intervals' | 'customer_waits' | 'ticket_resolutions' | 'ticket_assignments' | 'agent_replies' | 'escalations'
  | 'sla_timers' | 'sla_attainment' | 'escalation_audit' | 'process_edges' | 'data_quality' | 'backlog' | 'agent_scorecard' | 'agent_solves'
  | 'agent_sessions';

export type OracleViews = Record<ViewName, Row[]>;

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
  sla_attainment: ['integration_id', 'policy_id', 'metric', 'queue_id', 'week'],
  escalation_audit: ['integration_id', 'ticket_id', 'verdict', 'metric', 'instance', 'event_id'],
  process_edges: ['integration_id', 'ticket_id', 'edge_no'],
  data_quality: ['integration_id', 'ticket_id', 'rule'],
  backlog: ['integration_id', 'queue_id', 'status_category', 'status', 'assignee_id'],
  agent_scorecard: ['integration_id', 'agent_id'],
  agent_solves: ['integration_id', 'ticket_id', 'resolution_no'],
  agent_sessions: ['integration_id', 'agent_id', 'session_no'],
  queue_hourly: ['integration_id', 'queue_id', 'hour'],
  agent_hourly: ['integration_id', 'agent_id', 'hour'],
  resolution_survival: ['integration_id', 'group', 'seconds'],
};

/** What the timelines of a log depend on besides its events. */
type Basis = Pick<OracleConfig, 'statusMap' | 'statusMaps'> & Cut;

/** Logs that were folded before, told by their array, which must not change: the same one is asked for many views. */
const folded = new WeakMap<readonly CrmEvent[], { basis: Basis; timelines: Timeline[] }[]>();

function timelinesOf(events: readonly CrmEvent[], { statusMap, statusMaps }: OracleConfig, rules: Rules): Timeline[] {
  const basis: Basis = { ...(statusMap && { statusMap }), ...(statusMaps && { statusMaps }), ...rules.cut };
  const before = folded.get(events) ?? [];
  const isSame = (other: Basis): boolean => other.statusMap === basis.statusMap && other.statusMaps === basis.statusMaps
    && other.asOf === basis.asOf && other.knownAt === basis.knownAt && other.environment === basis.environment;
  const known = before.find((entry) => isSame(entry.basis));
  if (known) return known.timelines;
  const timelines = eventsByTicket(events, rules.cut).map((ticket) =>
    foldTicket(ticket, rules.statusMaps(ticket[0]?.source.integration_id ?? '')));
  folded.set(events, [...before, { basis, timelines }]);
  return timelines;
}

/** A log folded into tickets, with what several views need of them. */
interface Folded {
  rules: Rules;
  timelines: readonly Timeline[];
  perTicket: readonly { timeline: Timeline; waits: readonly Wait[] }[];
}

function fold(events: readonly CrmEvent[], config: OracleConfig): Folded {
  const rules = rulesOf(config);
  const timelines = timelinesOf(events, config, rules);
  return { rules, timelines, perTicket: timelines.map((timeline) => ({ timeline, waits: customerWaits(timeline) })) };
}

function ticketRows({ rules, timelines, perTicket }: Folded): Row[] {
  const sessions = agentSessions(timelines, rules);
  return perTicket.map(({ timeline, waits }) =>
    ({ ...ticketRow(timeline, waits, rules), handle_seconds: handleSeconds(timeline, sessions) }));
}

const views: Readonly<Record<ViewName, (folded: Folded) => Row[]>> = {
  tickets: ticketRows,
  ticket_state_intervals: ({ timelines, rules }) => timelines.flatMap((t) => stateIntervalRows(t, rules)),
  customer_waits: ({ perTicket, rules }) => perTicket.flatMap(({ timeline, waits }) => customerWaitRows(timeline, waits, rules)),
  ticket_resolutions: ({ timelines, rules }) => timelines.flatMap((t) => resolutionRows(t, rules)),
  ticket_assignments: ({ perTicket, rules }) => perTicket.flatMap(({ timeline, waits }) => assignmentRows(timeline, waits, rules)),
  agent_replies: ({ perTicket, rules }) => perTicket.flatMap(({ timeline, waits }) => agentReplyRows(timeline, waits, rules)),
  escalations: ({ timelines, rules }) => timelines.flatMap((t) => escalationRows(t, rules)),
  sla_timers: ({ perTicket, rules }) =>
    perTicket.flatMap(({ timeline, waits }) => slaTimerRows(timeline, slaTimers(timeline, waits, rules), rules)),
  sla_attainment: ({ perTicket, rules }) =>
    attainmentRows(perTicket.map(({ timeline, waits }) => ({ timeline, timers: slaTimers(timeline, waits, rules) })), rules),
  escalation_audit: ({ perTicket, rules }) =>
    perTicket.flatMap(({ timeline, waits }) => escalationAuditRows(timeline, slaTimers(timeline, waits, rules))),
  process_edges: ({ timelines, rules }) => timelines.flatMap((t) => processEdgeRows(t, rules)),
  data_quality: ({ timelines, rules }) => timelines.flatMap((t) => dataQualityRows(t, rules)),
  backlog: ({ timelines, rules }) => backlogRows(timelines, rules),
  agent_scorecard: ({ timelines, rules }) => scorecardRows(timelines, rules),
  agent_solves: ({ timelines, rules }) => agentSolveRows(timelines, rules),
  agent_sessions: ({ timelines, rules }) => sessionRows(timelines, rules),
};

/** `events` in arrival order, duplicates included. */
export function runView(view: ViewName, events: readonly CrmEvent[], config: OracleConfig): Row[] {
  return views[view](fold(events, config));
}

/** Several views of the same log. */
export function runViews(names: readonly ViewName[], events: readonly CrmEvent[], config: OracleConfig): Partial<OracleViews> {
  const folded = fold(events, config);
  return Object.fromEntries(names.map((name) => [name, views[name](folded)]));
}

/** Every view of the same log. */
export function runOracle(events: readonly CrmEvent[], config: OracleConfig): OracleViews {
  return runViews(Object.keys(views) as ViewName[], events, config) as OracleViews;
}

/** Rows of a view that takes parameters. */
export function runRows(events: readonly CrmEvent[], config: OracleConfig, rowsOf: (timelines: readonly Timeline[], rules: Rules) => Row[]): Row[] {
  const rules = rulesOf(config);
  return rowsOf(timelinesOf(events, config, rules), rules);
}

/** Apart from the rest: one row per queue, agent and hour is a lot of them, computed slowly. */
export function runHourly(events: readonly CrmEvent[], config: OracleConfig): { queue_hourly: Row[]; agent_hourly: Row[] } {
  return { queue_hourly: runRows(events, config, queueHourlyRows), agent_hourly: runRows(events, config, agentHourlyRows) };
}

export function runSurvival(
  events: readonly CrmEvent[],
  config: OracleConfig,
  groupOf: (timeline: Timeline) => Cell = () => '',
): Row[] {
  return runRows(events, config, (timelines, rules) => survivalRows(timelines, rules, groupOf));
}
