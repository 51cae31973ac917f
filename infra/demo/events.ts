// One event as the demo's CRM knows it before it is signed and sent.
import type { JsonObject } from '../../schemas/contract.ts';

/** In the order in which events of one instant count. */
export const eventTypes = [
  'ticket.created', 'message.received', 'agent.assigned', 'status.changed', 'escalation.fired',
] as const;
export type EventType = (typeof eventTypes)[number];

export interface CrmEvent {
  readonly eventId: string;
  readonly eventType: EventType;
  readonly integrationId: string;
  readonly platform: string;
  readonly ticketId: string;
  /** Milliseconds since 1970, UTC. */
  readonly at: number;
  readonly version: string;
  readonly payload: JsonObject;
}

export const iso = (at: number): string => new Date(at).toISOString();

/** The order of a ticket's events: time, then type, then id as text. */
export function compareEvents(a: CrmEvent, b: CrmEvent): number {
  const byRank = (): number => eventTypes.indexOf(a.eventType) - eventTypes.indexOf(b.eventType);
  const byId = (): number => (a.eventId < b.eventId ? -1 : Number(a.eventId > b.eventId));
  return a.at - b.at || byRank() || byId();
}
