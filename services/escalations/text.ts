// How an alert reads. Ids, queues and times only: nothing that a customer wrote.
import type { Alert } from './alert.ts';
import type { Severity } from './section.ts';
import type { Step, Tracked } from './book.ts';

const metricNames: Readonly<Record<string, string>> = { first_response: 'first response', next_response: 'next response', resolution: 'resolution' };
const minute = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** Of milliseconds: 45 s, 12 min, 3 h 5 min, 2 d 1 h. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return hours === 0 ? `${days} d` : `${days} d ${hours} h`;
  if (hours > 0) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
  return `${minutes} min`;
}

const what = ({ metric }: Alert): string => metricNames[metric] ?? metric;
const policyOf = ({ policyName, policyId }: Alert): string => (policyName === '' ? policyId : policyName);

/** One line. */
export function summary({ alert, outcome }: Tracked): string {
  const place = outcome.queueId === null || outcome.queueId === '' ? '' : ` in ${outcome.queueId}`;
  const ticket = `${alert.integrationId} ${alert.ticketId}${place}`;
  switch (alert.kind) {
    case 'escalated': return `${ticket}: ${what(alert)} escalated to ${alert.level}`;
    case 'due_soon': return `${ticket}: ${what(alert)} due at ${minute(alert.at)}`;
    case 'missed': return `${ticket}: ${what(alert)} was due at ${minute(alert.at)}, and the CRM did not escalate it`;
  }
}

/** What else is known, by name; nothing is empty. */
export function details({ alert, outcome }: Tracked): Readonly<Record<string, string>> {
  const all = {
    integration_id: alert.integrationId, ticket_id: alert.ticketId, queue_id: outcome.queueId ?? '', assignee_id: outcome.assigneeId,
    kind: alert.kind, level: alert.level, metric: alert.metric, policy_id: alert.policyId, policy_name: alert.policyName,
    at: new Date(alert.at).toISOString(), escalated_to: alert.escalatedTo,
    threshold_seconds: alert.thresholdSeconds === null ? '' : String(alert.thresholdSeconds),
    elapsed_seconds: alert.elapsedSeconds === null ? '' : String(alert.elapsedSeconds),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

/** What became of it; '' for what is new. */
export function news({ alert, outcome }: Tracked, step: Step, now: number): string {
  const { acknowledgedAt, acknowledgedBy, overAt } = outcome;
  switch (step) {
    case 'fired': return '';
    case 'repeated': return `still unacknowledged after ${duration(now - alert.seenAt)}`;
    case 'acknowledged': return `acknowledged${acknowledgedBy === '' ? '' : ` by ${acknowledgedBy}`}${acknowledgedAt === null ? '' : `, ${duration(acknowledgedAt - alert.at)} after`}`;
    case 'resolved': return overAt !== null && overAt <= alert.at ? 'over in time' : `over${overAt === null ? '' : `, ${duration(overAt - alert.at)} after`}`;
  }
}

/** For people: what the summary leaves out. */
export const context = ({ alert, outcome }: Tracked): string =>
  [`policy ${policyOf(alert)}`, ...(outcome.assigneeId === '' ? [] : [`held by ${outcome.assigneeId}`]), ...(alert.kind === 'escalated' ? [`fired at ${minute(alert.at)}`] : [])].join(', ');

/** By level, where somebody set one; else management is critical, any other level an error, a warning is a warning. */
export function severityOf({ kind, level }: Alert, configured: Readonly<Record<string, Severity>>): Severity {
  const set = Object.entries(configured).find(([name]) => name.toLowerCase() === (kind === 'escalated' ? level.toLowerCase() : kind));
  if (set !== undefined) return set[1];
  if (kind === 'due_soon') return 'warning';
  return level.toLowerCase() === 'management' ? 'critical' : 'error';
}
