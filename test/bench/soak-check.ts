// Whether what a sender has sent is there, each event once: by its own counts for every ticket, against every place that keeps
// events or facts.
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';

/** Each counts a ticket's events; `twice` those that are there more often than once. */
const places: Readonly<Record<string, string>> = {
  'log.events': 'SELECT integration_id, ticket_id, count() AS n, count() - uniqExact(event_id) AS twice FROM log.events GROUP BY integration_id, ticket_id',
  'queue.timeline': 'SELECT integration_id, ticket_id, count() AS n, count() - uniqExact(event_id) AS twice FROM queue.timeline FINAL GROUP BY integration_id, ticket_id',
  'agents.timeline': 'SELECT integration_id, ticket_id, count() AS n, count() - uniqExact(event_id) AS twice FROM agents.timeline FINAL GROUP BY integration_id, ticket_id',
  // A version's low half is the number of events that were told.
  'queue.ticket_facts': 'SELECT integration_id, ticket_id, sum(bitAnd(version, 4294967295)) AS n, count() - 1 AS twice FROM queue.ticket_facts FINAL GROUP BY integration_id, ticket_id',
  'agents.ticket_facts': 'SELECT integration_id, ticket_id, sum(bitAnd(version, 4294967295)) AS n, count() - 1 AS twice FROM agents.ticket_facts FINAL GROUP BY integration_id, ticket_id',
};

interface Counted {
  readonly integration_id: string;
  readonly ticket_id: string;
  readonly n: number;
  readonly twice: number;
}

/** @param sent events by `integration/ticket`. @returns what differs, for people; empty when all is well. */
export async function lostOrTwice(clickhouse: Pick<ClickHouse, 'query'>, sent: ReadonlyMap<string, number>): Promise<string[]> {
  const problems: string[] = [];
  for (const [place, sql] of Object.entries(places)) {
    const rows = new Map((await clickhouse.query<Counted>(sql)).map((row) => [`${row.integration_id}/${row.ticket_id}`, row]));
    const missing = [...sent].reduce((sum, [ticket, count]) => sum + Math.max(0, count - (rows.get(ticket)?.n ?? 0)), 0);
    const tooMany = [...rows].reduce((sum, [ticket, { n, twice }]) => sum + twice + Math.max(0, n - (sent.get(ticket) ?? 0)), 0);
    if (missing > 0) problems.push(`${place} lacks ${missing} events`);
    if (tooMany > 0) problems.push(`${place} has ${tooMany} events that were not sent, or twice`);
  }
  return problems;
}
