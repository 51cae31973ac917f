// Puts events straight into ClickHouse, through the real landing tables and facts and without
// Kafka: for tests that ask whether the numbers are right and not whether they arrive.
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { landEvents } from './history-landing.ts';

const databases = ['queue', 'agents'];

/** Lands the events and computes the facts of their integrations. */
export async function land(clickhouse: ClickHouse, events: readonly CrmEvent[]): Promise<void> {
  await landEvents(clickhouse, events, databases);
  const integrations = [...new Set(events.map((event) => event.source.integration_id))].map(sqlString).join(', ');
  const end = `'2106-01-01 00:00:00.000'`;
  for (const database of databases) {
    await clickhouse.command(`INSERT INTO ${database}.ticket_facts SELECT * FROM ${database}.ticket_facts_of(tickets = [], as_of = ${end}, known_at = ${end}) WHERE integration_id IN (${integrations})`);
  }
  await clickhouse.command(`INSERT INTO queue.sla_timer_facts SELECT * FROM queue.sla_timer_facts_of(tickets = []) WHERE integration_id IN (${integrations})`);
}
