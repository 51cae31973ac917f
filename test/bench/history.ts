// Fills a running stack with a history as large as wanted, made inside ClickHouse (history.sql): for measuring what depends
// on how much there is. It goes straight into the timelines, so Kafka and the archive know nothing of it.
import { readFile } from 'node:fs/promises';
import { bringIntoForce } from '../../infra/config/apply.ts';
import { count, Progress } from '../../infra/facts/progress.ts';
import { findProjections } from '../../infra/projections/find.ts';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { codeOf } from '../../services/runtime/projection/computed-by.ts';
import { Facts, RECOMPUTE_CHUNK, type Ticket } from '../../services/runtime/projection/facts.ts';
import { benchDesk } from './history-desk.ts';

const CHUNK = 20_000;
const databases = ['queue', 'agents'] as const;

async function withDesk(clickhouse: ClickHouse): Promise<void> {
  const desk = benchDesk();
  const { version } = await bringIntoForce(clickhouse, { name: 'bench.json', content: JSON.stringify(desk), desk }, 'bench');
  console.error(`configuration: version ${version}, calendars and policies for ${Object.keys(desk.integrations ?? {}).length} tenants`);
}

/** Makes the history in the timelines. @returns its events. */
export async function fillTimelines(clickhouse: ClickHouse, tickets: number): Promise<number> {
  const sql = await readFile(new URL('history.sql', import.meta.url), 'utf8');
  const progress = new Progress('made', { total: tickets });
  for (let from = 0; from < tickets; from += CHUNK) {
    const to = Math.min(tickets, from + CHUNK);
    const values: Readonly<Record<string, number>> = { from, to, total: tickets };
    for (const database of databases) await clickhouse.command(sql.replaceAll('{database}', database).replace(/\{(from|to|total)\}/g, (_, name: string) => String(values[name])));
    progress.step(to - from);
  }
  progress.end();
  const [row] = await clickhouse.query<{ n: number }>('SELECT count() AS n FROM queue.timeline');
  return row?.n ?? 0;
}

/** The facts of every ticket, by the fold that the services use. */
export async function fillFacts(clickhouse: ClickHouse): Promise<void> {
  for (const { projection } of await findProjections()) {
    if (projection.facts.length === 0) continue;
    const tickets = await clickhouse.query<Ticket>(`SELECT DISTINCT integration_id, ticket_id FROM ${projection.database}.timeline ORDER BY integration_id, ticket_id`);
    const progress = new Progress(`${projection.name}: facts of`, { total: tickets.length });
    const facts = new Facts(clickhouse, projection, { computedBy: codeOf(projection.name) });
    for (let from = 0; from < tickets.length; from += RECOMPUTE_CHUNK) {
      const chunk = tickets.slice(from, from + RECOMPUTE_CHUNK);
      await facts.compute(chunk);
      progress.step(chunk.length);
    }
    progress.end();
  }
}

export async function fill(clickhouse: ClickHouse, { tickets, facts }: { tickets: number; facts: boolean }): Promise<void> {
  await withDesk(clickhouse);
  const events = await fillTimelines(clickhouse, tickets);
  console.error(`${count(events)} events of ${count(tickets)} tickets in ${databases.map((database) => `${database}.timeline`).join(' and ')}`);
  if (facts) await fillFacts(clickhouse);
}
