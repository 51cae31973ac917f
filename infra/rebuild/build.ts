// Builds the facts anew beside the live ones, in chunks of tickets: memory is that of one chunk,
// and a finished chunk is written down, so that a run that was killed goes on with the next one.
// Live updates keep going to the live table meanwhile; what they changed is found afterwards, as a
// projector finds it after a crash: tickets whose events are newer than their facts.
import { createHash } from 'node:crypto';
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { computeFacts, RECOMPUTE_CHUNK } from '../../services/runtime/projection/facts.ts';
import type { FoundProjection } from '../projections/find.ts';
import type { Statement } from '../projections/statements.ts';
import { addComputedAt, configurationTables, recordDefinition, shadowStatements } from '../projections/definition.ts';
import { Progress } from './progress.ts';
import { dropDatabase, identityOf, nextOf, note, openShadow, takeOver, type Diary } from './shadow.ts';

export interface Rebuild extends FoundProjection {
  readonly clickhouse: ClickHouse;
  readonly statements: readonly Statement[];
  readonly definition: string;
  readonly chunkTickets: number;
}

/** Tickets from one id up to another, which is not included; '' for no end. */
export interface Chunk {
  readonly chunk: number;
  readonly ticket_from: string;
  readonly ticket_to: string;
  readonly tickets: number;
}

export const within = ({ ticket_from: from, ticket_to: to }: Chunk): string =>
  `ticket_id >= ${sqlString(from)}${to === '' ? '' : ` AND ticket_id < ${sqlString(to)}`}`;

