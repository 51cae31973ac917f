// The archive's tickets as events again, one ticket after the other, for an import.
import { sqlString, type StreamingClickHouse } from '../runtime/clickhouse.ts';
import type { DeskEvent, History } from './desk.ts';

/** As a row comes: nested fields with an underscore, times as text. */
type Row = Readonly<Record<string, unknown>> & { readonly ticket_id: string; readonly event_type: string; readonly kafka_partition: number; readonly kafka_offset: number };

const date = (value: unknown): Date => new Date(`${String(value).replace(' ', 'T')}Z`);
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const numberOf = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

/** Only what content.ts looks at: the rest of an event's fields is left out. */
function eventOf(row: Row, integrationId: string): DeskEvent | null {
  const text = (name: string): string | null => textOf(row[name]);
  const common = { event_id: String(row['event_id']), ticket_id: row.ticket_id, timestamp: date(row['timestamp']), source: { integration_id: integrationId, platform: '', environment: '' }, version: '', extra: {} };
  switch (row.event_type) {
    case 'ticket.created': return {
      ...common, event_type: 'ticket.created', status: text('status'), metadata: null, created_at: common.timestamp,
      customer: { telegram_user_id: numberOf(row['customer_telegram_user_id']) ?? 0, username: null, first_name: text('customer_first_name') ?? '', last_name: text('customer_last_name'), language_code: null, contact_phone: text('customer_contact_phone'), email: text('customer_email') },
      channel: { type: text('channel_type') ?? '', chat_id: text('channel_chat_id') ?? '', topic_id: null },
      initial_message: { message_id: text('initial_message_message_id'), text: text('initial_message_text'), content_type: text('initial_message_content_type'), files: row['initial_message_files'] as [] },
    };
    case 'message.received': return {
      ...common, event_type: 'message.received', message_id: text('message_id') ?? '', is_private: row['is_private'] !== false, is_automated: row['is_automated'] as boolean | null, sent_at: common.timestamp,
      sender: { type: text('sender_type') ?? '', telegram_user_id: null, username: text('sender_username'), agent_id: text('sender_agent_id') },
      content: { text: text('content_text'), content_type: text('content_content_type') ?? '', files: row['content_files'] as [] },
    };
    case 'status.changed': return { ...common, event_type: 'status.changed', previous_status: null, new_status: text('new_status') ?? '', changed_by: { type: '', id: null, name: null }, changed_at: common.timestamp };
    case 'agent.assigned': return {
      ...common, event_type: 'agent.assigned', assignee: { agent_id: text('assignee_agent_id'), group_id: text('assignee_group_id'), name: text('assignee_name') },
      previous_assignee: { agent_id: null, group_id: null, name: null }, assigned_by: { type: '', id: null, name: null }, routing_rule: null, assigned_at: common.timestamp,
    };
    default: return null;
  }
}

/** Tickets of which something was received since, whole. */
export async function* histories(clickhouse: StreamingClickHouse, integrationId: string, since: Date): AsyncGenerator<History> {
  const tenant = `integration_id = ${sqlString(integrationId)}`;
  const from = `toDateTime64('${since.toISOString().replace('T', ' ').replace('Z', '')}', 3, 'UTC')`;
  // In the order of the metrics: event time, then type, then event_id.
  const sql = `SELECT * FROM log.events WHERE ${tenant} AND ticket_id IN (SELECT ticket_id FROM log.event_store WHERE ${tenant} AND received_at >= ${from})
    ORDER BY ticket_id, timestamp, indexOf(['ticket.created', 'message.received', 'agent.assigned', 'status.changed', 'escalation.fired'], event_type), event_id`;
  let rows: Row[] = [];
  for await (const some of clickhouse.stream<Row>(sql)) {
    for (const row of some) {
      if (rows[0] !== undefined && rows[0].ticket_id !== row.ticket_id) {
        yield historyOf(rows, integrationId);
        rows = [];
      }
      rows.push(row);
    }
  }
  if (rows.length > 0) yield historyOf(rows, integrationId);
}

function historyOf(rows: readonly Row[], integrationId: string): History {
  const places = new Map<number, number>();
  for (const { kafka_partition, kafka_offset } of rows) places.set(kafka_partition, Math.max(kafka_offset, places.get(kafka_partition) ?? 0));
  return {
    integrationId, ticketId: rows[0]?.ticket_id ?? '',
    events: rows.map((row) => eventOf(row, integrationId)).filter((event) => event !== null),
    places: [...places].map(([partition, offset]) => ({ partition, offset })),
  };
}
