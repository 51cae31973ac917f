// Puts the tables of the database beside into the live one's place, and what defines them with
// them. Every step can be repeated, and the order makes it sound whenever it is broken off:
//
// 1. The diary notes the time, and the live views are kept as text.
// 2. EXCHANGE TABLES: readers have the new rows from one query to the next. The old table is never
//    written again, so it stays what it was.
// 3. The views are replaced. Between 2 and 3, milliseconds, the projector still computes by the old
//    definition into the new table; or its insert fails, where columns differ, and is tried again.
// 4. Once no statement that began before 3 runs any more, every row of the new table computed since
//    1 is computed again, and every ticket whose events are newer than its row: a projector lands
//    events before it computes facts, so an insert that still went to the old table is among them.
import { setTimeout as sleep } from 'node:timers/promises';
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';
import { recompute, staleTickets, type Rebuild } from './build.ts';
import { dropDatabase, identityOf, nextOf, note, openShadow, previousOf, Refused, tableExists, type Diary } from './shadow.ts';

export type Swap = Pick<Rebuild, 'clickhouse' | 'projection' | 'chunkTickets'>;

/** Per incoming table, whether it is the live one already. */
async function exchanged({ clickhouse, projection }: Swap, incoming: string): Promise<boolean[]> {
  const identities = Object.entries(JSON.parse(incoming) as Record<string, string>);
  return Promise.all(identities.map(async ([table, identity]) => (await identityOf(clickhouse, `${projection.database}.${table}`)) === identity));
}

/** A swap that has begun must be ended: one of several tables may be exchanged, and others not. */
export const isExchanging = async (swap: Swap, incoming: string): Promise<boolean> => (await exchanged(swap, incoming)).includes(true);

/** The texts of the live views, for the way back. */
async function keepViews({ clickhouse, projection }: Swap): Promise<void> {
  const { database } = projection;
  const views = `${nextOf(projection)}.views`;
  await clickhouse.command(`CREATE OR REPLACE TABLE ${views} (query String) ENGINE = MergeTree ORDER BY tuple()`);
  await clickhouse.command(`
    INSERT INTO ${views}
    SELECT replaceOne(create_table_query, 'CREATE VIEW', 'CREATE OR REPLACE VIEW')
    FROM system.tables WHERE database = ${sqlString(database)} AND engine = 'View'`);
}

/** Steps 1 and 2. */
export async function exchange(swap: Swap, diary: Diary, keepOld: boolean): Promise<void> {
  const { clickhouse, projection } = swap;
  const incoming = diary.incoming ?? '{}';
  if (!(await exchanged(swap, incoming)).includes(false)) return;
  await keepViews(swap);
  await note(clickhouse, projection, 'keep_old', String(keepOld));
  // Only once: of several tables one may be exchanged since.
  if (diary.swap_began === undefined) {
    const [row] = await clickhouse.query<{ now: string }>(`SELECT toString(now64(3, 'UTC')) AS now`);
    await note(clickhouse, projection, 'swap_began', row?.now ?? '');
  }
  for (const [table, identity] of Object.entries(JSON.parse(incoming) as Record<string, string>)) {
    const live = `${projection.database}.${table}`;
    if ((await identityOf(clickhouse, live)) !== identity) await clickhouse.command(`EXCHANGE TABLES ${live} AND ${nextOf(projection)}.${table}`);
  }
}

const IN_FLIGHT_MS = 120_000;

/** Waits for statements that began before now and write to the live facts. */
async function untilSettled({ clickhouse, projection }: Swap): Promise<void> {
  const began = Date.now();
  const writes = projection.facts.map((table) => `query LIKE 'INSERT INTO ${projection.database}.${table} %'`).join(' OR ');
  for (let running = 1; running > 0; ) {
    const [row] = await clickhouse.query<{ n: number }>(`SELECT countIf(elapsed >= ${(Date.now() - began) / 1_000}) AS n FROM system.processes WHERE ${writes}`);
    running = row?.n ?? 0;
    await sleep(running > 0 ? 50 : 0);
    if (Date.now() - began > IN_FLIGHT_MS) throw new Refused(`a statement has been writing to the facts of ${projection.database} for two minutes; the tables are swapped, run the same command again to finish`);
  }
}

