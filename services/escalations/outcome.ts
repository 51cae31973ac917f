// What became of an alert, by the facts of its ticket: acknowledged by the first human action after it, over when the ticket
// is solved or discarded, or when the timer stops. Facts follow event times, so the order of arrival decides nothing.
import { metricOf, type Alert } from './alert.ts';

export interface TimerFacts {
  readonly policyId: string;
  /** first_response, next_response or resolution. */
  readonly metric: string;
  readonly instance: number;
  readonly startedAt: number;
  /** Null while paused. */
  readonly dueAt: number | null;
  /** Null while it runs. */
  readonly stoppedAt: number | null;
  /** active, met, breached or cancelled; an active one past its due time is breached by now. */
  readonly outcome: string;
}

export interface EscalationFacts {
  readonly eventId: string;
  readonly metric: string;
  readonly firedAt: number;
  readonly acknowledgedAt: number | null;
  readonly acknowledgedBy: string;
}

export interface TicketFacts {
  readonly integrationId: string;
  readonly ticketId: string;
  readonly queueId: string;
  readonly assigneeId: string;
  readonly isOver: boolean;
  readonly solvedAt: readonly number[];
  readonly discardedAt: number | null;
  readonly escalations: readonly EscalationFacts[];
  /** What agents did, in order. */
  readonly actions: readonly { readonly at: number; readonly agentId: string }[];
  readonly timers: readonly TimerFacts[];
}

export interface Outcome {
  /** Null while nobody knows the ticket. */
  readonly queueId: string | null;
  readonly assigneeId: string;
  readonly acknowledgedAt: number | null;
  readonly acknowledgedBy: string;
  readonly overAt: number | null;
}

export const unknownOutcome: Outcome = { queueId: null, assigneeId: '', acknowledgedAt: null, acknowledgedBy: '', overAt: null };

function ticketOverAt({ solvedAt, discardedAt, isOver }: TicketFacts, at: number): number | null {
  const ends = [...solvedAt, ...(discardedAt === null ? [] : [discardedAt])].filter((end) => end >= at);
  // Fired on a ticket that was over already.
  return ends.length > 0 ? Math.min(...ends) : isOver ? at : null;
}

export const isTimerOf = ({ policyId, metric, startedAt }: Alert, timer: TimerFacts): boolean =>
  timer.policyId === policyId && timer.metric === metric && timer.startedAt === startedAt;

function timerOverAt(facts: TicketFacts, alert: Alert): number | null {
  const timer = facts.timers.find((one) => isTimerOf(alert, one));
  // Another policy rules, or an event that came late moved the start: this promise is not waited for any more.
  if (timer === undefined) return facts.timers.length === 0 ? null : Math.max(alert.at, alert.seenAt);
  return timer.stoppedAt;
}

export function outcomeOf(alert: Alert, facts: TicketFacts | undefined): Outcome {
  if (facts === undefined) return unknownOutcome;
  const { queueId, assigneeId } = facts;
  if (alert.kind === 'escalated') {
    const escalation = facts.escalations.find(({ eventId }) => eventId === alert.eventId);
    // The facts may be older than the escalation; then nothing of them came after it.
    if (escalation === undefined) return { ...unknownOutcome, queueId, assigneeId };
    return { queueId, assigneeId, acknowledgedAt: escalation.acknowledgedAt, acknowledgedBy: escalation.acknowledgedBy, overAt: ticketOverAt(facts, alert.at) };
  }
  const since = alert.kind === 'due_soon' ? alert.seenAt : alert.at;
  const action = facts.actions.find(({ at }) => at >= since);
  return { queueId, assigneeId, acknowledgedAt: action?.at ?? null, acknowledgedBy: action?.agentId ?? '', overAt: timerOverAt(facts, alert) };
}

/** Metrics whose breaches the CRM escalates; queue.escalation_audit looks at the same. */
const audited = ['first_response', 'resolution'];

const isBreached = ({ outcome, dueAt }: TimerFacts, now: number): boolean => outcome === 'breached' || (outcome === 'active' && dueAt !== null && dueAt < now);

/** Breaches that no escalation of the CRM pairs with: each pairs with the latest breach of its metric that was due at or before it. */
export function missedBreaches({ timers, escalations }: TicketFacts, now: number): TimerFacts[] {
  const breaches = timers.filter((timer) => audited.includes(timer.metric) && isBreached(timer, now));
  const paired = new Set(escalations.map(({ metric, firedAt }) => breaches
    .filter((breach) => breach.metric === metricOf(metric) && (breach.dueAt ?? Infinity) <= firedAt)
    .sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0) || a.instance - b.instance).at(-1)));
  return breaches.filter((breach) => !paired.has(breach));
}
