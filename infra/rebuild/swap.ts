// Puts the tables of the database beside into the live one's place, and the views that show them with
// them. Every step can be repeated, and the order makes it sound whenever it is broken off:
//
// 1. The live views are kept as text.
// 2. EXCHANGE TABLES: readers have the new rows from one query to the next. The old table is never
//    written again, so it stays what it was. The new one admits rows of its own code only
//    (services/runtime/projection/computed-by.ts): a projector by other code is refused from here on,
//    commits nothing, and says that it waits for its own version to be deployed.
// 3. The views are replaced. Between 2 and 3, milliseconds, readers may see a view that lacks a column.
// 4. Once no insert that began before 2 runs any more, what such inserts brought to the old table after
//    it was caught up with is computed in the new one.
import { setTimeout as sleep } from 'node:timers/promises';
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { behind, factsOf, recompute, allowMerges } from '../facts/build.ts';
import { dropDatabase, note, openDiary, readDiary, tableExists } from '../facts/diary.ts';
import { Refused } from '../target/refused.ts';
import { recordedDefinition } from '../projections/definition.ts';
import { identityOf, previousOf, type Rebuild, type RebuildDiary } from './build.ts';

/** Whether some incoming table is the live one already. A swap that has begun must be ended: others of its tables may not be. */
export async function isExchanging({ clickhouse, projection }: Rebuild, incoming: string): Promise<boolean> {
  const identities = Object.entries(JSON.parse(incoming) as Record<string, string>);
  const isLive = await Promise.all(identities.map(async ([table, identity]) => (await identityOf(clickhouse, `${projection.database}.${table}`)) === identity));
  return isLive.includes(true);
}

/** The texts of the live views, for the way back, and since when what goes on here is not known there. */
async function keepViews({ clickhouse, projection, into }: Rebuild): Promise<void> {
  await clickhouse.command(`CREATE OR REPLACE TABLE ${into}.views (query String, kept_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') - INTERVAL 1 MINUTE) ENGINE = MergeTree ORDER BY tuple()`);
  await clickhouse.command(`
    INSERT INTO ${into}.views (query)
    SELECT replaceOne(create_table_query, 'CREATE VIEW', 'CREATE OR REPLACE VIEW')
    FROM system.tables WHERE database = ${sqlString(projection.database)} AND engine = 'View'`);
}

/** Steps 1 and 2. */
export async function exchange(rebuild: Rebuild, keepOld: boolean): Promise<void> {
  const { clickhouse, projection, into } = rebuild;
  const { incoming = '{}' }: RebuildDiary = (await readDiary(clickhouse, into)) ?? {};
  // Only before the first of several tables.
  if (!(await isExchanging(rebuild, incoming))) {
    await keepViews(rebuild);
    await note(clickhouse, into, 'keep_old', String(keepOld));
  }
  for (const [table, identity] of Object.entries(JSON.parse(incoming) as Record<string, string>)) {
    const live = `${projection.database}.${table}`;
    if ((await identityOf(clickhouse, live)) !== identity) await clickhouse.command(`EXCHANGE TABLES ${live} AND ${into}.${table}`);
  }
}

const IN_FLIGHT_MS = 120_000;

