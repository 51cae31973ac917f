// Puts events straight into ClickHouse, through the real landing tables and folds and without
// Kafka: for tests that ask whether the numbers are right and not whether they arrive.
import { projection as agents } from '../../services/agent-analytics/projection.ts';
import { projection as queue } from '../../services/queue-analytics/projection.ts';
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { codeOf } from '../../services/runtime/projection/computed-by.ts';
import { Facts } from '../../services/runtime/projection/facts.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { landEvents } from './history-landing.ts';

const projections = [queue, agents];

/** Computes the facts of the tenants of a condition. */
export async function computeFactsWhere(clickhouse: ClickHouse, condition: string): Promise<void> {
  for (const projection of projections) await new Facts(clickhouse, projection, { computedBy: codeOf(projection.name) }).computeWhere(condition);
}

/** Lands the events and computes the facts of their integrations. */
export async function land(clickhouse: ClickHouse, events: readonly CrmEvent[]): Promise<void> {
  await landEvents(clickhouse, events, projections.map(({ database }) => database));
  const integrations = [...new Set(events.map((event) => event.source.integration_id))].map(sqlString).join(', ');
  await computeFactsWhere(clickhouse, `integration_id IN (${integrations})`);
}
