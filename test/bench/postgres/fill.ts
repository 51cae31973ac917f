// The same history in PostgreSQL: rows as Chatwoot would have written them while it happened, made of our facts, so that a number
// that differs differs by its definition. In the order of their times, as they would lie there.
import { Readable } from 'node:stream';
import type { BenchStack } from '../stack.ts';
import type { Postgres } from './server.ts';

/** What Chatwoot calls an account; those of bench-small-N come after it. */
export const accountOf: Readonly<Record<string, number>> = { 'bench-50k': 1, 'bench-large': 2 };

const account = "multiIf(integration_id = 'bench-50k', 1, integration_id = 'bench-large', 2, 10 + toInt32(extract(integration_id, '\\\\d+$')))";
/** A ticket's id is eight hexadecimal digits, and a conversation's 32 bits. */
const conversation = (ticket: string): string => `toInt64(reinterpretAsUInt32(reverse(unhex(substring(${ticket}, 5, 8))))) - 2147483648`;
/** agent-12 is user 12, and nobody is NULL. */
const numberIn = (id: string): string => `toInt32OrNull(extract(${id}, '\\\\d+$'))`;

const conversations = `
  SELECT ${conversation('ticket_id')} AS id, ${account} AS account, account * 10 AS inbox,
    multiIf(status_category IN ('solved', 'closed'), 1, status_category = 'pending', 2, status_category = 'on_hold', 3, 0) AS state,
    ${numberIn('assignee_id')} AS assignee, created_at, last_event_at AS updated_at, customer_telegram_user_id AS contact,
    row_number() OVER (PARTITION BY integration_id ORDER BY created_at, ticket_id) AS display, last_event_at, ${numberIn('queue_id')} AS team, first_response_at, waiting_since
  FROM queue.tickets ORDER BY created_at`;

/** Incoming are the customer's, outgoing all others, notes and bots among them. */
const messages = `
  SELECT hex(sipHash128(event_id)) AS content, ${account} AS account, account * 10 AS inbox, ${conversation('ticket_id')} AS conversation,
    if(actor_type = 'customer', 0, 1) AS type, event_at, event_at AS updated_at, is_private, message_id, if(actor_type = 'customer', 'Contact', 'User') AS sender, ${numberIn('actor_id')} AS sender_id
  FROM queue.timeline FINAL WHERE has_message ORDER BY event_at`;

const reportingEvents = `
  SELECT name, value, account, account * 10 AS inbox, user, conversation, at, at AS updated_at, business, since, at AS until FROM
  (
    SELECT 'first_response' AS name, first_response_seconds AS value, ${account} AS account, ${numberIn('first_response_agent_id')} AS user, ${conversation('ticket_id')} AS conversation,
      first_response_at AS at, first_response_business_seconds AS business, created_at AS since
    FROM queue.tickets WHERE first_response_at IS NOT NULL
    UNION ALL SELECT 'conversation_resolved', since_created_seconds, ${account}, ${numberIn('assignee_id')}, ${conversation('ticket_id')}, solved_at, since_created_business_seconds, cycle_started_at FROM queue.ticket_resolutions
    UNION ALL SELECT 'reply_time', wait_seconds, ${account}, ${numberIn('assignee_at_reply')}, ${conversation('ticket_id')}, ended_at, wait_business_seconds, waiting_since FROM queue.customer_waits WHERE ended_by = 'agent_reply'
  ) ORDER BY at`;

const tables: Readonly<Record<string, string>> = {
  'conversations (id, account_id, inbox_id, status, assignee_id, created_at, updated_at, contact_id, display_id, last_activity_at, team_id, first_reply_created_at, waiting_since)': conversations,
  'messages (content, account_id, inbox_id, conversation_id, message_type, created_at, updated_at, private, source_id, sender_type, sender_id)': messages,
  'reporting_events (name, value, account_id, inbox_id, user_id, conversation_id, created_at, updated_at, value_in_business_hours, event_start_time, event_end_time)': reportingEvents,
};

export async function fillPostgres({ clickhouseUrl }: BenchStack, postgres: Postgres): Promise<void> {
  await postgres.runFile(new URL('tables.sql', import.meta.url));
  for (const [into, sql] of Object.entries(tables)) {
    console.error(`PostgreSQL: ${into.split(' ')[0] ?? ''}…`);
    const answer = await fetch(`${clickhouseUrl}/?max_bytes_before_external_sort=1000000000`, { method: 'POST', body: `${sql} FORMAT TabSeparated` });
    if (!answer.ok || answer.body === null) throw new Error(await answer.text());
    await postgres.copy(into, Readable.fromWeb(answer.body));
  }
  console.error('PostgreSQL: indexes…');
  await postgres.runFile(new URL('indexes.sql', import.meta.url));
}
