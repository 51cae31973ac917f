// What the queue's side keeps of a ticket's SLA timers: a row of sla_timer_facts, column for column as the table names them.
import type { Timer } from '../ticket/timers/timers.ts';

/** Milliseconds since 1970. */
type Instant = number;

export interface TimerRow {
  readonly policy_id: string;
  readonly policy_version: number;
  readonly metric: string;
  readonly instance: number;
  readonly started_at: Instant;
  readonly taken_over_at: Instant;
  readonly due_at: Instant | null;
  readonly remaining_ms: number | null;
  readonly paused_ms: number;
  readonly paused_since: Instant | null;
  readonly stopped_at: Instant | null;
  readonly fulfilled_at: Instant | null;
  readonly outcome: string;
  readonly judged_at: Instant | null;
  readonly agent_id_when_judged: string;
  readonly queue_id_when_judged: string;
  readonly queue_id_at_stop: string;
  readonly calendar_id: string;
}

export interface BreachRow {
  readonly at: Instant;
  readonly queue_id: string;
  readonly is_certain: boolean;
}

export interface TimersRow {
  readonly timers: readonly TimerRow[];
  readonly breaches: readonly BreachRow[];
}

const timerRow = (timer: Timer): TimerRow => ({
  policy_id: timer.policyId, policy_version: timer.policyVersion, metric: timer.metric, instance: timer.instance,
  started_at: timer.startedAt, taken_over_at: timer.takenOverAt, due_at: timer.dueAt,
  remaining_ms: timer.remainingMs, paused_ms: timer.pausedMs, paused_since: timer.pausedSince,
  stopped_at: timer.stoppedAt, fulfilled_at: timer.fulfilledAt,
  outcome: timer.outcome, judged_at: timer.judgedAt,
  agent_id_when_judged: timer.agentIdWhenJudged, queue_id_when_judged: timer.queueIdWhenJudged, queue_id_at_stop: timer.queueIdAtStop,
  calendar_id: timer.calendarId,
});

/** Of a timer that is breached, or will be unless something happens before. */
const breachRow = ({ outcome, judgedAt, queueIdWhenJudged }: Timer): BreachRow[] =>
  (judgedAt !== null && (outcome === 'breached' || outcome === 'active') ? [{ at: judgedAt, queue_id: queueIdWhenJudged, is_certain: outcome === 'breached' }] : []);

/** A row of sla_timer_facts. */
export const timersRow = (timers: readonly Timer[]): TimersRow => ({ timers: timers.map(timerRow), breaches: timers.flatMap(breachRow) });
