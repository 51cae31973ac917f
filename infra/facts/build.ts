// Builds the facts of a projection into a database of their own: from the live timeline, under a filter and a desk.
// A rebuild tells everything under the live desk and puts the result in the live tables' place; a snapshot tells some
// of it, or under another desk, and is read where it is. Both go on after being killed: a finished chunk is written down.
import { createHash } from 'node:crypto';
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { addProvenance, admitOnly } from '../../services/runtime/projection/computed-by.ts';
import { Facts, RECOMPUTE_CHUNK, type Ticket } from '../../services/runtime/projection/facts.ts';
import { recordDefinition, shadowStatements, type Defined } from '../projections/definition.ts';
import { chunksOf, cutChunks, doneOf, noteDone, within, type Chunk } from './chunks.ts';
import { conditionOf, type Filter } from './filter.ts';
import { Progress } from './progress.ts';

/** What is built, from what, and into which database. */
export interface Build extends Defined {
  readonly clickhouse: ClickHouse;
  readonly into: string;
  readonly filter: Filter;
  /** An answer to the fold's configQuery; without it, what is live. */
  readonly configuration?: unknown;
  readonly chunkTickets: number;
}

const timelineOf = ({ projection }: Build): string => `${projection.database}.timeline`;

/** What computes the facts of a build, a chunk or chosen tickets at a time. */
export function factsOf(build: Build): Facts {
  const { clickhouse, projection, computedBy, into, filter, configuration } = build;
  return new Facts(clickhouse, projection, { computedBy, into, where: conditionOf(filter, timelineOf(build)), ...(configuration === undefined ? {} : { configuration }) });
}

/** Facts tables and all views, under the name of the database that is built. */
export async function createTables({ clickhouse, projection, statements, definition, computedBy, into }: Build): Promise<void> {
  for (const statement of shadowStatements(statements, projection, into)) await clickhouse.command(statement);
  for (const table of projection.facts.map((name) => `${into}.${name}`)) {
    await addProvenance(clickhouse, table);
    await recordDefinition(clickhouse, table, definition);
    await admitOnly(clickhouse, table, computedBy);
  }
}

export const cut = (build: Build): Promise<void> =>
  cutChunks(build.clickhouse, build.into, { timeline: timelineOf(build), where: conditionOf(build.filter, timelineOf(build)), tickets: build.chunkTickets });

/** While one chunk is folded here, another is read or written there. */
const CHUNKS_AT_ONCE = 2;

/**
 * A build writes each ticket once, so merges would drop nothing and take as long as all the rest: they begin when it is used.
 * Parts in which columns have no files of their own (60 columns, most of them nested) take a quarter of the CPU to write.
 */
const whileBuilding: Readonly<Record<string, number>> = {
  max_bytes_to_merge_at_max_space_in_pool: 1, max_bytes_to_merge_at_min_space_in_pool: 1,
  parts_to_delay_insert: 1_000_000, parts_to_throw_insert: 1_000_000, min_bytes_for_wide_part: 10_000_000_000,
};

async function writeOnly({ clickhouse, projection, into }: Build): Promise<void> {
  const settings = Object.entries(whileBuilding).map(([name, value]) => `${name} = ${value}`).join(', ');
  for (const table of projection.facts) await clickhouse.command(`ALTER TABLE ${into}.${table} MODIFY SETTING ${settings}`);
}

/** Tables that were built become tables like all others. */
export async function allowMerges({ clickhouse, projection }: Pick<Build, 'clickhouse' | 'projection'>, database: string): Promise<void> {
  for (const table of projection.facts) await clickhouse.command(`ALTER TABLE ${database}.${table} RESET SETTING ${Object.keys(whileBuilding).join(', ')}`);
}

/** Computes the chunks that are not done yet; whoever is to use the tables allows merges again. A chunk is read and written in `Facts.computeWhere`, by whoever takes it. */
export async function buildChunks(build: Build): Promise<void> {
  const { clickhouse, into } = build;
  const [chunks, done] = [await chunksOf(clickhouse, into), await doneOf(clickhouse, into)];
  const sum = (some: readonly Chunk[]): number => some.reduce((total, { tickets }) => total + tickets, 0);
  const left = chunks.filter(({ chunk }) => !done.has(chunk));
  const progress = new Progress('built', { total: sum(chunks), before: sum(chunks) - sum(left) });
  const facts = factsOf(build);
  const queue = left.values();
  await writeOnly(build);
  const takeTurns = async (): Promise<void> => {
    for (const chunk of queue) {
      await facts.computeWhere(within(chunk));
      await noteDone(clickhouse, into, chunk);
      progress.step(chunk.tickets);
    }
  };
  await Promise.all(Array.from({ length: CHUNKS_AT_ONCE }, takeTurns));
  progress.end();
}

/** Objects by their names and lists by their elements, whatever order they came in. */
function inOneOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((element) => JSON.stringify(inOneOrder(element))).sort();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inOneOrder(member)] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Changes when what the facts read from the live configuration does, not with its version alone. */
export async function liveConfigurationHash({ clickhouse, projection }: Build): Promise<string> {
  const [answer] = projection.fold === undefined ? [] : await clickhouse.query<Record<string, unknown>>(projection.fold.configQuery);
  return createHash('sha256').update(JSON.stringify(inOneOrder({ ...answer, config_version: null }))).digest('hex').slice(0, 12);
}

/**
 * Tickets whose facts in `from`, computed since then, come from more events or a later configuration than those in `to`:
 * what was written there while `to` was built. A projector lands events before it computes their facts, so whatever a
 * build did not read has its facts written after the build began.
 */
export async function behind({ clickhouse, projection }: Pick<Build, 'clickhouse' | 'projection'>, { from, to, since }: { from: string; to: string; since: string }): Promise<Ticket[]> {
  const found = new Map<string, Ticket>();
  for (const table of projection.facts) {
    const rows = await clickhouse.query<Ticket>(`
      WITH touched AS (SELECT integration_id, ticket_id, max(version) AS theirs FROM ${from}.${table} WHERE computed_at >= ${sqlString(since)} GROUP BY integration_id, ticket_id)
      SELECT integration_id, ticket_id
      FROM touched
      LEFT JOIN
      (
          SELECT integration_id, ticket_id, max(version) AS ours
          FROM ${to}.${table}
          WHERE (integration_id, ticket_id) IN (SELECT integration_id, ticket_id FROM touched)
          GROUP BY integration_id, ticket_id
      ) AS built USING (integration_id, ticket_id)
      WHERE theirs > ours`);
    for (const row of rows) found.set(JSON.stringify([row.integration_id, row.ticket_id]), row);
  }
  return [...found.values()];
}

/** Recomputes these tickets with signs of progress. */
export async function recompute(facts: Facts, tickets: readonly Ticket[], what: string): Promise<void> {
  const progress = new Progress(what, { total: tickets.length });
  for await (const chunk of facts.inChunks(tickets)) progress.step(chunk.length);
  if (tickets.length > RECOMPUTE_CHUNK) progress.end();
}
