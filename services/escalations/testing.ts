// Alerts and sections for the tests of this folder.
import { sampleEvent } from '../../schemas/events.ts';
import { createLogger } from '../runtime/logger.ts';
import { fromEscalation, type Alert } from './alert.ts';
import type { Sent, Tracked } from './book.ts';
import type { ChannelPlace } from './destinations/channel.ts';
import { createApi } from '../destinations/http.ts';
import { unknownOutcome, type Outcome, type TicketFacts, type TimerFacts } from './outcome.ts';
import type { EscalationsSection, Route } from './section.ts';

export const NOON = Date.UTC(2026, 2, 2, 12);
export const MINUTE_MS = 60_000;

export const alertOf = (over: Partial<Alert> = {}, eventId = 'e-1'): Alert => ({
  ...fromEscalation(sampleEvent('escalation.fired', {
    event_id: eventId, ticket_id: 'TKT-1', level: 'management', policy: { id: 'p1', name: 'First response' }, breached_metric: 'first_response_time',
    threshold_seconds: 900, source: { integration_id: 'acme' }, timestamp: new Date(NOON), escalated_to: { type: 'group', id: 'tier-2' },
  }), NOON),
  ...over,
});

export const trackedOf = (alert: Partial<Alert> = {}, { outcome = {}, sent = {}, eventId = 'e-1' }: { outcome?: Partial<Outcome>; sent?: Readonly<Record<string, Sent>>; eventId?: string } = {}): Tracked => ({
  alert: alertOf(alert, eventId), outcome: { ...unknownOutcome, queueId: 'billing', ...outcome }, askedAt: NOON, knownAt: NOON, sent: new Map(Object.entries(sent)),
});

export const sectionOf = (routes: readonly Partial<Route>[], over: Partial<EscalationsSection> = {}): EscalationsSection => ({
  pagerduty: {}, alertmanager: {}, telegram: {}, webhook: {}, silences: [], severities: {}, due_soon_minutes: 15, missed_after_minutes: 5,
  routes: routes.map((route) => ({ to: ['on-call'], on: ['escalated'], ...route })),
  ...over,
});

export const timerOf = (over: Partial<TimerFacts> = {}): TimerFacts => ({
  policyId: 'p1', metric: 'first_response', instance: 1, startedAt: NOON - 20 * MINUTE_MS, dueAt: NOON, stoppedAt: null, outcome: 'active', ...over,
});

export const factsOf = (over: Partial<TicketFacts> = {}): TicketFacts => ({
  integrationId: 'acme', ticketId: 'TKT-1', queueId: 'billing', assigneeId: '', isOver: false, solvedAt: [], discardedAt: null, escalations: [], actions: [], timers: [], ...over,
});

export const placeOf = (section: EscalationsSection, name = 'on-call', secrets: readonly string[] = []): ChannelPlace => ({
  name, section, logger: createLogger('test', 'silent'), api: (options) => createApi({ ...options, secrets, timeoutMs: 500 }),
});
