// Every view of numbers with the oracle's rows for it, and every other view with the reason why it
// has none. A column that is neither compared nor excused fails the agreement test.
import { instantText } from '../../services/runtime/clickhouse.ts';
import { agentsNeededRows, arrivalsForecastRows, forecastErrorRows } from '../oracle/arrivals.ts';
import type { Row } from '../oracle/events.ts';
import { baseTime, historySpan } from '../oracle/histories.ts';
import { agentDailyRows, agentHourlyRows, queueDailyRows, queueHourlyRows } from '../oracle/hourly.ts';
import { conflictRows, eventRows } from '../oracle/log.ts';
import { occupancyRows } from '../oracle/occupancy.ts';
import { runRows, runSurvival, runView, viewKeys, type ViewName } from '../oracle/oracle.ts';
import { scorecardRows } from '../oracle/scorecard.ts';
import type { Compared, Told } from './agreement.ts';

const day = 86_400_000;
const zone = 'Europe/Berlin';
const instant = (at: number): string => `'${instantText(at)}'`;

const rowsOf = (view: ViewName): Compared['rowsOf'] => (told, now) => runView(view, told.events, { ...told.config, now });

const ofTickets: Pick<Compared, 'keys' | 'rename' | 'ignore'> = {
  keys: viewKeys.tickets,
  rename: { language_code: 'customer_language_code', first_responded_at: 'first_response_at', escalations: 'escalations_fired' },
  // Handled time is compared by session; the rest are the oracle's own steps.
  ignore: ['customer_id', 'first_event_at', 'first_response_started_at', 'solved_at', 'handle_seconds'],
};
const ofBacklog: Pick<Compared, 'keys' | 'rename'> = { keys: viewKeys.backlog, rename: { backlog: 'tickets' } };
const ofScorecard: Pick<Compared, 'keys' | 'rename'> = {
  keys: viewKeys.agent_scorecard,
  rename: { solves_7d_old: 'solves_seven_days_old', reopened_7d: 'reopened_within_7_days', first_replies: 'first_responses', handoffs: 'handoffs_in' },
};

/** A part of the histories' time, with bounds on which events lie. */
const period = { from: baseTime + 900_000, to: baseTime + 6 * day };

/** The present moves the age of open tickets, so a point is named by its place on the tenant's curve. */
function survivalPoints(told: Told, now: number): Row[] {
  let tenant = '';
  let point = 0;
  return runSurvival(told.events, { ...told.config, now }).map((row) => {
    point = row.integration_id === tenant ? point + 1 : 1;
    tenant = String(row.integration_id);
    return { ...row, point };
  });
}

