import { describe, expect, it } from 'vitest';
import { eventOf, type TimelineRow } from './timeline.ts';

const noRow: TimelineRow = {
  event_id: 'e1', event_type: 'message.received', event_at: 1, received_at: 2, body_at: 3, kafka_partition: 4, kafka_offset: 5,
  actor_type: '', actor_id: '', has_message: false, message_id: '', is_private: false, is_automated: false, new_status: '', previous_status: '',
  assignee_agent_id: '', assignee_group_id: '', assignee_name: '',
  customer_telegram_user_id: null, customer_language_code: '', channel_type: '', channel_chat_id: '', channel_topic_id: '', metadata: '',
  policy_id: '', policy_name: '', breached_metric: '', threshold_seconds: 0, elapsed_seconds: null, level: '', escalated_to_type: '', escalated_to_id: '',
};

describe('a row of the timeline', () => {
  it('is an event, times in milliseconds', () => {
    expect(eventOf({ ...noRow, actor_type: 'agent', actor_id: 'lea', has_message: true, message_id: 'm1' })).toMatchObject({
      eventId: 'e1', type: 'message.received', at: 1, receivedAt: 2, bodyAt: 3, partition: 4, offset: 5, actorType: 'agent', actorId: 'lea', hasMessage: true, messageId: 'm1',
    });
  });

  it('carries a creation or an escalation only where it is one', () => {
    expect([eventOf(noRow).creation, eventOf(noRow).escalation]).toEqual([null, null]);
    expect(eventOf({ ...noRow, event_type: 'ticket.created', customer_telegram_user_id: 7, channel_type: 'bot_form' }).creation).toMatchObject({ customerTelegramUserId: 7, channelType: 'bot_form' });
    expect(eventOf({ ...noRow, event_type: 'escalation.fired', policy_id: 'crm', threshold_seconds: 60 }).escalation).toMatchObject({ policyId: 'crm', thresholdSeconds: 60, elapsedSeconds: null });
  });
});