/** Waits for inserts that began before now and may still go to the tables that were live. */
async function untilSettled({ clickhouse, projection }: Rebuild): Promise<void> {
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
async function repair(rebuild: Rebuild, since: string): Promise<number> {
  const { projection, into } = rebuild;
  await untilSettled(rebuild);
  const tickets = await behind(rebuild, { from: into, to: projection.database, since });
  await recompute(factsOf({ ...rebuild, into: projection.database }), tickets, 'caught up');
  return tickets.length;
}

async function move(clickhouse: ClickHouse, from: string, to: string): Promise<void> {
  if (await tableExists(clickhouse, from)) await clickhouse.command(`RENAME TABLE ${from} TO ${to}`);
}

/** What was live goes where `rollback` finds it, or away. */
async function putAway({ clickhouse, projection, into }: Rebuild, keepOld: boolean): Promise<void> {
  const previous = previousOf(projection);
  if (keepOld) {
    // Views move last: with them it is whole, and of an earlier rebuild; without them it is this one, broken off.
    if (await tableExists(clickhouse, `${previous}.views`)) await dropDatabase(clickhouse, previous);
    await clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${previous} COMMENT 'What ${projection.database} had before the last swap: npm run rebuild -- rollback ${projection.name}'`);
    for (const table of [...projection.facts, 'views']) await move(clickhouse, `${into}.${table}`, `${previous}.${table}`);
  }
  await dropDatabase(clickhouse, into);
}

/** Steps 3 and 4, after the exchange. `showThem` replaces the live views. @returns tickets caught up. */
export async function finish(rebuild: Rebuild, showThem: () => Promise<unknown>): Promise<number> {
  const diary: RebuildDiary = (await readDiary(rebuild.clickhouse, rebuild.into)) ?? {};
  await showThem();
  const tickets = await repair(rebuild, diary.since ?? '');
  await allowMerges(rebuild, rebuild.projection.database);
  await putAway(rebuild, diary.keep_old === 'true');
  return tickets;
}

/** The views as they were kept: those that show the incoming tables of a rollback. */
async function applyKeptViews({ clickhouse, into }: Rebuild): Promise<void> {
  const rows = await clickhouse.query<{ query: string }>(`SELECT query FROM ${into}.incoming_views`);
  // A view can be created only when those it rests on have their columns again; which ones, ClickHouse knows best.
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
async function fetchPrevious({ clickhouse, projection, into }: Rebuild): Promise<void> {
  const previous = previousOf(projection);
  // Once exchanged, a facts table of that name in the database beside is the one that was live.
  for (const table of projection.facts) await move(clickhouse, `${previous}.${table}`, `${into}.${table}`);
  await move(clickhouse, `${previous}.views`, `${into}.incoming_views`);
}

/** What came since the swap is computed by the code that the old facts are of: this one, or it can't be known. */
function refuseOtherCode({ projection, definition }: Rebuild, kept: string | null | undefined): void {
  if (kept === definition) return;
  throw new Refused(`what was kept of ${projection.database} is by the definition ${kept ?? 'unknown'}, this code's is ${definition}: go back to the version of the code that it is of, and roll back with that`);
}

async function beginRollback(rebuild: Rebuild): Promise<void> {
  const { clickhouse, projection, definition, into } = rebuild;
  const previous = previousOf(projection);
  if (!(await tableExists(clickhouse, `${previous}.views`))) {
    throw new Refused(`there is nothing to go back to: only \`npm run rebuild -- ${projection.name} --keep-old\` keeps what was live`);
  }
  for (const table of projection.facts) refuseOtherCode(rebuild, await recordedDefinition(clickhouse, `${previous}.${table}`));
  await dropDatabase(clickhouse, into);
  await openDiary(clickhouse, into, `A rollback of ${projection.database} that is under way.`);
  const [kept] = await clickhouse.query<{ at: string }>(`SELECT toString(min(kept_at)) AS at FROM ${previous}.views`);
  const identities = await Promise.all(projection.facts.map(async (table) => [table, await identityOf(clickhouse, `${previous}.${table}`)] as const));
  await note(clickhouse, into, 'kind', 'rollback');
  await note(clickhouse, into, 'definition', definition);
  await note(clickhouse, into, 'since', kept?.at ?? '');
  await note(clickhouse, into, 'incoming', JSON.stringify(Object.fromEntries(identities)));
}

export const isRollback = (diary: RebuildDiary | null): boolean => diary?.kind === 'rollback' && diary.incoming !== undefined;

/** Brings back what `--keep-old` kept, and keeps what is live now in its place. @returns tickets caught up. */
export async function rollBack(rebuild: Rebuild): Promise<number> {
  const diary: RebuildDiary | null = await readDiary(rebuild.clickhouse, rebuild.into);
  if (isRollback(diary)) refuseOtherCode(rebuild, diary?.definition);
  else await beginRollback(rebuild);
  await fetchPrevious(rebuild);
  await exchange(rebuild, true);
  return finish(rebuild, () => applyKeptViews(rebuild));
}
