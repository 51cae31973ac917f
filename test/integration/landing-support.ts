// Puts events straight into ClickHouse, through the real landing tables and folds and without
// Kafka: for tests that ask whether the numbers are right and not whether they arrive.
import { projection as agents } from '../../services/agent-analytics/projection.ts';
import { projection as queue } from '../../services/queue-analytics/projection.ts';
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { Facts, type Ticket } from '../../services/runtime/projection/facts.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { landEvents } from './history-landing.ts';

const databases = ['queue', 'agents'];

/** Computes the facts of the tenants of a condition, as a projection does after a batch. */
export async function computeFactsWhere(clickhouse: ClickHouse, condition: string): Promise<void> {
  for (const definition of [queue, agents]) {
    const tickets = await clickhouse.query<Ticket>(`SELECT DISTINCT integration_id, ticket_id FROM ${definition.database}.timeline WHERE ${condition}`);
    await new Facts(clickhouse, definition).compute(tickets);
  }
}

/** Lands the events and computes the facts of their integrations. */
export async function land(clickhouse: ClickHouse, events: readonly CrmEvent[]): Promise<void> {
  await landEvents(clickhouse, events, databases);
  const integrations = [...new Set(events.map((event) => event.source.integration_id))].map(sqlString).join(', ');
  await computeFactsWhere(clickhouse, `integration_id IN (${integrations})`);
}
