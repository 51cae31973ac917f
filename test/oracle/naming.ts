// Status changes that name the status before them, as an honest CRM does.
import type { CrmEvent } from './events.ts';

/** Each names the status that the CRM had before it. The ids of one instant's changes tell nothing of their order. */
export function naming(events: readonly CrmEvent[]): CrmEvent[] {
  const creation = events.find((event) => event.event_type === 'ticket.created');
  let current = creation?.status ?? 'new';
  const inTime = events.map((event, i) => ({ event, i })).sort((a, b) => a.event.timestamp - b.event.timestamp);
  const named = inTime.map(({ event, i }) => {
    if (event.event_type !== 'status.changed') return { event, i };
    const previous_status = event.previous_status === null ? null : current;
    current = event.new_status;
    return { event: { ...event, previous_status }, i };
  });
  return named.sort((a, b) => a.i - b.i).map(({ event }) => event);
}
