// What rules ask ClickHouse: a ticket's events in the order of the log, and what was done already.
import { connectClickHouse, SERVICE_WAIT_MS, sqlString, type StreamingClickHouse } from '../runtime/clickhouse.ts';
import type { TicketRow } from './fold.ts';

export type State = 'begun' | 'waiting' | 'done' | 'refused' | 'impossible' | 'unknown';

/** One effect of a rule on one message. */
export interface Effect {
  readonly integrationId: string;
  readonly ticketId: string;
  readonly eventId: string;
  readonly ruleId: string;
  readonly action: number;
  readonly kind: 'reply' | 'notify' | 'webhook';
}

export interface Archive {
  /** All that the archive has of a ticket, in no order. */
  ticket(integrationId: string, ticketId: string): Promise<TicketRow[]>;
  /** Every ticket of an integration, one after the other, since an instant. */
  tickets(integrationId: string, since: Date): AsyncIterable<{ readonly ticketId: string; readonly rows: TicketRow[] }>;
  stateOf(effect: Effect): Promise<State | null>;
  setState(effect: Effect, state: State): Promise<void>;
}

const columns = `ticket_id, event_id, event_type, toUnixTimestamp64Milli(timestamp) AS at_ms, toUnixTimestamp64Milli(received_at) AS received_ms,
    if(event_type = 'ticket.created', initial_message_text, content_text) AS text,
    if(event_type = 'ticket.created', initial_message_message_id, message_id) AS message_id,
    sender_type, if(event_type = 'ticket.created', customer_telegram_user_id, sender_telegram_user_id) AS sender_telegram_user_id, is_private, is_automated,
    customer_language_code AS language, channel_type, channel_chat_id AS chat_id, channel_topic_id AS topic_id, assignee_group_id AS queue_id, kafka_partition, kafka_offset`;

const keyOf = ({ integrationId, ticketId, eventId, ruleId, action }: Effect): string =>
  `${sqlString(integrationId)}, ${sqlString(ticketId)}, ${sqlString(eventId.toLowerCase())}, ${sqlString(ruleId)}, ${action}`;

class ClickHouseArchive implements Archive {
  readonly #clickhouse: StreamingClickHouse;
  #lastMicros = 0;

  constructor(clickhouse: StreamingClickHouse) {
    this.#clickhouse = clickhouse;
  }

  ticket(integrationId: string, ticketId: string): Promise<TicketRow[]> {
    return this.#clickhouse.query<TicketRow>(`SELECT ${columns} FROM log.events WHERE integration_id = ${sqlString(integrationId)} AND ticket_id = ${sqlString(ticketId)}`);
  }

  async *tickets(integrationId: string, since: Date): AsyncGenerator<{ readonly ticketId: string; readonly rows: TicketRow[] }> {
    const from = `toDateTime64('${since.toISOString().replace('T', ' ').replace('Z', '')}', 3, 'UTC')`;
    let current: { readonly ticketId: string; readonly rows: TicketRow[] } | undefined;
    // What a ticket is and where it is was told earlier than its messages, maybe.
    for await (const rows of this.#clickhouse.stream<TicketRow & { readonly ticket_id: string }>(`SELECT ${columns} FROM log.events WHERE integration_id = ${sqlString(integrationId)}
        AND ticket_id IN (SELECT ticket_id FROM log.event_store WHERE integration_id = ${sqlString(integrationId)} AND received_at >= ${from}) ORDER BY ticket_id`)) {
      for (const row of rows) {
        if (current?.ticketId !== row.ticket_id) {
          if (current !== undefined) yield current;
          current = { ticketId: row.ticket_id, rows: [] };
        }
        current.rows.push(row);
      }
    }
    if (current !== undefined) yield current;
  }

  async stateOf(effect: Effect): Promise<State | null> {
    const [row] = await this.#clickhouse.query<{ state: State }>(`SELECT state FROM log.rule_actions WHERE (integration_id, ticket_id, event_id, rule_id, action) = (${keyOf(effect)})`);
    return row?.state ?? null;
  }

  async setState(effect: Effect, state: State): Promise<void> {
    // No two states of one effect may have one time.
    this.#lastMicros = Math.max(this.#lastMicros + 1, Date.now() * 1_000);
    await this.#clickhouse.command(`INSERT INTO log.rule_action_store (integration_id, ticket_id, event_id, rule_id, action, kind, state, changed_at)
SELECT ${keyOf(effect)}, '${effect.kind}', '${state}', fromUnixTimestamp64Micro(toInt64(${this.#lastMicros}), 'UTC')`);
  }
}

const opened = new Map<string, Archive>();

/** One connection for each ClickHouse, for as long as the process lives. */
export function archiveAt(url: string): Archive {
  const archive = opened.get(url) ?? new ClickHouseArchive(connectClickHouse(url, {}, SERVICE_WAIT_MS));
  opened.set(url, archive);
  return archive;
}
