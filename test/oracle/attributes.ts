// Who and what a ticket is: its customer, channel and metadata by the creation, its state by the
// last event.
import { bodyTime, type Row } from './events.ts';
import type { Timeline } from './timeline.ts';

/** A member of the creation's metadata as text; '' when it is absent or null. */
export function metadataText(metadata: string | null, member: string): string {
  if (metadata === null) return '';
  const parsed: unknown = JSON.parse(metadata);
  if (typeof parsed !== 'object' || parsed === null) return '';
  const value: unknown = new Map(Object.entries(parsed)).get(member);
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** '' while nobody knows the creation. */
export function customerOf(timeline: Timeline): string {
  return timeline.creation ? String(timeline.creation.customer.telegram_user_id) : '';
}

function saidAtCreation({ creation }: Timeline): Row {
  const metadata = creation?.metadata ?? null;
  return {
    customer_telegram_user_id: creation?.customer.telegram_user_id ?? null,
    language_code: creation?.customer.language_code ?? '',
    channel_type: creation?.channel.type ?? '',
    channel_chat_id: creation?.channel.chat_id ?? '',
    channel_topic_id: creation?.channel.topic_id ?? '',
    campaign_id: metadataText(metadata, 'campaign_id'),
    source_url: metadataText(metadata, 'source_url'),
    metadata: metadata ?? '',
  };
}

export function ticketAttributes(timeline: Timeline): Row {
  const { creation, steps } = timeline;
  const last = steps.at(-1);
  const state = last?.after ?? timeline.initial;
  return {
    created_at: timeline.created_at,
    first_event_at: steps[0]?.at ?? null,
    last_event_at: last?.at ?? null,
    is_provisional: Number(creation === null),
    customer_id: customerOf(timeline),
    ...saidAtCreation(timeline),
    status: state.status,
    status_category: state.category,
    queue_id: state.queue,
    assignee_id: state.assignee,
    first_queue_id: steps.find((s) => s.after.queue !== '')?.after.queue ?? '',
    clock_skew_seconds: Math.trunc(Math.max(0, ...steps.map((s) => Math.abs(s.at - bodyTime(s.event)))) / 1000),
  };
}
