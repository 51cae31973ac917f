// Kept promises by the week in which they were due.
import type { Row } from './events.ts';
import type { Rules } from './config.ts';
import { share } from './figures.ts';
import { queueAtEnd } from './sla-rows.ts';
import type { SlaTimer } from './sla.ts';
import type { Timeline } from './timeline.ts';

const day = 86_400_000;

/** Monday of the UTC week; timers that are paused are due in none. */
function weekOf(due_at: number | null): string {
  if (due_at === null) return '1970-01-01';
  const midnight = Math.floor(due_at / day) * day;
  const sinceMonday = (new Date(midnight).getUTCDay() + 6) % 7;
  return new Date(midnight - sinceMonday * day).toISOString().slice(0, 10);
}

interface Group {
  key: Row;
  timers: SlaTimer[];
}

export function attainmentRows(perTicket: readonly { timeline: Timeline; timers: readonly SlaTimer[] }[], rules: Rules): Row[] {
  const groups = new Map<string, Group>();
  for (const { timeline, timers } of perTicket) {
    for (const timer of timers) {
      const { policy_id, metric, due_at } = timer;
      const key = { integration_id: timeline.integration_id, policy_id, metric, queue_id: queueAtEnd(timer, timeline, rules.now), week: weekOf(due_at) };
      const group: Group = groups.get(JSON.stringify(key)) ?? { key, timers: [] };
      group.timers.push(timer);
      groups.set(JSON.stringify(key), group);
    }
  }
  return [...groups.values()].map(({ key, timers }) => {
    const count = (outcome: SlaTimer['outcome']): number => timers.filter((timer) => timer.outcome === outcome).length;
    const [met, breached] = [count('met'), count('breached')];
    return { ...key, met, breached, active: count('active'), cancelled: count('cancelled'), sla_attainment: share(met, met + breached) };
  });
}
