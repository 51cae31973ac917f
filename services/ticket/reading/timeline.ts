// How a ticket's events are read from its timeline: the columns that the fold needs, and what a row of them means. Texts of
// absent values are '' there as here, times come as milliseconds.
import type { EventType, TicketEvent } from '../event.ts';

const milliseconds = (column: string): string => `toUnixTimestamp64Milli(${column}) AS ${column}`;

/** A select list, in this order. */
export const timelineColumns = [
  'event_id', 'event_type', ...['event_at', 'received_at', 'body_at'].map(milliseconds), 'kafka_partition', 'kafka_offset',
  'actor_type', 'actor_id', 'has_message', 'message_id', 'is_private', 'is_automated', 'new_status', 'previous_status',
  'assignee_agent_id', 'assignee_group_id', 'assignee_name',
  'customer_telegram_user_id', 'customer_language_code', 'channel_type', 'channel_chat_id', 'channel_topic_id', 'metadata',
  'policy_id', 'policy_name', 'breached_metric', 'threshold_seconds', 'elapsed_seconds', 'level', 'escalated_to_type', 'escalated_to_id',
] as const;

export interface TimelineRow {
  readonly event_id: string;
  readonly event_type: EventType;
  readonly event_at: number;
  readonly received_at: number;
  readonly body_at: number;
  readonly kafka_partition: number;
  readonly kafka_offset: number;
  readonly actor_type: string;
  readonly actor_id: string;
  readonly has_message: boolean;
  readonly message_id: string;
  readonly is_private: boolean;
  readonly is_automated: boolean;
  readonly new_status: string;
  readonly previous_status: string;
  readonly assignee_agent_id: string;
  readonly assignee_group_id: string;
  readonly assignee_name: string;
  readonly customer_telegram_user_id: number | null;
  readonly customer_language_code: string;
  readonly channel_type: string;
  readonly channel_chat_id: string;
  readonly channel_topic_id: string;
  readonly metadata: string;
  readonly policy_id: string;
  readonly policy_name: string;
  readonly breached_metric: string;
  readonly threshold_seconds: number;
  readonly elapsed_seconds: number | null;
  readonly level: string;
  readonly escalated_to_type: string;
  readonly escalated_to_id: string;
}

const creationOf = (row: TimelineRow): TicketEvent['creation'] => ({
  customerTelegramUserId: row.customer_telegram_user_id, customerLanguageCode: row.customer_language_code,
  channelType: row.channel_type, channelChatId: row.channel_chat_id, channelTopicId: row.channel_topic_id, metadata: row.metadata,
});

const escalationOf = (row: TimelineRow): TicketEvent['escalation'] => ({
  policyId: row.policy_id, policyName: row.policy_name, breachedMetric: row.breached_metric,
  thresholdSeconds: row.threshold_seconds, elapsedSeconds: row.elapsed_seconds, level: row.level,
  escalatedToType: row.escalated_to_type, escalatedToId: row.escalated_to_id,
});

export const eventOf = (row: TimelineRow): TicketEvent => ({
  eventId: row.event_id, type: row.event_type, at: row.event_at, receivedAt: row.received_at, bodyAt: row.body_at,
  partition: row.kafka_partition, offset: row.kafka_offset, actorType: row.actor_type, actorId: row.actor_id,
  hasMessage: row.has_message, messageId: row.message_id, isPrivate: row.is_private, isAutomated: row.is_automated,
  newStatus: row.new_status, previousStatus: row.previous_status,
  assigneeId: row.assignee_agent_id, groupId: row.assignee_group_id, assigneeName: row.assignee_name,
  creation: row.event_type === 'ticket.created' ? creationOf(row) : null,
  escalation: row.event_type === 'escalation.fired' ? escalationOf(row) : null,
});
