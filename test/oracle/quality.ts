// Findings about the data. They depend on arrival, so they are no part of the identical tables.
import type { Row } from './events.ts';
import type { Rules } from './config.ts';
import { findCategory, sameStatus } from './statuses.ts';
import type { Step, Timeline } from './timeline.ts';

function findingsOf(step: Step, timeline: Timeline, rules: Rules): string[] {
  const rulesBroken: string[] = [];
  const map = rules.statusMap(timeline.integration_id);
  if (step.at > step.event.received_at) rulesBroken.push('future_time');
  if (step.index < timeline.creationIndex) rulesBroken.push('event_before_creation');
  if (step.kind === 'created' && step.event.status !== null && findCategory(step.event.status, map) === null) {
    rulesBroken.push('unknown_status');
  }
  if (step.kind === 'status') {
    const { previous_status, new_status } = step.event;
    if (findCategory(new_status, map) === null) rulesBroken.push('unknown_status');
    const firstStatus = timeline.steps.find((s) => s.kind === 'status') === step;
    // Without a status at creation, `new` is only our assumption: the first event can't contradict it.
    const nothingToContradict = firstStatus && (timeline.creation?.status ?? null) === null;
    if (previous_status !== null && !nothingToContradict && !sameStatus(previous_status, step.before.status)) {
      rulesBroken.push('previous_status_contradicts');
    }
  }
  return rulesBroken;
}

export function dataQualityRows(timeline: Timeline, rules: Rules): Row[] {
  const { integration_id, ticket_id } = timeline;
  const found = timeline.steps.flatMap((step) =>
    step.kind === 'customer_message' && step.event.event_type === 'ticket.created'
      ? []
      : findingsOf(step, timeline, rules).map((rule) => ({ integration_id, ticket_id, rule, event_id: step.event.event_id })));
  return timeline.creation ? found : [...found, { integration_id, ticket_id, rule: 'creation_missing', event_id: '' }];
}
