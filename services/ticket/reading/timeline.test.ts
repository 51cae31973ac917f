import { describe, expect, it } from 'vitest';
import type { EventType, TicketEvent } from '../event.ts';
import { eventsIn, timelineColumns } from './timeline.ts';

/** As a ticket's events come from ClickHouse: every column, most of them empty. */
const valuesOf = (type: EventType): readonly unknown[] => [
  'e1', type, 1, 2, 3, 4, 5, 'agent', 'lea', true, 'm1', false, true, 'open', 'new', 'max', 'billing', 'Max', 7, 'de', 'bot_form', '-100', '', '{}',
  'crm', 'Too late', 'resolution_time', 60, null, '2', 'group', 'tech'];

const eventOf = (type: EventType): TicketEvent => eventsIn(valuesOf(type).map((value) => ({ at: () => value })))(0);

describe('an event from the timeline', () => {
  it('has a value for each column', () => {
    expect(valuesOf('message.received')).toHaveLength(timelineColumns.length);
  });

  it('says the same, times in milliseconds', () => {
    expect(eventOf('message.received')).toEqual({
      eventId: 'e1', type: 'message.received', at: 1, receivedAt: 2, bodyAt: 3, partition: 4, offset: 5, actorType: 'agent', actorId: 'lea',
      hasMessage: true, messageId: 'm1', isPrivate: false, isAutomated: true, newStatus: 'open', previousStatus: 'new',
      assigneeId: 'max', groupId: 'billing', assigneeName: 'Max', creation: null, escalation: null,
    });
  });

  it('carries a creation or an escalation where it is one', () => {
    expect(eventOf('ticket.created').creation).toEqual({
      customerTelegramUserId: 7, customerLanguageCode: 'de', channelType: 'bot_form', channelChatId: '-100', channelTopicId: '', metadata: '{}' });
    expect(eventOf('escalation.fired').escalation).toEqual({
      policyId: 'crm', policyName: 'Too late', breachedMetric: 'resolution_time', thresholdSeconds: 60, elapsedSeconds: null, level: '2',
      escalatedToType: 'group', escalatedToId: 'tech' });
  });
});
