// How a ticket's events are read from its timeline: the columns that the fold needs, and what their values mean. Texts of
// absent values are '' there as here, times come as milliseconds. Whole numbers keep all their digits: the door lets in none
// from 2^53 on, or below -2^52.
import type { Creation, EscalationDetails, EventType, TicketEvent } from '../event.ts';

/** A column of what was read; a value is made when it is asked for. */
export interface Values<T = unknown> {
  readonly at: (row: number) => T;
}

type Text = Values<string>;
type Whole = Values<number>;
type Flag = Values<boolean>;
type Maybe = Values<number | null>;

/** By their names in the timeline. */
export interface TimelineColumns {
  readonly event_id: Text; readonly event_type: Values<EventType>; readonly event_at: Whole; readonly received_at: Whole; readonly body_at: Whole;
  readonly kafka_partition: Whole; readonly kafka_offset: Whole; readonly actor_type: Text; readonly actor_id: Text;
  readonly has_message: Flag; readonly message_id: Text; readonly is_private: Flag; readonly is_automated: Flag;
  readonly new_status: Text; readonly previous_status: Text; readonly assignee_agent_id: Text; readonly assignee_group_id: Text; readonly assignee_name: Text;
  readonly customer_telegram_user_id: Maybe; readonly customer_language_code: Text; readonly channel_type: Text; readonly channel_chat_id: Text;
  readonly channel_topic_id: Text; readonly metadata: Text;
  readonly policy_id: Text; readonly policy_name: Text; readonly breached_metric: Text; readonly threshold_seconds: Whole; readonly elapsed_seconds: Maybe;
  readonly level: Text; readonly escalated_to_type: Text; readonly escalated_to_id: Text;
}

export const timelineColumns: readonly (keyof TimelineColumns)[] = [
  'event_id', 'event_type', 'event_at', 'received_at', 'body_at', 'kafka_partition', 'kafka_offset',
  'actor_type', 'actor_id', 'has_message', 'message_id', 'is_private', 'is_automated', 'new_status', 'previous_status',
  'assignee_agent_id', 'assignee_group_id', 'assignee_name',
  'customer_telegram_user_id', 'customer_language_code', 'channel_type', 'channel_chat_id', 'channel_topic_id', 'metadata',
  'policy_id', 'policy_name', 'breached_metric', 'threshold_seconds', 'elapsed_seconds', 'level', 'escalated_to_type', 'escalated_to_id',
];

function creations({ customer_telegram_user_id: userId, customer_language_code: languageCode, channel_type: type, channel_chat_id: chatId, channel_topic_id: topicId, metadata }: TimelineColumns) {
  return (row: number): Creation => ({
    customerTelegramUserId: userId.at(row), customerLanguageCode: languageCode.at(row),
    channelType: type.at(row), channelChatId: chatId.at(row), channelTopicId: topicId.at(row), metadata: metadata.at(row),
  });
}

function escalations({ policy_id: policyId, policy_name: policyName, breached_metric: metric, threshold_seconds: threshold, elapsed_seconds: elapsed, level, escalated_to_type: toType, escalated_to_id: toId }: TimelineColumns) {
  return (row: number): EscalationDetails => ({
    policyId: policyId.at(row), policyName: policyName.at(row), breachedMetric: metric.at(row), thresholdSeconds: threshold.at(row),
    elapsedSeconds: elapsed.at(row), level: level.at(row), escalatedToType: toType.at(row), escalatedToId: toId.at(row),
  });
}

/** @param columns in the order of `timelineColumns`. */
export function eventsIn(columns: readonly Values[]): (row: number) => TicketEvent {
  const named = Object.fromEntries(timelineColumns.map((name, index) => [name, columns[index]])) as unknown as TimelineColumns;
  const {
    event_id: eventId, event_type: types, event_at: at, received_at: receivedAt, body_at: bodyAt, kafka_partition: partition, kafka_offset: offset,
    actor_type: actorType, actor_id: actorId, has_message: hasMessage, message_id: messageId, is_private: isPrivate, is_automated: isAutomated,
    new_status: newStatus, previous_status: previousStatus, assignee_agent_id: assigneeId, assignee_group_id: groupId, assignee_name: assigneeName,
  } = named;
  const [creationAt, escalationAt] = [creations(named), escalations(named)];
  return (row) => {
    const type = types.at(row);
    return {
      eventId: eventId.at(row), type, at: at.at(row), receivedAt: receivedAt.at(row), bodyAt: bodyAt.at(row), partition: partition.at(row), offset: offset.at(row),
      actorType: actorType.at(row), actorId: actorId.at(row), hasMessage: hasMessage.at(row), messageId: messageId.at(row),
      isPrivate: isPrivate.at(row), isAutomated: isAutomated.at(row), newStatus: newStatus.at(row), previousStatus: previousStatus.at(row),
      assigneeId: assigneeId.at(row), groupId: groupId.at(row), assigneeName: assigneeName.at(row),
      creation: type === 'ticket.created' ? creationAt(row) : null,
      escalation: type === 'escalation.fired' ? escalationAt(row) : null,
    };
  };
}