const present: readonly Compared[] = [
  { view: 'queue.tickets', ...ofTickets, rowsOf: rowsOf('tickets') },
  { view: 'queue.ticket_state_intervals', keys: viewKeys.ticket_state_intervals, ignore: ['interval_no'], rowsOf: rowsOf('ticket_state_intervals') },
  { view: 'queue.customer_waits', keys: viewKeys.customer_waits, rowsOf: rowsOf('customer_waits') },
  { view: 'queue.ticket_resolutions', keys: viewKeys.ticket_resolutions, rowsOf: rowsOf('ticket_resolutions') },
  { view: 'queue.escalations', keys: viewKeys.escalations, rename: { acknowledged_by_agent_id: 'acknowledged_by_id' }, ignore: ['escalation_no'], rowsOf: rowsOf('escalations') },
  { view: 'queue.process_edges', keys: viewKeys.process_edges, rename: { edge_no: 'step_no' }, rowsOf: rowsOf('process_edges') },
  { view: 'queue.data_quality', keys: viewKeys.data_quality, rowsOf: rowsOf('data_quality') },
  { view: 'queue.backlog', ...ofBacklog, rowsOf: rowsOf('backlog') },
  { view: 'queue.sla_timers', keys: viewKeys.sla_timers, ignore: ['breached_at'], rowsOf: rowsOf('sla_timers') },
  { view: 'queue.sla_attainment', keys: viewKeys.sla_attainment, rowsOf: rowsOf('sla_attainment') },
  { view: 'queue.escalation_audit', keys: viewKeys.escalation_audit, rename: { verdict: 'finding' }, ignore: ['escalation_no'], rowsOf: rowsOf('escalation_audit') },
  {
    view: 'queue.resolution_survival', keys: ['integration_id', 'point'], rename: { seconds: 'elapsed_seconds' }, ignore: ['group'],
    select: 'row_number() OVER (PARTITION BY integration_id ORDER BY elapsed_seconds) AS point', rowsOf: survivalPoints,
  },
  { view: 'agents.ticket_assignments', keys: viewKeys.ticket_assignments, rename: { is_handoff: 'is_handoff_in' }, rowsOf: rowsOf('ticket_assignments') },
  { view: 'agents.agent_replies', keys: viewKeys.agent_replies, rename: { messages: 'replies' }, rowsOf: rowsOf('agent_replies') },
  { view: 'agents.agent_solves', keys: viewKeys.agent_solves, rowsOf: rowsOf('agent_solves') },
  { view: 'agents.agent_scorecard', ...ofScorecard, rowsOf: rowsOf('agent_scorecard') },
  {
    view: 'agents.agent_scorecard_between', parameters: { from: instant(period.from), to: instant(period.to) }, ...ofScorecard,
    rowsOf: (told, now) => runRows(told.events, { ...told.config, now }, (timelines, rules) => scorecardRows(timelines, rules, period)),
  },
  {
    // Shifts are configured for tenants without tickets, too.
    view: 'agents.agent_occupancy', parameters: { zone: `'${zone}'` }, where: 'integration_id IN (SELECT integration_id FROM agents.ticket_facts)',
    keys: ['integration_id', 'agent_id', 'day'],
    rowsOf: (told, now) => runRows(told.events, { ...told.config, now }, (timelines, rules) => occupancyRows(timelines, rules, zone)),
  },
  { view: 'agents.agent_sessions', keys: viewKeys.agent_sessions, rowsOf: rowsOf('agent_sessions') },
  {
    view: 'agents.agent_sessions_with_gap', parameters: { gap_seconds: '1800' }, keys: viewKeys.agent_sessions,
    rowsOf: (told, now) => runView('agent_sessions', told.events, { ...told.config, now, sessionGapSeconds: 1800 }),
  },
];

/** Many events lie on or beside quarters of an hour. */
const cuts = [baseTime + 900_000, baseTime + 6 * 3_600_000 + 500, baseTime + historySpan + 9 * day];

const asOf = cuts.map((ts): Compared =>
  ({ view: 'queue.backlog_as_of', parameters: { ts: instant(ts) }, ...ofBacklog, rowsOf: (told) => runView('backlog', told.events, { ...told.config, now: ts }) }));

export const comparedViews: readonly Compared[] = [...present, ...asOf];

const promise = { liveChannelTypes: ['direct_message', 'bot_form'], handleSeconds: 1500, withinSeconds: 60, targetShare: 0.8 };

function rowsWith(rows: (timelines: Parameters<typeof queueHourlyRows>[0], rules: Parameters<typeof queueHourlyRows>[1]) => Row[]): Compared['rowsOf'] {
  return (told, now) => runRows(told.events, { ...told.config, now }, rows);
}

