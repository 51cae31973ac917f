// Random histories of a ticket, for property tests: whole-second ties, unknown statuses, late creations, repetitions of the
// initial message, agents without id. Nothing about them is likely; everything about them is possible.
import fc from 'fast-check';
import type { DeskConfig } from '../desk/desk.ts';
import type { TicketEvent } from '../event.ts';
import type { Policy } from '../timers/policies.ts';
import { event } from './tell.ts';

const START = Date.UTC(2026, 2, 27, 15);
const HOUR = 3_600_000;

const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const agents = oneOf('lea', 'max', 'ida', '');
const statuses = oneOf('new', 'open', 'in_progress', 'Open', 'pending', 'awaiting customer', 'on-hold', 'resolved', 'closed', 'spam', 'merged', 'who knows');

/** Whole seconds mostly close together, so that several events share an instant. */
const instants = fc.oneof(
  fc.integer({ min: 0, max: 6 }).map((n) => START + n * 1000),
  fc.integer({ min: 0, max: 40 }).map((n) => START + n * HOUR / 4),
  fc.integer({ min: 0, max: 96 * HOUR }).map((n) => START + n),
);

type Detail = Parameters<typeof event>[3];
type Kind = readonly [type: TicketEvent['type'], detail: Detail];

const message = fc.record({
  actorType: oneOf('customer', 'customer', 'agent', 'agent', 'bot'),
  actorId: agents,
  messageId: oneOf('m0', 'm1', 'm2', ''),
  isPrivate: oneOf(false, false, false, true),
  isAutomated: oneOf(false, false, false, true),
}).map((detail): Kind => ['message.received', { ...detail, actorId: detail.actorType === 'customer' ? '' : detail.actorId, hasMessage: true }]);

const assignment = fc.record({ actorType: oneOf('agent', 'automation_rule'), actorId: agents, assigneeId: agents, groupId: oneOf('', 'billing', 'tech') })
  .map((detail): Kind => ['agent.assigned', detail]);

const statusChange = fc.record({ actorType: oneOf('agent', 'automation_rule'), actorId: agents, newStatus: statuses, previousStatus: fc.oneof(fc.constant(''), statuses) })
  .map((detail): Kind => ['status.changed', detail]);

const escalation = oneOf('first_response_time', 'resolution_time').map((breachedMetric): Kind => ['escalation.fired', {
  escalation: { policyId: 'crm', policyName: '', breachedMetric, thresholdSeconds: 60, elapsedSeconds: null, level: '2', escalatedToType: '', escalatedToId: '' },
}]);

const creation = fc.record({ hasMessage: fc.boolean(), newStatus: oneOf('', '', '', 'open', 'resolved', 'spam') }).map((detail): Kind => ['ticket.created', {
  ...detail, actorType: 'customer', messageId: detail.hasMessage ? 'm0' : '',
  creation: { customerTelegramUserId: 42, customerLanguageCode: 'de', channelType: 'direct_message', channelChatId: '7', channelTopicId: '', metadata: '{"tier":"vip"}' },
}]);

const happening = fc.oneof({ arbitrary: message, weight: 8 }, { arbitrary: statusChange, weight: 6 }, { arbitrary: assignment, weight: 4 }, { arbitrary: escalation, weight: 1 });

const told = (kinds: fc.Arbitrary<Kind>, length: fc.ArrayConstraints): fc.Arbitrary<(readonly [number, Kind])[]> => fc.array(fc.tuple(instants, kinds), length);

/** The events of one ticket in order of their offsets, each delivered once. */
export const histories: fc.Arbitrary<TicketEvent[]> = fc
  .tuple(fc.array(fc.tuple(fc.oneof({ arbitrary: fc.constant(START), weight: 4 }, { arbitrary: instants, weight: 1 }), creation), { maxLength: 2 }), told(happening, { minLength: 1, maxLength: 16 }), fc.infiniteStream(fc.integer({ min: 0, max: 0xffff })))
  .map(([creations, others, ids]) => [...creations, ...others].map(([at, [type, detail]], index) => {
    const id = (ids.next().value as number).toString(16).padStart(4, '0');
    return event(type, at, index + 1, { eventId: `${id}${index % 2 === 0 ? 'A' : 'b'}${index}`, receivedAt: at + 1000, bodyAt: at - 2000, ...detail });
  }));

/** Mon–Fri 09:00–18:00 in Berlin around the change to summer time on 2026-03-29. */
export const berlinOffice = [
  { openFrom: Date.UTC(2026, 2, 27, 8), openTo: Date.UTC(2026, 2, 27, 17) },
  ...[30, 31].map((day) => ({ openFrom: Date.UTC(2026, 2, day, 7), openTo: Date.UTC(2026, 2, day, 16) })),
  ...[1, 2, 7, 8, 9, 10].map((day) => ({ openFrom: Date.UTC(2026, 3, day, 7), openTo: Date.UTC(2026, 3, day, 16) })),
];

export const aPolicy: Policy = {
  policyId: 'everyone', version: 1, inForceFrom: 0, inForceTo: Date.UTC(2106, 0, 1), queueIds: [], channelTypes: [], languageCodes: [], metadata: {},
  targetSeconds: { first_response: 3600, next_response: 1800, resolution: 14_400 }, calendarId: '', pauseStatuses: ['pending', 'On-Hold'],
};

export const busyDesk: DeskConfig = {
  calendars: { office: berlinOffice },
  defaultCalendars: { '': 'office' },
  policies: {
    '': [
      { ...aPolicy, policyId: 'vip', queueIds: ['billing'], metadata: { tier: 'vip' }, targetSeconds: { first_response: 600, resolution: 7200 }, calendarId: 'office' },
      { ...aPolicy, policyId: 'tech', queueIds: ['tech'], targetSeconds: { resolution: 3600 }, pauseStatuses: [] },
      aPolicy,
    ],
  },
};
