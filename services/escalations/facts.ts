// What ClickHouse is asked: tickets by their keys, and which tickets have a timer that is due in a window of time.
import type { ClickHouse } from '../runtime/clickhouse.ts';
import { sqlString } from '../runtime/clickhouse.ts';
import { metricOf } from './alert.ts';
import type { TicketFacts } from './outcome.ts';

export interface TicketKey {
  readonly integrationId: string;
  readonly ticketId: string;
}

export const keyOf = ({ integrationId, ticketId }: TicketKey): string => JSON.stringify([integrationId, ticketId]);

/** Tickets of one question: each is read by its key, with its neighbours in the table. */
export const TICKETS_AT_ONCE = 200;

interface Row {
  readonly integration_id: string;
  readonly ticket_id: string;
  readonly queue_id: string;
  readonly assignee_id: string;
  readonly is_over: 0 | 1;
  readonly solved_at: readonly number[];
  readonly discarded_at: number | null;
  readonly escalations: readonly (readonly [string, string, number, number | null, string])[];
  readonly actions: readonly (readonly [number, string])[];
}

interface TimersRow {
  readonly integration_id: string;
  readonly ticket_id: string;
  readonly timers: readonly (readonly [string, string, number, number, number | null, number | null, string])[];
}

const keys = (tickets: readonly TicketKey[]): string =>
  tickets.map(({ integrationId, ticketId }) => `(${sqlString(integrationId)}, ${sqlString(ticketId)})`).join(', ');

const ticketQuery = (tickets: readonly TicketKey[]): string => `
SELECT
    integration_id,
    ticket_id,
    queue_id,
    assignee_id,
    status_category IN ('solved', 'closed', 'discarded') AS is_over,
    arrayMap(r -> toUnixTimestamp64Milli(r.solved_at), resolutions) AS solved_at,
    toUnixTimestamp64Milli(discarded_at) AS discarded_at,
    arrayMap(e -> (e.event_id, toString(e.breached_metric), toUnixTimestamp64Milli(e.fired_at), toUnixTimestamp64Milli(e.acknowledged_at), toString(e.acknowledged_by_id)), escalations) AS escalations,
    arrayMap(e -> (toUnixTimestamp64Milli(e.at), toString(e.actor_id)), arrayFilter(
        e -> e.actor_type = 'agent' AND e.activity NOT IN ('created', 'escalated', 'customer_message', 'automated_message'), edges)) AS actions
FROM queue.ticket_facts FINAL
WHERE (integration_id, ticket_id) IN (${keys(tickets)})`;

const timersQuery = (tickets: readonly TicketKey[]): string => `
SELECT
    integration_id,
    ticket_id,
    arrayMap(t -> (toString(t.policy_id), toString(t.metric), t.instance, toUnixTimestamp64Milli(t.started_at), toUnixTimestamp64Milli(t.due_at),
        toUnixTimestamp64Milli(t.stopped_at), toString(t.outcome)), timers) AS timers
FROM queue.sla_timer_facts FINAL
WHERE (integration_id, ticket_id) IN (${keys(tickets)})`;

function factsOf(row: Row, timers: TimersRow['timers']): TicketFacts {
  return {
    integrationId: row.integration_id, ticketId: row.ticket_id, queueId: row.queue_id, assigneeId: row.assignee_id,
    isOver: row.is_over === 1, solvedAt: row.solved_at, discardedAt: row.discarded_at,
    escalations: row.escalations.map(([eventId, metric, firedAt, acknowledgedAt, acknowledgedBy]) => ({ eventId, metric: metricOf(metric), firedAt, acknowledgedAt, acknowledgedBy })),
    actions: row.actions.map(([at, agentId]) => ({ at, agentId })),
    timers: timers.map(([policyId, metric, instance, startedAt, dueAt, stoppedAt, outcome]) => ({ policyId, metric, instance, startedAt, dueAt, stoppedAt, outcome })),
  };
}

/** By keyOf; without those that ClickHouse doesn't know (yet). @param tickets at most TICKETS_AT_ONCE. */
export async function ticketFacts(clickhouse: ClickHouse, tickets: readonly TicketKey[]): Promise<Map<string, TicketFacts>> {
  if (tickets.length === 0) return new Map();
  const [rows, timerRows] = await Promise.all([clickhouse.query<Row>(ticketQuery(tickets)), clickhouse.query<TimersRow>(timersQuery(tickets))]);
  const key = ({ integration_id: integrationId, ticket_id: ticketId }: Pick<Row, 'integration_id' | 'ticket_id'>): string => keyOf({ integrationId, ticketId });
  const timers = new Map(timerRows.map((row) => [key(row), row.timers]));
  return new Map(rows.map((row) => [key(row), factsOf(row, timers.get(key(row)) ?? [])]));
}

/**
 * Tickets with a timer that is due in a window, or was when their facts were last but one computed: nothing but two columns is
 * read, of all versions, and whoever asks looks at the ticket itself.
 */
export async function ticketsDue(clickhouse: ClickHouse, integrationIds: readonly string[], { from, to }: { from: number; to: number }): Promise<TicketKey[]> {
  const rows = await clickhouse.query<{ integration_id: string; ticket_id: string }>(`
SELECT DISTINCT toString(integration_id) AS integration_id, ticket_id
FROM queue.sla_timer_facts
WHERE integration_id IN (${integrationIds.map(sqlString).join(', ')})
    AND arrayExists(at -> at > fromUnixTimestamp64Milli(toInt64({from:UInt64})) AND at <= fromUnixTimestamp64Milli(toInt64({to:UInt64})), breaches.at)`, { from: Math.floor(from), to: Math.floor(to) });
  return rows.map(({ integration_id: integrationId, ticket_id: ticketId }) => ({ integrationId, ticketId }));
}
