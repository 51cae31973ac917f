// Computes the facts of some tickets again, in place: one ticket, one tenant, a time range. Each
// ticket is one row that is replaced as a whole, so there is nothing to swap; before a chunk is
// written, what would change is compared.
import { instantText, sqlString } from '../../services/runtime/clickhouse.ts';
import { factsOf } from '../../services/runtime/projection/facts.ts';
import { recompute } from './build.ts';
import type { Swap } from './swap.ts';
import { columnsOf, compare, type Comparison } from './compare.ts';

export interface Subset {
  readonly tickets: readonly string[];
  readonly integration?: string;
  /** Tickets with an event in [from, to). */
  readonly from?: Date;
  readonly to?: Date;
}

const instant = (time: Date): string => `toDateTime64(${sqlString(instantText(time.getTime()))}, 3, 'UTC')`;

const list = (ids: readonly string[]): string => `(${ids.map(sqlString).join(',')})`;

const ofTenant = ({ integration }: Subset): string => (integration === undefined ? 'true' : `integration_id = ${sqlString(integration)}`);

export async function ticketsOf({ clickhouse, projection }: Swap, subset: Subset): Promise<string[]> {
  const conditions = [
    ofTenant(subset),
    ...(subset.tickets.length === 0 ? [] : [`ticket_id IN ${list(subset.tickets)}`]),
    ...(subset.from === undefined ? [] : [`event_at >= ${instant(subset.from)}`]),
    ...(subset.to === undefined ? [] : [`event_at < ${instant(subset.to)}`]),
  ];
  const rows = await clickhouse.query<{ ticket_id: string }>(`SELECT DISTINCT ticket_id FROM ${projection.database}.timeline WHERE ${conditions.join(' AND ')} ORDER BY ticket_id`);
  return rows.map(({ ticket_id: id }) => id);
}

export async function rebuildSubset(swap: Swap, subset: Subset, dryRun: boolean): Promise<Comparison[]> {
  const { clickhouse, projection, chunkTickets } = swap;
  const tickets = await ticketsOf(swap, subset);
  const chunks = Array.from({ length: Math.ceil(tickets.length / chunkTickets) }, (_, index) => tickets.slice(index * chunkTickets, (index + 1) * chunkTickets));
  const comparisons: Comparison[] = [];
  for (const name of projection.facts) {
    const table = `${projection.database}.${name}`;
    const columns = await columnsOf(clickhouse, table);
    comparisons.push(await compare(clickhouse, { table, columnsBefore: columns, columnsAfter: columns }, chunks.map((chunk) => ({
      before: `${table} FINAL WHERE ticket_id IN ${list(chunk)} AND ${ofTenant(subset)}`,
      after: `${factsOf(table, chunk)} WHERE ${ofTenant(subset)}`,
      tickets: chunk.length,
    }))));
  }
  if (!dryRun) await recompute(swap, projection.database, tickets, 'recomputed');
  return comparisons;
}
