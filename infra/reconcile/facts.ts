// Whether facts are what their timelines say: of as many events, under the configuration in force, by the code that their table
// admits; and for a sample of tickets, or all of them, folded anew and compared column by column.
import { instantText, sqlString } from '../../services/runtime/clickhouse.ts';
import { admittedTo, codeOf } from '../../services/runtime/projection/computed-by.ts';
import { Facts, type Ticket } from '../../services/runtime/projection/facts.ts';
import { CHUNK_TICKETS, chunksOf, cutChunks, together, within, type Chunk } from '../facts/chunks.ts';
import { dropDatabase, openDiary } from '../facts/diary.ts';
import { Progress } from '../facts/progress.ts';
import { ABOUT_THE_ROW, columnsOf, COMPARED_AT_ONCE } from '../rebuild/compare.ts';
import type { Compared } from './compared.ts';
import { byPartition, ofTenant, type Run } from './context.ts';
import { finding, type Finding, type Kind } from './findings.ts';
import { repairFacts } from './repair.ts';
import { lookAndRepair } from './second-look.ts';

export const depths = ['counts', 'sample', 'full'] as const;
export type Depth = (typeof depths)[number];

const SAMPLED = 2_000;

interface Subject {
  readonly run: Run;
  readonly timeline: Compared;
  /** Database beside, for what is told anew. */
  readonly into: string;
  /** Condition of SQL: the tickets that are looked at. */
  readonly tickets: string;
}

/** Tickets with an event in the scope; the whole ticket is looked at. */
function ticketsOf({ scope }: Run, { database }: Compared): string {
  const events = [
    ...(scope.since === undefined ? [] : [`received_at >= toDateTime64(${sqlString(instantText(scope.since.getTime()))}, 3, 'UTC')`]),
    ...(scope.partition === undefined ? [] : [`kafka_partition = ${scope.partition}`]),
  ];
  const touched = events.length === 0 ? [] : [`(integration_id, ticket_id) IN (SELECT integration_id, ticket_id FROM ${database}.timeline WHERE ${events.join(' AND ')})`];
  return [ofTenant(scope), ...touched].join(' AND ');
}

interface Told extends Ticket {
  readonly told: number;
  readonly is_told: number;
  readonly committed: number;
  readonly events: number;
  readonly is_old: number;
  readonly is_foreign: number;
}

function kindOf({ told, is_told, committed, events, is_old }: Told): { kind: Kind; detail: string } {
  if (is_told === 0) return { kind: 'facts_missing', detail: `there are none, and its timeline has ${events} events` };
  if (events === 0) return { kind: 'facts_extra', detail: `they tell of ${told} events, and its timeline has none` };
  if (told < committed) return { kind: 'facts_behind', detail: `they tell of ${told} events, and its timeline has ${events}` };
  if (told > events) return { kind: 'facts_ahead', detail: `they tell of ${told} events, and its timeline has ${events}` };
  return is_old === 1 ? { kind: 'facts_of_old_configuration', detail: 'the configuration that they are computed under has been replaced' } : { kind: 'facts_by_other_code', detail: 'they are by another version of the code than their table admits' };
}

/** Events that are landed and not committed may be told already or not. */
async function miscounted({ run, timeline, tickets }: Subject, table: string, range: string): Promise<Finding[]> {
  const { clickhouse } = run;
  const facts = `${timeline.database}.${table}`;
  const committed = byPartition(new Map([...timeline.positions.values()].map((position) => [position.partition, position.committed])), 0);
  const admitted = await admittedTo(clickhouse, facts);
  const rows = await clickhouse.query<Told>(`
    SELECT integration_id, ticket_id, told, is_told, committed, events, config_version < facts_need_config(integration_id) AS is_old, ${admitted === null ? '0' : `computed_by != ${sqlString(admitted)}`} AS is_foreign
    FROM
    (
        SELECT integration_id, ticket_id, bitAnd(version, 4294967295) AS told, config_version, computed_by, 1 AS is_told
        FROM ${facts} FINAL WHERE ${range} AND ${tickets}
    ) AS f
    FULL JOIN
    (
        SELECT integration_id, ticket_id, countIf(kafka_offset < ${committed}) AS committed, count() AS events
        FROM ${timeline.database}.timeline FINAL WHERE ${range} AND ${tickets} GROUP BY integration_id, ticket_id
    ) AS e USING (integration_id, ticket_id)
    WHERE (is_told = 0 AND committed > 0) OR (is_told = 1 AND (events = 0 OR told < committed OR told > events OR is_old OR is_foreign))
    ORDER BY integration_id, ticket_id`);
  return rows.map((row) => finding(kindOf(row).kind, facts, { integration_id: row.integration_id, ticket_id: row.ticket_id, detail: kindOf(row).detail }));
}

