// The same random history under other tenants, at another time, or in another order of arrival.
import { bodyTime, type CrmEvent } from './events.ts';
import { withBodyTime, type History } from './histories.ts';

/** The same history under integrations of its own, so that many of them can share one database. */
export function inTenant(history: History, tenant: string): History {
  const events = history.events.map((event) => ({
    ...event,
    source: { ...event.source, integration_id: `${event.source.integration_id}-${tenant}` },
  }));
  return { ...history, events };
}

/** The same events in another order of arrival. What wins among duplicates may change with it. */
export function rearranged(history: History, order: readonly number[]): History {
  const events = history.events
    .map((event, i) => ({ event, rank: order[i % Math.max(1, order.length)] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ event }, i) => ({ ...event, kafka_offset: i, received_at: history.events[i]?.received_at ?? event.received_at }));
  return { ...history, events };
}

/** The same history some time later. */
export function later(history: History, ms: number): History {
  const events = history.events.map((event): CrmEvent => ({
    ...withBodyTime(event, bodyTime(event) + ms), timestamp: event.timestamp + ms, received_at: event.received_at + ms,
  }));
  return { events, now: history.now + ms, asOf: history.asOf + ms, knownAt: history.knownAt + ms };
}
