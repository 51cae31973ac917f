// Findings about the data. They depend on arrival, so they are no part of the identical tables.
import type { Row } from './events.ts';
import type { Rules } from './config.ts';
import { findCategory, sameStatus } from './statuses.ts';
import type { Step, Timeline } from './timeline.ts';

function findingsOf(step: Step, timeline: Timeline, rules: Rules): string[] {
  const rulesBroken: string[] = [];
  const maps = rules.statusMaps(timeline.integration_id);
  if (step.at > step.event.received_at) rulesBroken.push('future_time');
  if (step.index < timeline.creationIndex) rulesBroken.push('event_before_creation');
  if (step.kind === 'created' && step.event.status !== null && findCategory(step.event.status, maps) === null) {
    rulesBroken.push('unknown_status');
  }
  if (step.kind === 'status') {
    const { previous_status, new_status } = step.event;
    if (findCategory(new_status, maps) === null) rulesBroken.push('unknown_status');
    const firstStatus = timeline.steps.find((s) => s.kind === 'status') === step;
    // Without a status at creation, `new` is only our assumption: the first event can't contradict it.
    const nothingToContradict = firstStatus && (timeline.creation?.status ?? null) === null;
    if (previous_status !== null && !nothingToContradict && !sameStatus(previous_status, step.before.status)) {
      rulesBroken.push('status_contradiction');
    }
  }
  return rulesBroken;
}

/** How many events of the ticket show a rule broken. */
export function findingsByRule(timeline: Timeline, rules: Rules): ReadonlyMap<string, number> {
  const events = timeline.steps.filter((step) => step.kind !== 'customer_message' || step.event.event_type !== 'ticket.created');
  const found = events.flatMap((step) => findingsOf(step, timeline, rules));
  if (timeline.creation === null) found.push('creation_missing');
  for (let i = 0; i < timeline.repeatedCreations; i += 1) found.push('creation_repeated');
  const counts = new Map<string, number>();
  for (const rule of found) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return counts;
}

export function dataQualityRows(timeline: Timeline, rules: Rules): Row[] {
  const { integration_id, ticket_id } = timeline;
  return [...findingsByRule(timeline, rules)].map(([rule, occurrences]) => ({ integration_id, ticket_id, rule, occurrences }));
}