/** A row for every tenant, queue and hour, up to one that is over. */
export const viewsByTime = (until: number): readonly Compared[] => [
  { view: 'queue.queue_hourly', where: `hour < ${instant(until)}`, keys: viewKeys.queue_hourly, rowsOf: rowsWith((timelines, rules) => queueHourlyRows(timelines, rules, until - 1)) },
  {
    view: 'queue.queue_daily', parameters: { zone: `'${zone}'` }, where: `day < '${instantText(until).slice(0, 10)}'`, keys: ['integration_id', 'queue_id', 'day'],
    rowsOf: rowsWith((timelines, rules) => queueDailyRows(timelines, rules, zone, until - day)),
  },
  {
    view: 'agents.agent_daily', parameters: { zone: `'${zone}'` }, where: `day < '${instantText(until).slice(0, 10)}'`, keys: ['integration_id', 'agent_id', 'day'],
    rowsOf: rowsWith((timelines, rules) => agentDailyRows(timelines, rules, zone, until).filter((row) => String(row.day) < instantText(until).slice(0, 10))),
  },
  { view: 'agents.agent_hourly', where: `hour < ${instant(until)}`, keys: viewKeys.agent_hourly, rowsOf: rowsWith((timelines, rules) => agentHourlyRows(timelines, rules, until - 1)) },
  {
    view: 'queue.arrivals_forecast', where: `hour < ${instant(until)}`, keys: ['integration_id', 'queue_id', 'hour'],
    rowsOf: rowsWith((timelines, rules) => arrivalsForecastRows(timelines, rules).filter((row) => Number(row.hour) < until)),
  },
  { view: 'queue.arrivals_forecast_error', keys: ['integration_id', 'queue_id'], rowsOf: rowsWith(forecastErrorRows) },
  {
    view: 'queue.agents_needed', where: `hour < ${instant(until)}`, keys: ['integration_id', 'queue_id', 'hour'],
    parameters: {
      live_channel_types: `['${promise.liveChannelTypes.join("', '")}']`, handle_seconds: String(promise.handleSeconds),
      within_seconds: String(promise.withinSeconds), target_share: String(promise.targetShare),
    },
    rowsOf: rowsWith((timelines, rules) => agentsNeededRows(timelines, rules, promise).filter((row) => Number(row.hour) < until)),
  },
];

/** Well after the last event. */
const wellAfter = baseTime + historySpan + 3 * day;

/** Of a few histories only, and asked while nobody else's are there: by time, or every word of every event. */
export const costlyViews: readonly Compared[] = [
  ...viewsByTime(wellAfter),
  { view: 'log.events', keys: ['integration_id', 'ticket_id', 'event_id'], rowsOf: (told) => eventRows(told.events) },
  { view: 'log.event_id_conflicts', keys: ['integration_id', 'event_id', 'conflict', 'ticket_ids'], rowsOf: (told) => conflictRows(told.events) },
];

const pipeline = 'about partitions and the present, not about tickets';
const quarantine = 'about what was not accepted; the oracle folds accepted events';

/** Views without rows of the oracle, each with the reason. */
export const excusedViews: Readonly<Record<string, string>> = {
  'queue.pipeline_freshness': pipeline,
  'agents.pipeline_freshness': pipeline,
  'log.quarantine': quarantine,
  'log.quarantine_counts': quarantine,
  'log.quarantine_resolutions': quarantine,
  'log.public_messages': 'a part of log.events for customers\' eyes, read from the same rows; event-export.test.ts shows what files hold of it',
  'log.sealed_events': 'log.events as it lies in the log; personal-data.test.ts and event-export.test.ts show what it holds',
  'log.sealed_public_messages': 'the same of log.public_messages',
  'log.erasures': 'what npm run forget did, shown by personal-data.test.ts',
  'log.rule_actions': 'what was sent because of a message, held against the receiver by message-rules.test.ts',
  'queue.tenants': 'a list of who has tickets in queue.tickets',
  'queue.queue_names': 'names of queues in queue.tickets; operations.test.ts and dashboard.test.ts show them',
  'agents.agent_names': 'names of agents in agents.ticket_assignments, likewise',
  'queue.status_time_between': 'what question 14 adds up, held against answers of its own by questions.test.ts',
  'agents.ticket_returns': 'what question 11 counts, likewise',
  'config.metric_catalog': 'words about the other views, kept by a test of its own',
  'queue.metric_catalog': 'a part of config.metric_catalog',
  'agents.metric_catalog': 'a part of config.metric_catalog',
  'config.loaded_intervals': 'compared by itself, calendar by calendar',
  'config.calendar_intervals': 'those of the live configuration, tried with the golden values',
  'config.loaded_versions': 'about the configuration, not about tickets',
};
