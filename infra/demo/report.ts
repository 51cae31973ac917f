// The answers at the end of the demo: a table each, with the SQL that made it, so that it can be
// pasted into any client.
import Table from 'cli-table3';
import { instantText, sqlString } from '../../services/runtime/clickhouse.ts';
import type { Query } from './verify.ts';

export interface Question {
  readonly title: string;
  readonly sql: string;
}

type Cell = string | number | boolean | null;

/** Columns of numbers stand right; NULL is a dash, never 0. */
export function tableText(rows: readonly Readonly<Record<string, Cell>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) return '(no rows)';
  const isNumeric = (column: string): boolean => rows.every((row) => row[column] === null || typeof row[column] === 'number');
  const table = new Table({
    head: columns.map((column) => column.replaceAll('_', ' ')),
    colAligns: columns.map((column) => (isNumeric(column) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push(columns.map((column) => String(row[column] ?? '–')));
  return table.toString();
}

export async function answer(query: Query, { title, sql }: Question): Promise<string> {
  const rows = await query<Record<string, Cell>>(sql);
  return `\n${title}\n${tableText(rows)}\n${sql.replaceAll(/^/gm, '    ')}\n`;
}

/** Of the given integrations; the SQL names them, so that it says by itself what the table shows. */
export function deskQuestions(integrations: readonly string[], deskEndsAt: number): Question[] {
  const among = `integration_id IN (${integrations.map(sqlString).join(', ')})`;
  return [
    { title: 'QUEUE REPORT: what came in, how soon it was answered and solved', sql: queueReport(among) },
    { title: "BACKLOG at the desk's last moment, by queue and status (queue.backlog has it by assignee, now)", sql: backlog(among, deskEndsAt) },
    { title: 'AGENT REPORT: who did what, by the own clock and the customer\'s', sql: agentReport(among) },
  ];
}

const queueReport = (among: string): string => `\
SELECT
    integration_id AS integration,
    first_queue_id AS queue,
    count() AS tickets,
    round(countIf(isNotNull(first_response_at)) / count(), 3) AS answered_share,
    round(quantileExactIfOrNull(0.5)(first_response_seconds, isNotNull(first_response_seconds)) / 60, 1) AS frt_p50_min,
    round(quantileExactIfOrNull(0.9)(first_response_seconds, isNotNull(first_response_seconds)) / 60, 1) AS frt_p90_min,
    round(countIf(status_category IN ('solved', 'closed')) / count(), 3) AS solved_share,
    round(quantileExactIfOrNull(0.5)(full_resolution_seconds, isNotNull(full_resolution_seconds)) / 3600, 1) AS resolution_p50_h,
    sum(reopens) AS reopens,
    sum(handoffs) AS handoffs,
    countIf(escalations_fired > 0) AS escalated,
    countIf(is_waiting) AS waiting_now
FROM queue.tickets
WHERE ${among}
GROUP BY integration, queue
ORDER BY integration, tickets DESC, queue`;

const backlog = (among: string, at: number): string => `\
SELECT
    integration_id AS integration,
    queue_id AS queue,
    status,
    sum(b.tickets) AS tickets,
    sum(b.unassigned) AS unassigned,
    round(max(oldest_age_seconds) / 3600, 1) AS oldest_age_h,
    sum(b.waiting_now) AS waiting_now
FROM queue.backlog_as_of(ts = '${instantText(at)}') AS b
WHERE ${among}
GROUP BY integration, queue, status
ORDER BY integration, tickets DESC, queue, status`;

const agentReport = (among: string): string => `\
SELECT
    integration_id AS integration,
    agent_id AS agent,
    solves,
    round(reopen_rate_7d, 3) AS reopen_rate_7d,
    agent_replies AS replies,
    first_responses,
    private_notes AS notes,
    stations,
    round(answered_share, 3) AS answered_share,
    bounced_assignments AS bounced,
    handoffs_in,
    handoffs_out,
    round(agent_first_response_seconds_p50 / 60, 1) AS own_first_p50_min,
    round(wait_seconds_p50 / 60, 1) AS customer_wait_p50_min,
    wait_seconds_n AS waits_ended
FROM agents.agent_scorecard
WHERE ${among}
ORDER BY integration, solves DESC, agent`;
