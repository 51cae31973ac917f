// What somebody is to hear of: an escalation that the CRM fired, an SLA timer that will be due soon, or a breach that the
// CRM has not escalated. What is said here of an alert never changes; what became of it since is told by the facts (outcome.ts).
import { createHash } from 'node:crypto';
import type { EventOf } from '../../schemas/events.ts';

export const kinds = ['escalated', 'due_soon', 'missed'] as const;
export type Kind = (typeof kinds)[number];

export const metrics = ['first_response', 'next_response', 'resolution'] as const;

export interface Alert {
  /** Of the event, or of the timer: the same however often it is found. */
  readonly id: string;
  readonly kind: Kind;
  readonly integrationId: string;
  readonly ticketId: string;
  readonly policyId: string;
  readonly policyName: string;
  /** first_response, next_response or resolution; the escalation's own word when it is another. */
  readonly metric: string;
  /** Of the escalation; empty for timers. */
  readonly level: string;
  /** When it fired, or when the timer is or was due: milliseconds since 1970. */
  readonly at: number;
  /** When it was written down here. */
  readonly seenAt: number;
  /** Of the escalation, in lower case; empty for timers. */
  readonly eventId: string;
  /** Of the timer; null for escalations. */
  readonly startedAt: number | null;
  readonly thresholdSeconds: number | null;
  readonly elapsedSeconds: number | null;
  /** e.g. `group tier-2`; empty when the escalation names nobody. */
  readonly escalatedTo: string;
}

/** Escalations say first_response_time where timers say first_response. */
export const metricOf = (breached: string): string => (breached.endsWith('_time') ? breached.slice(0, -'_time'.length) : breached);

export function fromEscalation(event: EventOf<'escalation.fired'>, seenAt: number): Alert {
  const { ticket_id: ticketId, source: { integration_id: integrationId }, policy, escalated_to: to } = event;
  const eventId = event.event_id.toLowerCase();
  return {
    id: idOf(integrationId, ticketId, eventId), kind: 'escalated', integrationId, ticketId, eventId, seenAt,
    policyId: policy.id, policyName: policy.name ?? '', metric: metricOf(event.breached_metric), level: event.level,
    at: event.timestamp.getTime(), startedAt: null,
    thresholdSeconds: event.threshold_seconds, elapsedSeconds: event.elapsed_seconds,
    escalatedTo: [to.type ?? '', to.id ?? ''].join(' ').trim(),
  };
}

/** Ids may hold any character, the separator too. */
export const idOf = (...parts: readonly string[]): string => parts.map(encodeURIComponent).join('/');

/** PagerDuty takes 255 characters. */
const LONGEST_KEY = 255;

/** What is one incident: a ticket, a policy and a metric, whatever told of it and however often. */
export function dedupKey({ integrationId, ticketId, policyId, metric }: Alert): string {
  const key = `ticketstream/${idOf(integrationId, ticketId, policyId, metric)}`;
  return key.length <= LONGEST_KEY ? key : `ticketstream/${createHash('sha256').update(key).digest('hex')}`;
}
