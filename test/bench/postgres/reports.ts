// Chatwoot's reports, each as a statement of the kind that Chatwoot sends (a scope of one account and period, grouped in SQL),
// beside ours over the views. Where definitions agree, both give the same rows: `{account}`, `{integration}`, `{from}` and `{to}` are filled in.
export interface Report {
  readonly name: string;
  readonly postgres: string;
  readonly clickhouse: string;
}

const when = (column: string): string => `${column} >= '{from}' AND ${column} < '{to}'`;
const ofDay = (name: string): string => `SELECT created_at::date AS day, count(*), avg(value) FROM reporting_events WHERE account_id = {account} AND name = '${name}' AND ${when('created_at')} GROUP BY 1 ORDER BY 1`;
const byDay = (view: string, column: string, value: string, more = ''): string => `SELECT toDate(${column}) AS day, count(), avg(${value}) FROM ${view} WHERE integration_id = '{integration}'${more} AND ${when(column)} GROUP BY day ORDER BY day`;
const messagesOfDay = (type: number): string => `SELECT created_at::date AS day, count(*) FROM messages WHERE account_id = {account} AND message_type = ${type} AND ${when('created_at')} GROUP BY 1 ORDER BY 1`;
const messagesByDay = (condition: string): string => `SELECT toDate(event_at) AS day, count() FROM queue.timeline FINAL WHERE integration_id = '{integration}' AND has_message AND ${condition} AND ${when('event_at')} GROUP BY day ORDER BY day`;

const summary = (by: string, from: string): string => `SELECT ${by} AS whose, count(CASE WHEN name = 'conversation_resolved' THEN 1 END), avg(CASE WHEN name = 'conversation_resolved' THEN value END),
  avg(CASE WHEN name = 'first_response' THEN value END), avg(CASE WHEN name = 'reply_time' THEN value END)
  FROM ${from} WHERE reporting_events.account_id = {account} AND ${when('reporting_events.created_at')} AND ${by} IS NOT NULL GROUP BY 1 ORDER BY 1`;

const facts = (of: (column: string) => string): string => `
  SELECT ${of('assignee_id')} AS whose, 1 AS solved, since_created_seconds AS resolution, NULL AS first, NULL AS reply FROM queue.ticket_resolutions AS r JOINED WHERE r.integration_id = '{integration}' AND ${when('solved_at')}
  UNION ALL SELECT ${of('first_response_agent_id')}, 0, NULL, first_response_seconds, NULL FROM queue.tickets AS t WHERE integration_id = '{integration}' AND ${when('first_response_at')}
  UNION ALL SELECT ${of('assignee_at_reply')}, 0, NULL, NULL, wait_seconds FROM queue.customer_waits AS r JOINED WHERE r.integration_id = '{integration}' AND ended_by = 'agent_reply' AND ${when('ended_at')}`;
const ourSummary = (of: (column: string) => string, joined = ''): string =>
  `SELECT toInt32OrNull(extract(whose, '\\\\d+$')) AS number, sum(solved), avg(resolution), avg(first), avg(reply) FROM (${facts(of).replaceAll('JOINED', joined)}) WHERE number IS NOT NULL GROUP BY number ORDER BY number`;

export const reports: readonly Report[] = [
  {
    name: 'conversations by day',
    postgres: `SELECT created_at::date AS day, count(*) FROM conversations WHERE account_id = {account} AND ${when('created_at')} GROUP BY 1 ORDER BY 1`,
    clickhouse: `SELECT toDate(created_at) AS day, count() FROM queue.tickets WHERE integration_id = '{integration}' AND ${when('created_at')} GROUP BY day ORDER BY day`,
  },
  { name: 'incoming messages by day', postgres: messagesOfDay(0), clickhouse: messagesByDay("actor_type = 'customer'") },
  { name: 'outgoing messages by day', postgres: messagesOfDay(1), clickhouse: messagesByDay("actor_type != 'customer'") },
  { name: 'first response time by day of the reply', postgres: ofDay('first_response'), clickhouse: byDay('queue.tickets', 'first_response_at', 'first_response_seconds') },
  { name: 'resolution time by day of the solve', postgres: ofDay('conversation_resolved'), clickhouse: byDay('queue.ticket_resolutions', 'solved_at', 'since_created_seconds') },
  { name: 'reply time by day of the reply', postgres: ofDay('reply_time'), clickhouse: byDay('queue.customer_waits', 'ended_at', 'wait_seconds', " AND ended_by = 'agent_reply'") },
  {
    name: 'open now, unattended, unassigned',
    postgres: "SELECT count(*), count(*) FILTER (WHERE first_reply_created_at IS NULL OR waiting_since IS NOT NULL), count(*) FILTER (WHERE assignee_id IS NULL) FROM conversations WHERE account_id = {account} AND status = 0",
    // IN, since ClickHouse reads a comparison with '' as one with a size, and finds none behind a view.
    clickhouse: "SELECT count(), countIf(first_response_at IS NULL OR waiting_since IS NOT NULL), countIf(assignee_id IN ('')) FROM queue.tickets WHERE integration_id = '{integration}' AND status_category IN ('new', 'open', 'discarded')",
  },
  {
    name: 'conversation traffic by hour',
    postgres: `SELECT date_trunc('hour', created_at) AS hour, count(*) FROM conversations WHERE account_id = {account} AND ${when('created_at')} GROUP BY 1 ORDER BY 1`,
    clickhouse: `SELECT toStartOfHour(created_at) AS hour, count() FROM queue.tickets WHERE integration_id = '{integration}' AND ${when('created_at')} GROUP BY hour ORDER BY hour`,
  },
  { name: 'agent summary', postgres: summary('user_id', 'reporting_events'), clickhouse: ourSummary((column) => column) },
  {
    name: 'team summary',
    postgres: summary('conversations.team_id', 'reporting_events JOIN conversations ON conversations.id = reporting_events.conversation_id'),
    clickhouse: ourSummary(() => 't.queue_id', 'INNER JOIN queue.tickets AS t ON t.integration_id = r.integration_id AND t.ticket_id = r.ticket_id'),
  },
];
