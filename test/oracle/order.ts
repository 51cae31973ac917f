// Which events of the log count, and their order within a ticket. Never by arrival.
import type { CrmEvent, StatusChanged } from './events.ts';
import { sameStatus } from './statuses.ts';

export interface Cut {
  environment: string;
  /** Event time: only events that happened by then. */
  asOf: number;
  /** Knowledge time: only events received by then. */
  knownAt: number;
}

const typeRank: Record<CrmEvent['event_type'], number> = {
  'ticket.created': 0,
  'message.received': 1,
  'agent.assigned': 2,
  'status.changed': 3,
  'escalation.fired': 4,
};

/** Section 2: event time, then type, then the event_id as lower-case text. Never arrival. */
function byOrder(a: CrmEvent, b: CrmEvent): number {
  if (a.timestamp !== b.timestamp) return a.timestamp - b.timestamp;
  const rank = typeRank[a.event_type] - typeRank[b.event_type];
  if (rank !== 0) return rank;
  const [left, right] = [a.event_id.toLowerCase(), b.event_id.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Section 9, identity: the first arrival of (integration_id, ticket_id, event_id) wins. */
export function firstArrivals(events: readonly CrmEvent[]): CrmEvent[] {
  const seen = new Map<string, CrmEvent>();
  for (const event of events) {
    const identity = JSON.stringify([event.source.integration_id, event.ticket_id, event.event_id.toLowerCase()]);
    if (!seen.has(identity)) seen.set(identity, event);
  }
  return [...seen.values()];
}

/** The status before the first status.changed: that of the creation, wherever it lies, else `new`. */
export function initialStatus(events: readonly CrmEvent[]): string {
  const creation = events.find((event) => event.event_type === 'ticket.created');
  return creation?.status ?? 'new';
}

/** The next one of an instant's status changes, of which those that are left come in order of their ids. */
function nextInChain(left: readonly StatusChanged[], current: string): StatusChanged | undefined {
  const comesFrom = (change: StatusChanged, status: string): boolean => change.previous_status !== null && sameStatus(change.previous_status, status);
  const fits = left.find((change) => comesFrom(change, current));
  const begins = left.find((change) => !left.some((other) => other !== change && comesFrom(change, other.new_status)));
  return fits ?? begins ?? left[0];
}

/** Section 2: status changes of one instant chain by `previous_status`, each in the place of one of them. */
function chained(events: readonly CrmEvent[]): CrmEvent[] {
  let current = initialStatus(events);
  const left = new Map<number, StatusChanged[]>();
  for (const event of events) {
    if (event.event_type === 'status.changed') left.set(event.timestamp, [...(left.get(event.timestamp) ?? []), event]);
  }
  return events.map((event) => {
    if (event.event_type !== 'status.changed') return event;
    const together = left.get(event.timestamp) ?? [];
    const next = nextInChain(together, current) ?? event;
    left.set(event.timestamp, together.filter((change) => change !== next));
    current = next.new_status;
    return next;
  });
}

/** What was received by `knownAt`, each event once, that happened by `asOf`, per ticket and in order. */
export function eventsByTicket(events: readonly CrmEvent[], cut: Cut): CrmEvent[][] {
  const known = events.filter((e) => e.received_at <= cut.knownAt && e.source.environment === cut.environment);
  const counted = firstArrivals(known).filter((e) => e.timestamp <= cut.asOf);
  const tickets = new Map<string, CrmEvent[]>();
  for (const event of counted) {
    const key = JSON.stringify([event.source.integration_id, event.ticket_id]);
    tickets.set(key, [...(tickets.get(key) ?? []), event]);
  }
  return [...tickets.keys()].sort().map((key) => chained((tickets.get(key) ?? []).sort(byOrder)));
}

