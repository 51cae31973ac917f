// How a ticket's events are read from its timeline: the columns that the fold needs, and what their values mean. Texts of
// absent values are '' there as here, times come as milliseconds. Whole numbers keep all their digits: the door lets in none
// from 2^53 on, or below -2^52.
import type { EventType, TicketEvent } from '../event.ts';

const milliseconds = (column: string): string => `toUnixTimestamp64Milli(${column})`;

/** The values of an event, in this order. */
export const timelineColumns: readonly string[] = [
  'event_id', 'event_type', ...['event_at', 'received_at', 'body_at'].map(milliseconds), 'kafka_partition', 'kafka_offset',
  'actor_type', 'actor_id', 'has_message', 'message_id', 'is_private', 'is_automated', 'new_status', 'previous_status',
  'assignee_agent_id', 'assignee_group_id', 'assignee_name',
  'customer_telegram_user_id', 'customer_language_code', 'channel_type', 'channel_chat_id', 'channel_topic_id', 'metadata',
  'policy_id', 'policy_name', 'breached_metric', 'threshold_seconds', 'elapsed_seconds', 'level', 'escalated_to_type', 'escalated_to_id',
];

export type TimelineValues = readonly [
  eventId: string, type: EventType, at: number, receivedAt: number, bodyAt: number, partition: number, offset: number,
  actorType: string, actorId: string, hasMessage: boolean, messageId: string, isPrivate: boolean, isAutomated: boolean, newStatus: string, previousStatus: string,
  assigneeId: string, groupId: string, assigneeName: string,
  customerTelegramUserId: number | null, customerLanguageCode: string, channelType: string, channelChatId: string, channelTopicId: string, metadata: string,
  policyId: string, policyName: string, breachedMetric: string, thresholdSeconds: number, elapsedSeconds: number | null, level: string,
  escalatedToType: string, escalatedToId: string,
];

export function eventOf([
  eventId, type, at, receivedAt, bodyAt, partition, offset,
  actorType, actorId, hasMessage, messageId, isPrivate, isAutomated, newStatus, previousStatus,
  assigneeId, groupId, assigneeName,
  customerTelegramUserId, customerLanguageCode, channelType, channelChatId, channelTopicId, metadata,
  policyId, policyName, breachedMetric, thresholdSeconds, elapsedSeconds, level, escalatedToType, escalatedToId,
]: TimelineValues): TicketEvent {
  return {
    eventId, type, at, receivedAt, bodyAt, partition, offset, actorType, actorId, hasMessage, messageId, isPrivate, isAutomated, newStatus, previousStatus,
    assigneeId, groupId, assigneeName,
    creation: type === 'ticket.created' ? { customerTelegramUserId, customerLanguageCode, channelType, channelChatId, channelTopicId, metadata } : null,
    escalation: type === 'escalation.fired' ? { policyId, policyName, breachedMetric, thresholdSeconds, elapsedSeconds, level, escalatedToType, escalatedToId } : null,
  };
}
