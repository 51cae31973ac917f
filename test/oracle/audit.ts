// Escalation audit: the breaches that we computed beside the escalations that the CRM sent.
import type { Row } from './events.ts';
import type { SlaMetric, SlaTimer } from './sla.ts';
import type { Timeline } from './timeline.ts';

const auditedMetric: Readonly<Record<string, SlaMetric>> = {
  first_response_time: 'first_response',
  resolution_time: 'resolution',
};

interface Breach {
  timer: SlaTimer;
  due_at: number;
}

/** Next-response breaches are not audited: no escalation speaks of them. */
function breachesOf(timers: readonly SlaTimer[]): Breach[] {
  return timers.flatMap((timer) =>
    timer.outcome === 'breached' && timer.metric !== 'next_response' && timer.due_at !== null
      ? [{ timer, due_at: timer.due_at }]
      : []);
}

/** The latest breach of that metric that was due at or before the escalation. */
function partnerOf(breaches: readonly Breach[], metric: SlaMetric | undefined, firedAt: number): Breach | undefined {
  return breaches
    .filter((b) => b.timer.metric === metric && b.due_at <= firedAt)
    .sort((a, b) => a.due_at - b.due_at || a.timer.instance - b.timer.instance)
    .at(-1);
}

function breachColumns(breach: Breach | undefined): Row {
  return {
    policy_id: breach?.timer.policy_id ?? '',
    instance: breach?.timer.instance ?? null,
    due_at: breach?.due_at ?? null,
  };
}

export function escalationAuditRows(timeline: Timeline, timers: readonly SlaTimer[]): Row[] {
  const { integration_id, ticket_id } = timeline;
  const breaches = breachesOf(timers);
  const paired = new Set<Breach>();
  const escalations = timeline.steps.filter((s) => s.kind === 'escalation').map((step, i) => {
    const metric = auditedMetric[step.event.breached_metric];
    const breach = partnerOf(breaches, metric, step.at);
    if (breach) paired.add(breach);
    return {
      integration_id,
      ticket_id,
      verdict: breach ? 'matched' : 'unfounded',
      metric: metric ?? step.event.breached_metric,
      ...breachColumns(breach),
      escalation_no: i + 1,
      event_id: step.event.event_id,
      escalation_policy_id: step.event.policy.id,
      fired_at: step.at,
      late_seconds: breach ? Math.trunc((step.at - breach.due_at) / 1000) : null,
    };
  });
  const missed = breaches.filter((b) => !paired.has(b)).map((breach) => ({
    integration_id,
    ticket_id,
    verdict: 'missed',
    metric: breach.timer.metric,
    ...breachColumns(breach),
    escalation_no: null,
    event_id: '',
    escalation_policy_id: '',
    fired_at: null,
    late_seconds: null,
  }));
  return [...escalations, ...missed];
}
