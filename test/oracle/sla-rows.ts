// SLA timers as rows, with who held the ticket when it mattered.
import type { Row } from './events.ts';
import type { Rules } from './config.ts';
import type { SlaTimer } from './sla.ts';
import { stateAt, type Timeline } from './timeline.ts';

/** Who held the ticket when it was due (or breached by a take-over), that instant's events included. */
export function holderOf(t: SlaTimer, timeline: Timeline, now: number): { agent: string; queue: string } {
  const instant = t.breached_at ?? (t.outcome === 'cancelled' ? null : t.due_at);
  const state = instant !== null && instant <= now ? stateAt(timeline, instant) : null;
  return { agent: state?.assignee ?? '', queue: state?.queue ?? '' };
}

/** The queue when it ended or was breached; now for one that runs. */
export function queueAtEnd(t: SlaTimer, timeline: Timeline, now: number): string {
  return stateAt(timeline, t.breached_at ?? t.ended_at ?? now)?.queue ?? '';
}

export function slaTimerRows(timeline: Timeline, timers: readonly SlaTimer[], rules: Rules): Row[] {
  const { integration_id, ticket_id } = timeline;
  return timers.map((t) => {
    const holder = holderOf(t, timeline, rules.now);
    return {
      integration_id,
      ticket_id,
      metric: t.metric,
      instance: t.instance,
      policy_id: t.policy_id,
      policy_version: t.policy_version,
      calendar_id: t.calendar_id,
      started_at: t.started_at,
      taken_over_at: t.taken_over_at,
      due_at: t.due_at,
      remaining_seconds: t.remainingMs === null ? null : Math.trunc(t.remainingMs / 1000),
      paused_seconds: Math.trunc(t.pausedMs / 1000),
      fulfilled_at: t.fulfilled_at,
      outcome: t.outcome,
      breach_seconds: t.breachMs === null ? null : Math.trunc(t.breachMs / 1000),
      breached_at: t.breached_at,
      agent_id_at_due: holder.agent,
      queue_id_at_due: holder.queue,
      queue_id_at_end: queueAtEnd(t, timeline, rules.now),
    };
  });
}
