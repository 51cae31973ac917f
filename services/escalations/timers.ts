// Alerts that no event brings: timers that will be due soon, and breaches that the CRM has not escalated. Found by a question
// for what is due in a window of time; once each, since a timer's alert has the same id whenever it is found.
import { idOf, type Alert, type Kind } from './alert.ts';
import { missedBreaches, type TicketFacts, type TimerFacts } from './outcome.ts';

const MINUTE_MS = 60_000;

export interface Warnings {
  /** The kinds that any route wants. */
  readonly on: ReadonlySet<Kind>;
  readonly dueSoonMinutes: number;
  readonly missedAfterMinutes: number;
  /** What was due before is not told: somebody switched it on then. */
  readonly since: number;
}

const alertOf = ({ integrationId, ticketId }: TicketFacts, { timer, kind, now }: { timer: TimerFacts; kind: 'due_soon' | 'missed'; now: number }): Alert => ({
  // Not by the timer's number, which a late event changes for all that follow.
  id: idOf(integrationId, ticketId, kind, timer.policyId, timer.metric, String(timer.startedAt)),
  kind, integrationId, ticketId, policyId: timer.policyId, policyName: '', metric: timer.metric, level: '',
  at: timer.dueAt ?? now, seenAt: now, eventId: '', startedAt: timer.startedAt, thresholdSeconds: null, elapsedSeconds: null, escalatedTo: '',
});

/** What is to be told of a ticket's timers now. */
export function timerAlerts(facts: TicketFacts, { on, dueSoonMinutes, missedAfterMinutes, since }: Warnings, now: number): Alert[] {
  const isDueIn = ({ dueAt }: TimerFacts, from: number, to: number): boolean => dueAt !== null && dueAt > from && dueAt <= to;
  const soon = on.has('due_soon') ? facts.timers.filter((timer) => timer.outcome === 'active' && isDueIn(timer, now, now + dueSoonMinutes * MINUTE_MS)) : [];
  const missed = on.has('missed') ? missedBreaches(facts, now).filter((timer) => isDueIn(timer, since, now - missedAfterMinutes * MINUTE_MS)) : [];
  return [...soon.map((timer) => alertOf(facts, { timer, kind: 'due_soon', now })), ...missed.map((timer) => alertOf(facts, { timer, kind: 'missed', now }))];
}