/** Changes when what the facts read from the configuration does. */
export async function configurationOf({ clickhouse, statements, projection }: Rebuild): Promise<string> {
  const hash = createHash('sha256');
  for (const table of configurationTables(statements, projection)) {
    const [row] = await clickhouse.query<{ content: string }>(`SELECT toString(sum(cityHash64(tuple(*)))) AS content FROM ${table}`);
    hash.update(`${table} ${row?.content ?? ''}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}

/** An unfinished build by the same definition and configuration, not yet swapped, can be used. */
export const canResume = (diary: Diary | null, definition: string, configuration: string): boolean =>
  diary?.kind === 'rebuild' && diary.incoming !== undefined && diary.definition === definition && diary.configuration === configuration;

/** Makes the database beside the live one, empty. */
export async function begin(rebuild: Rebuild, configuration: string): Promise<void> {
  const { clickhouse, projection, statements, definition, chunkTickets } = rebuild;
  const next = nextOf(projection);
  await dropDatabase(clickhouse, next);
  await openShadow(clickhouse, projection);
  for (const statement of shadowStatements(statements, projection, next)) await clickhouse.command(statement);
  const incoming: Record<string, string> = {};
  for (const table of projection.facts) {
    await addComputedAt(clickhouse, `${next}.${table}`);
    await recordDefinition(clickhouse, `${next}.${table}`, definition);
    incoming[table] = await identityOf(clickhouse, `${next}.${table}`);
  }
  await clickhouse.command(`CREATE TABLE ${next}.chunks_done (chunk UInt32) ENGINE = MergeTree ORDER BY chunk`);
  await clickhouse.command(`CREATE TABLE ${next}.chunks (chunk UInt32, ticket_from String, ticket_to String, tickets UInt32) ENGINE = MergeTree ORDER BY chunk`);
  await clickhouse.command(`
    INSERT INTO ${next}.chunks
    SELECT
        chunk,
        if(chunk = 0, '', from_id) AS ticket_from,
        leadInFrame(from_id, 1, '') OVER (ORDER BY chunk ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS ticket_to,
        tickets
    FROM
    (
        SELECT intDiv(position, ${chunkTickets}) AS chunk, min(ticket_id) AS from_id, count() AS tickets
        FROM (SELECT ticket_id, row_number() OVER (ORDER BY ticket_id) - 1 AS position FROM (SELECT DISTINCT ticket_id FROM ${projection.database}.timeline))
        GROUP BY chunk
    )`);
  await note(clickhouse, projection, 'kind', 'rebuild');
  await note(clickhouse, projection, 'definition', definition);
  await note(clickhouse, projection, 'configuration', configuration);
  // Last: a run without it was killed in here, and begins anew.
  await note(clickhouse, projection, 'incoming', JSON.stringify(incoming));
}

export const chunksOf = ({ clickhouse, projection }: Rebuild): Promise<Chunk[]> =>
  clickhouse.query<Chunk>(`SELECT chunk, ticket_from, ticket_to, tickets FROM ${nextOf(projection)}.chunks ORDER BY chunk`);

/** Computes the chunks that are not done yet. @returns tickets a second. */
export async function buildChunks(rebuild: Rebuild): Promise<number> {
  const { clickhouse, projection } = rebuild;
  const next = nextOf(projection);
  const chunks = await chunksOf(rebuild);
  const done = new Set((await clickhouse.query<{ chunk: number }>(`SELECT DISTINCT chunk FROM ${next}.chunks_done`)).map(({ chunk }) => chunk));
  const total = chunks.reduce((sum, { tickets }) => sum + tickets, 0);
  const before = chunks.filter(({ chunk }) => done.has(chunk)).reduce((sum, { tickets }) => sum + tickets, 0);
  const progress = new Progress('built', { total, before });
  for (const chunk of chunks) {
    if (done.has(chunk.chunk)) continue;
    const rows = await clickhouse.query<{ ticket_id: string }>(`SELECT DISTINCT ticket_id FROM ${projection.database}.timeline WHERE ${within(chunk)}`);
    for (const table of projection.facts) await computeFacts(clickhouse, `${next}.${table}`, rows.map((row) => row.ticket_id));
    await clickhouse.command(`INSERT INTO ${next}.chunks_done VALUES (${chunk.chunk})`);
    progress.step(chunk.tickets);
  }
  progress.end();
  return progress.rate;
}

/** Recomputes these tickets' facts in a database, as many at once as a projector does. */
export async function recompute({ clickhouse, projection }: Pick<Rebuild, 'clickhouse' | 'projection'>, database: string, tickets: readonly string[], what: string): Promise<void> {
  const progress = new Progress(what, { total: tickets.length });
  for (let from = 0; from < tickets.length; from += RECOMPUTE_CHUNK) {
    const chunk = tickets.slice(from, from + RECOMPUTE_CHUNK);
    for (const table of projection.facts) await computeFacts(clickhouse, `${database}.${table}`, chunk);
    progress.step(chunk.length);
  }
  if (tickets.length > RECOMPUTE_CHUNK) progress.end();
}

export const staleTickets = async (clickhouse: ClickHouse, database: string): Promise<string[]> =>
  (await clickhouse.query<{ ticket_id: string }>(`SELECT DISTINCT ticket_id FROM ${database}.stale_tickets`)).map((row) => row.ticket_id);

const CATCH_UP_PASSES = 10;
/** So few are caught up after the swap in one statement. */
const REST = 1_000;

/** Brings the new tables to what has landed. Under traffic there is always a rest; it shrinks with each pass. */
export async function catchUp(rebuild: Rebuild): Promise<void> {
  const next = nextOf(rebuild.projection);
  for (let pass = 0; pass < CATCH_UP_PASSES; pass++) {
    const tickets = await staleTickets(rebuild.clickhouse, next);
    if (tickets.length > 0) await recompute(rebuild, next, tickets, 'caught up');
    if (tickets.length < REST) return;
  }
}

/** Runs `work` while signs of life are given. */
export async function owning<T>({ clickhouse, projection }: Pick<Rebuild, 'clickhouse' | 'projection'>, work: () => Promise<T>): Promise<T> {
  const stop = await takeOver(clickhouse, projection);
  try {
    return await work();
  } finally {
    stop();
  }
}
