// Computes the facts of some tickets again, in place: one ticket, one tenant, a time range. Each
// ticket is one row that is replaced as a whole, so there is nothing to swap: what was built beside
// the live tables is compared with them, and then written into them.
import type { Projection } from '../../services/runtime/projection/projector.ts';
import { buildChunks, createTables, cut, type Build } from '../facts/build.ts';
import { chunksOf, together, within } from '../facts/chunks.ts';
import { dropDatabase, openDiary, owning, readDiary, refuseSecond } from '../facts/diary.ts';
import { conditionOf, type Filter } from '../facts/filter.ts';
import { columnsOf, compare, COMPARED_AT_ONCE, type Comparison } from './compare.ts';
import type { Rebuild } from './build.ts';

export const someOf = ({ database }: Projection): string => `${database}_some`;

async function compareWithLive({ clickhouse, projection, into, filter }: Build): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  const ranges = together(await chunksOf(clickhouse, into), COMPARED_AT_ONCE);
  for (const name of projection.facts) {
    const [live, table] = [`${projection.database}.${name}`, `${into}.${name}`];
    const columns = await columnsOf(clickhouse, live);
    const chosen = conditionOf(filter, `${projection.database}.timeline`);
    comparisons.push(await compare(clickhouse, { table: live, columnsBefore: columns, columnsAfter: columns }, ranges.map((range) => ({
      before: `${live} FINAL WHERE ${within(range)} AND ${chosen}`,
      after: `${table} FINAL WHERE ${within(range)}`,
      tickets: range.tickets,
    }))));
  }
  return comparisons;
}

async function writeToLive({ clickhouse, projection, into }: Build): Promise<void> {
  for (const name of projection.facts) {
    const columns = (await columnsOf(clickhouse, `${into}.${name}`)).join(', ');
    await clickhouse.command(`INSERT INTO ${projection.database}.${name} (${columns}) SELECT ${columns} FROM ${into}.${name} FINAL`);
  }
}

export async function rebuildSubset(rebuild: Rebuild, filter: Filter, dryRun: boolean): Promise<Comparison[]> {
  const some: Build = { ...rebuild, into: someOf(rebuild.projection), filter };
  const { clickhouse, projection, into } = some;
  refuseSecond(await readDiary(clickhouse, into), `some facts of ${projection.name} are being rebuilt`);
  await dropDatabase(clickhouse, into);
  await openDiary(clickhouse, into, `Some facts of ${projection.database}, computed again.`);
  return owning(clickhouse, into, async () => {
    await createTables(some);
    await cut(some);
    await buildChunks(some);
    const comparisons = await compareWithLive(some);
    if (!dryRun) await writeToLive(some);
    await dropDatabase(clickhouse, into);
    return comparisons;
  });
}