const tellAndRepair = ({ run, timeline }: Subject, look: () => Promise<Finding[]>): Promise<void> =>
  lookAndRepair(run, look, (found) => repairFacts(run, timeline.found.projection, found));

/** Facts told anew beside that are of the same events and configuration, and say something else. */
async function differing({ run, timeline, into, tickets }: Subject, condition: string): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const table of timeline.found.projection.facts) {
    const live = `${timeline.database}.${table}`;
    const hash = `cityHash64(${(await columnsOf(run.clickhouse, live)).filter((name) => !ABOUT_THE_ROW.has(name)).map((name) => `tuple(\`${name}\`)`).join(', ')})`;
    const rows = await run.clickhouse.query<Ticket>(`
      SELECT integration_id, ticket_id
      FROM (SELECT integration_id, ticket_id, version, ${hash} AS says FROM ${live} FINAL WHERE ${condition} AND ${tickets}) AS l
      INNER JOIN (SELECT integration_id, ticket_id, version, ${hash} AS should_say FROM ${into}.${table} FINAL WHERE ${condition}) AS t USING (integration_id, ticket_id, version)
      WHERE says != should_say ORDER BY integration_id, ticket_id`);
    found.push(...rows.map(({ integration_id, ticket_id }) => finding('facts_changed', live, { integration_id, ticket_id })));
  }
  return found;
}

const listOf = (tickets: readonly Ticket[]): string => `(integration_id, ticket_id) IN (${tickets.map(({ integration_id, ticket_id }) => `(${sqlString(integration_id)}, ${sqlString(ticket_id)})`).join(', ')})`;

async function foldSample(subject: Subject, facts: Facts): Promise<number> {
  const { run, timeline, tickets } = subject;
  const [table = ''] = timeline.found.projection.facts;
  const sample = await run.clickhouse.query<Ticket>(`
    SELECT integration_id, ticket_id FROM ${timeline.database}.${table} FINAL WHERE ${tickets}
    ORDER BY cityHash64(integration_id, ticket_id, now()) LIMIT ${SAMPLED}`);
  if (sample.length === 0) return 0;
  await tellAndRepair(subject, async () => {
    await facts.compute(sample);
    return differing(subject, listOf(sample));
  });
  return sample.length;
}

async function foldAll(subject: Subject, facts: Facts, chunks: readonly Chunk[]): Promise<number> {
  const progress = new Progress(`${subject.timeline.database}: folded`, { total: chunks.reduce((sum, { tickets }) => sum + tickets, 0) });
  let folded = 0;
  for (const chunk of chunks) {
    const range = within(chunk);
    await tellAndRepair(subject, async () => {
      await facts.computeWhere(`${range} AND ${subject.tickets}`);
      return differing(subject, range);
    });
    folded += chunk.tickets;
    progress.step(chunk.tickets);
  }
  progress.end();
  return folded;
}

async function fold(subject: Subject, depth: Depth, chunks: readonly Chunk[]): Promise<string> {
  const { run: { clickhouse }, timeline: { database, found: { projection } }, into } = subject;
  const [computedBy, admitted] = [codeOf(projection.name), await admittedTo(clickhouse, `${database}.${projection.facts[0] ?? ''}`)];
  if (admitted !== null && admitted !== computedBy) return 'not folded anew: they are by another version of the code than this one';
  for (const table of projection.facts) await clickhouse.command(`CREATE TABLE ${into}.${table} AS ${database}.${table}`);
  const facts = new Facts(clickhouse, projection, { computedBy, into });
  const folded = depth === 'full' ? await foldAll(subject, facts, chunks) : await foldSample(subject, facts);
  return `${folded} folded anew`;
}

/** @returns what was looked at, for people. */
export async function compareFacts(run: Run, timeline: Compared, depth: Depth): Promise<string> {
  const { clickhouse } = run;
  const into = `reconcile_${timeline.database}`;
  const subject: Subject = { run, timeline, into, tickets: ticketsOf(run, timeline) };
  await dropDatabase(clickhouse, into);
  await openDiary(clickhouse, into, 'Facts that a run of `npm run reconcile` told anew; they go with the run.');
  await cutChunks(clickhouse, into, { timeline: `${timeline.database}.timeline`, where: subject.tickets, tickets: CHUNK_TICKETS });
  const chunks = await chunksOf(clickhouse, into);
  // Without a ticket there may be facts all the same.
  const ranges = chunks.length === 0 ? ['true'] : together(chunks, COMPARED_AT_ONCE).map(within);
  for (const range of ranges) {
    for (const table of timeline.found.projection.facts) await tellAndRepair(subject, () => miscounted(subject, table, range));
  }
  const said = depth === 'counts' ? '' : `, ${await fold(subject, depth, chunks)}`;
  await dropDatabase(clickhouse, into);
  return `${timeline.database}: facts of ${chunks.reduce((sum, { tickets }) => sum + tickets, 0)} tickets counted${said}`;
}
