// Puts events straight into ClickHouse, through the real landing tables and facts and without
// Kafka: for tests that ask whether the numbers are right and not whether they arrive.
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { factsOf } from '../../services/runtime/projection/facts.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { landEvents } from './history-landing.ts';

const databases = ['queue', 'agents'];

/** Computes the facts of the tenants of a condition, in the order in which they build on each other. */
export async function computeFactsWhere(clickhouse: ClickHouse, condition: string): Promise<void> {
  for (const table of ['queue.ticket_facts', 'queue.sla_timer_facts', 'agents.ticket_facts']) {
    await clickhouse.command(`INSERT INTO ${table} SELECT * FROM ${factsOf(table, [])} WHERE ${condition}`);
  }
}

/** Lands the events and computes the facts of their integrations. */
export async function land(clickhouse: ClickHouse, events: readonly CrmEvent[]): Promise<void> {
  await landEvents(clickhouse, events, databases);
  const integrations = [...new Set(events.map((event) => event.source.integration_id))].map(sqlString).join(', ');
  await computeFactsWhere(clickhouse, `integration_id IN (${integrations})`);
}