/** Step 4. */
async function repair(swap: Swap, since: string): Promise<number> {
  const { clickhouse, projection } = swap;
  await untilSettled(swap);
  const tickets = new Set(await staleTickets(clickhouse, projection.database));
  for (const table of projection.facts) {
    const rows = await clickhouse.query<{ ticket_id: string }>(`SELECT DISTINCT ticket_id FROM ${projection.database}.${table} WHERE computed_at >= ${sqlString(since)}`);
    for (const row of rows) tickets.add(row.ticket_id);
  }
  await recompute(swap, projection.database, [...tickets], 'caught up');
  return tickets.size;
}

async function move(clickhouse: ClickHouse, from: string, to: string): Promise<void> {
  if (await tableExists(clickhouse, from)) await clickhouse.command(`RENAME TABLE ${from} TO ${to}`);
}

/** What was live goes where `rollback` finds it, or away. */
async function putAway({ clickhouse, projection }: Swap, keepOld: boolean): Promise<void> {
  const [next, previous] = [nextOf(projection), previousOf(projection)];
  if (keepOld) {
    // Views move last: with them it is whole, and of an earlier rebuild; without them it is this one, broken off.
    if (await tableExists(clickhouse, `${previous}.views`)) await dropDatabase(clickhouse, previous);
    await clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${previous} COMMENT 'What ${projection.database} had before the last swap: npm run rebuild -- rollback ${projection.name}'`);
    for (const table of [...projection.facts, 'views']) await move(clickhouse, `${next}.${table}`, `${previous}.${table}`);
  }
  await dropDatabase(clickhouse, next);
}

/** Steps 3 and 4, after the exchange. `define` replaces the live views. @returns tickets caught up. */
export async function finish(swap: Swap, diary: Diary, define: () => Promise<unknown>): Promise<number> {
  await define();
  const tickets = await repair(swap, diary.swap_began ?? '');
  await putAway(swap, diary.keep_old === 'true');
  return tickets;
}

/** The views as they were kept: what defines the incoming tables of a rollback. */
async function applyKeptViews({ clickhouse, projection }: Swap): Promise<void> {
  const rows = await clickhouse.query<{ query: string }>(`SELECT query FROM ${nextOf(projection)}.incoming_views`);
  // A view can be created only when those it rests on have its columns again; which ones, ClickHouse knows best.
  let waiting = rows.map(({ query }) => query);
  for (let before = Infinity; waiting.length > 0; ) {
    let refusal: unknown = null;
    const left: string[] = [];
    for (const query of waiting) {
      await clickhouse.command(query).catch((error: unknown) => {
        refusal = error;
        left.push(query);
      });
    }
    if (left.length === before) throw refusal;
    [before, waiting] = [left.length, left];
  }
}

/** Moves the previous tables to where a swap takes them from. */
async function fetchPrevious({ clickhouse, projection }: Swap): Promise<void> {
  const [next, previous] = [nextOf(projection), previousOf(projection)];
  // Once exchanged, a facts table of that name in the database beside is the one that was live.
  for (const table of projection.facts) await move(clickhouse, `${previous}.${table}`, `${next}.${table}`);
  await move(clickhouse, `${previous}.views`, `${next}.incoming_views`);
}

async function beginRollback({ clickhouse, projection }: Swap): Promise<void> {
  const previous = previousOf(projection);
  if (!(await tableExists(clickhouse, `${previous}.views`))) {
    throw new Refused(`there is nothing to go back to: only \`npm run rebuild -- ${projection.name} --keep-old\` keeps what was live`);
  }
  await dropDatabase(clickhouse, nextOf(projection));
  await openShadow(clickhouse, projection);
  const identities = await Promise.all(projection.facts.map(async (table) => [table, await identityOf(clickhouse, `${previous}.${table}`)] as const));
  await note(clickhouse, projection, 'kind', 'rollback');
  await note(clickhouse, projection, 'incoming', JSON.stringify(Object.fromEntries(identities)));
}

export const isRollback = (diary: Diary | null): boolean => diary?.kind === 'rollback' && diary.incoming !== undefined;

/** Brings back what `--keep-old` kept, and keeps what is live now in its place. @returns tickets caught up. */
export async function rollBack(swap: Swap, readDiary: (clickhouse: ClickHouse, projection: Projection) => Promise<Diary | null>): Promise<number> {
  const { clickhouse, projection } = swap;
  if (!isRollback(await readDiary(clickhouse, projection))) await beginRollback(swap);
  await fetchPrevious(swap);
  await exchange(swap, (await readDiary(clickhouse, projection)) ?? {}, true);
  return finish(swap, (await readDiary(clickhouse, projection)) ?? {}, () => applyKeptViews(swap));
}
