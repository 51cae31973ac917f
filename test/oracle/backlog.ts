// The backlog at an instant, and the hourly flows that reconcile with it.
import type { Row } from './events.ts';
import type { Rules } from './config.ts';
import { customerWaits } from './conversation.ts';
import { stateIntervals } from './periods.ts';
import { isOver, type StatusCategory } from './statuses.ts';
import { stateAt, type Timeline } from './timeline.ts';

interface Held {
  timeline: Timeline;
  status: string;
  status_category: StatusCategory;
  queue_id: string;
  assignee_id: string;
}

/** Section 4: `valid_from <= t AND valid_to > t`, of tickets that are not over. */
export function backlogAt(timelines: readonly Timeline[], instant: number): Held[] {
  return timelines.flatMap((timeline) =>
    stateIntervals(timeline)
      .filter((i) => i.valid_from <= instant && i.valid_to > instant)
      .filter((i) => !isOver(i.status_category))
      .map((interval) => ({ timeline, ...interval })));
}

/** Start of the wait that is open after an instant, of a ticket that is not over; null without one. */
export function openWaitSince(timeline: Timeline, instant: number): number | null {
  const state = stateAt(timeline, instant);
  if (!state || isOver(state.category)) return null;
  const wait = customerWaits(timeline).find((w) => w.waiting_since <= instant && (w.end === null || w.end.at > instant));
  return wait?.waiting_since ?? null;
}

/** The lower of the two in the middle falls to the upper one, as quantileExact(0.5) of n values takes number n / 2 from 0. */
function medianAge(createdAt: readonly number[], now: number): number {
  const ages = createdAt.map((at) => Math.trunc(Math.max(0, now - at) / 1000)).sort((a, b) => a - b);
  return ages[Math.floor(ages.length / 2)] ?? 0;
}

export function backlogRows(timelines: readonly Timeline[], rules: Rules): Row[] {
  const groups = new Map<string, Held[]>();
  for (const held of backlogAt(timelines, rules.now)) {
    const key = JSON.stringify([held.timeline.integration_id, held.queue_id, held.status_category, held.status, held.assignee_id]);
    groups.set(key, [...(groups.get(key) ?? []), held]);
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, group]) => {
    const [first] = group;
    if (!first) return [];
    const waits = group.map((h) => openWaitSince(h.timeline, rules.now)).filter((since) => since !== null);
    const age = (since: readonly number[]): number | null =>
      since.length === 0 ? null : Math.trunc(Math.max(0, rules.now - Math.min(...since)) / 1000);
    return [{
      integration_id: first.timeline.integration_id,
      queue_id: first.queue_id,
      status: first.status,
      status_category: first.status_category,
      assignee_id: first.assignee_id,
      backlog: group.length,
      unassigned: group.filter((h) => h.assignee_id === '').length,
      oldest_age_seconds: age(group.map((h) => h.timeline.created_at)),
      p50_age_seconds: medianAge(group.map((h) => h.timeline.created_at), rules.now),
      waiting_now: waits.length,
      oldest_wait_seconds: age(waits),
    }];
  });
}

