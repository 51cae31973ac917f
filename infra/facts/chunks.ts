// The timeline in key order, cut into ranges of tickets: bounded in tickets and in events, so that the
// memory of a build is that of a chunk, whoever takes it. They are kept in the database that is built,
// and a finished one is written down.
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';

/** From one ticket up to another, which is not included. */
export interface Chunk {
  readonly chunk: number;
  readonly integration_from: string;
  readonly ticket_from: string;
  /** '' for no end. */
  readonly integration_to: string;
  readonly ticket_to: string;
  readonly tickets: number;
}

/** Two of them are worked on at once, for each of two projections that are built side by side in half a gigabyte. */
export const CHUNK_TICKETS = 4_000;

/** A desk's tickets have about 12; a chunk of longer ones holds fewer of them. */
const EVENTS_PER_TICKET = 40;

/** Column by column: a comparison of tuples doesn't use the primary key. */
export function within({ integration_from: tenant, ticket_from: ticket, integration_to: tenantTo, ticket_to: ticketTo }: Chunk): string {
  const from = `(integration_id > ${sqlString(tenant)} OR (integration_id = ${sqlString(tenant)} AND ticket_id >= ${sqlString(ticket)}))`;
  const to = `(integration_id < ${sqlString(tenantTo)} OR (integration_id = ${sqlString(tenantTo)} AND ticket_id < ${sqlString(ticketTo)}))`;
  return tenantTo === '' ? from : `${from} AND ${to}`;
}

/** Events of the timeline that count, and how many tickets of them make a chunk. */
export interface Cut {
  readonly timeline: string;
  readonly where: string;
  readonly tickets: number;
}

export async function cutChunks(clickhouse: ClickHouse, database: string, { timeline, where, tickets }: Cut): Promise<void> {
  await clickhouse.command(`CREATE TABLE ${database}.chunks_done (chunk UInt32) ENGINE = MergeTree ORDER BY chunk`);
  await clickhouse.command(`
    CREATE TABLE ${database}.chunks (chunk UInt32, integration_from String, ticket_from String, integration_to String, ticket_to String, tickets UInt32)
    ENGINE = MergeTree ORDER BY chunk`);
  await clickhouse.command(`
    INSERT INTO ${database}.chunks
    SELECT
        chunk,
        if(chunk = 0, '', first.1) AS integration_from,
        if(chunk = 0, '', first.2) AS ticket_from,
        leadInFrame(first.1, 1, '') OVER following AS integration_to,
        leadInFrame(first.2, 1, '') OVER following AS ticket_to,
        tickets
    FROM
    (
        SELECT intDiv(position, ${tickets}) + intDiv(events_before, ${tickets * EVENTS_PER_TICKET}) AS chunk, min((tenant, ticket_id)) AS first, count() AS tickets
        FROM
        (
            SELECT tenant, ticket_id, row_number() OVER so_far - 1 AS position, sum(events) OVER so_far - events AS events_before
            FROM (SELECT toString(integration_id) AS tenant, ticket_id, count() AS events FROM ${timeline} WHERE ${where} GROUP BY tenant, ticket_id)
            WINDOW so_far AS (ORDER BY tenant, ticket_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        )
        GROUP BY chunk
    )
    WINDOW following AS (ORDER BY chunk ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)`);
}

export const chunksOf = (clickhouse: ClickHouse, database: string): Promise<Chunk[]> =>
  clickhouse.query<Chunk>(`SELECT * FROM ${database}.chunks ORDER BY chunk`);

/** Neighbours taken together, up to so many tickets, for what costs more to plan than to run. */
export function together(chunks: readonly Chunk[], tickets: number): Chunk[] {
  const ranges: Chunk[] = [];
  for (const chunk of chunks) {
    const last = ranges.at(-1);
    if (last === undefined || last.tickets + chunk.tickets > tickets) ranges.push(chunk);
    else ranges[ranges.length - 1] = { ...last, integration_to: chunk.integration_to, ticket_to: chunk.ticket_to, tickets: last.tickets + chunk.tickets };
  }
  return ranges;
}

export const noteDone = (clickhouse: ClickHouse, database: string, { chunk }: Chunk): Promise<void> =>
  clickhouse.command(`INSERT INTO ${database}.chunks_done VALUES (${chunk})`);

export async function doneOf(clickhouse: ClickHouse, database: string): Promise<ReadonlySet<number>> {
  const rows = await clickhouse.query<{ chunk: number }>(`SELECT DISTINCT chunk FROM ${database}.chunks_done`);
  return new Set(rows.map(({ chunk }) => chunk));
}
