// npm run rebuild -- queue-analytics: computes the facts of a projection anew beside the live ones,
// compares, and swaps; after a change of a metric's definition this is the one command to run.
// With --ticket, --integration or --from/--to, only those tickets, in place. Of several projections, side by side.
import { Command } from 'commander';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { instant, positive } from '../facts/arguments.ts';
import { CHUNK_TICKETS, chunksOf, together, within } from '../facts/chunks.ts';
import { dropDatabase, owning, readDiary, refuseSecond } from '../facts/diary.ts';
import type { Filter } from '../facts/filter.ts';
import { count, duration } from '../facts/progress.ts';
import { define, recordedDefinition } from '../projections/definition.ts';
import { findProjections, type FoundProjection } from '../projections/find.ts';
import { migrateProjection } from '../projections/tables.ts';
import { exitCodeOf, Refused } from '../target/refused.ts';
import { withClickHouse } from '../target/with-clickhouse.ts';
import { build, catchUp, missed, nextOf, previousOf, type Rebuild, type RebuildDiary } from './build.ts';
import { columnsOf, compare, COMPARED_AT_ONCE, isSame, reportOf, type Comparison } from './compare.ts';
import { sideBySide } from './side-by-side.ts';
import { rebuildSubset, someOf } from './subset.ts';
import { exchange, finish, isExchanging, isRollback, rollBack } from './swap.ts';

/** Differences that nothing explains; with --dry-run, any. */
const DIFFERENT = 1;

interface Options {
  readonly ticket: readonly string[];
  readonly integration?: string;
  readonly from?: Date;
  readonly to?: Date;
  readonly dryRun: boolean;
  readonly keepOld: boolean;
  readonly acceptDifferences: boolean;
  readonly chunkTickets: number;
}

async function find(name: string): Promise<FoundProjection> {
  const projections = (await findProjections()).filter(({ projection }) => projection.facts.length > 0);
  const found = projections.find(({ projection }) => projection.name === name);
  if (found === undefined) throw new Refused(`there is no projection ${name} with facts; there is ${projections.map(({ projection }) => projection.name).join(', ')}`);
  return found;
}

async function open(clickhouse: ClickHouse, name: string, chunkTickets: number): Promise<Rebuild> {
  const found = await find(name);
  return { ...(await define(found)), clickhouse, into: nextOf(found.projection), filter: {}, chunkTickets };
}

/** The diary of a run that was broken off. @throws Refused while another process is at it. */
async function diaryOf({ clickhouse, projection, into }: Rebuild): Promise<RebuildDiary | null> {
  const diary: RebuildDiary | null = await readDiary(clickhouse, into);
  refuseSecond(diary, `${projection.name} is being rebuilt`);
  return diary;
}

/** Ends a swap that was broken off after the exchange. */
async function finishBrokenOff(rebuild: Rebuild): Promise<void> {
  const { clickhouse, projection, definition, into } = rebuild;
  const diary = await diaryOf(rebuild);
  if (isRollback(diary)) throw new Refused(`a rollback was broken off: \`npm run rebuild -- rollback ${projection.name}\` finishes it`);
  if (diary?.kind !== 'rebuild' || diary.incoming === undefined || !(await isExchanging(rebuild, diary.incoming))) return;
  if (diary.definition !== definition) throw new Refused(`a swap to the definition ${diary.definition ?? 'unknown'} was broken off, this code's is ${definition}: finish it with the version of the code that began it`);
  console.log('finishing a swap that was broken off');
  await owning(clickhouse, into, async () => {
    await exchange(rebuild, diary.keep_old === 'true');
    await finish(rebuild, () => migrateProjection(clickhouse, rebuild));
  });
}

async function compareWithLive({ clickhouse, projection, into }: Rebuild): Promise<Comparison[]> {
  const ranges = together(await chunksOf(clickhouse, into), COMPARED_AT_ONCE);
  const comparisons: Comparison[] = [];
  for (const name of projection.facts) {
    const [live, next] = [`${projection.database}.${name}`, `${into}.${name}`];
    const subject = { table: live, columnsBefore: await columnsOf(clickhouse, live), columnsAfter: await columnsOf(clickhouse, next) };
    comparisons.push(await compare(clickhouse, subject, ranges.map((range) => ({
      before: `${live} FINAL WHERE ${within(range)}`,
      after: `${next} FINAL WHERE ${within(range)}`,
      tickets: range.tickets,
    }))));
  }
  return comparisons;
}

/** Live rows that the new table lacks are explained by tickets that came since it caught up. */
const isExplained = (comparison: Comparison, definitionChanged: boolean, came: number): boolean =>
  comparison.missing <= came && (definitionChanged || comparison.different + comparison.addedColumns.length + comparison.removedColumns.length === 0);

async function rebuildAll(rebuild: Rebuild, options: Options): Promise<number> {
  const { clickhouse, projection, definition, into } = rebuild;
  const began = Date.now();
  await finishBrokenOff(rebuild);
  // All but what defines live facts: functions, configuration, new tables.
  await migrateProjection(clickhouse, rebuild);
  const recorded = await Promise.all(projection.facts.map((name) => recordedDefinition(clickhouse, `${projection.database}.${name}`)));
  const definitionChanged = recorded.some((live) => live !== definition);
  console.log(`${projection.name}: definition ${definition}${definitionChanged ? ` (live: ${recorded.map((live) => (live === '' || live === null ? 'unknown' : live)).join(', ')})` : ', as the live facts'}`);
  await build(rebuild);
  const comparisons = await owning(clickhouse, into, () => compareWithLive(rebuild));
  for (const comparison of comparisons) console.log(reportOf(comparison));
  if (options.dryRun) {
    console.log(`dry run, nothing swapped; the same command without --dry-run goes on from here, \`npm run rebuild -- discard ${projection.name}\` drops what was built`);
    return comparisons.every(isSame) ? 0 : DIFFERENT;
  }
  const came = (await missed(rebuild)).length;
  if (!options.acceptDifferences && !comparisons.every((comparison) => isExplained(comparison, definitionChanged, came))) {
    console.log(`not swapped: the definition ${definitionChanged ? 'does not explain rows that are gone' : 'is the same, the rows are not'}. Look into ${into}; --accept-differences swaps all the same`);
    return DIFFERENT;
  }
  const caughtUp = await owning(clickhouse, into, async () => {
    await catchUp(rebuild);
    await exchange(rebuild, options.keepOld);
    return finish(rebuild, () => migrateProjection(clickhouse, rebuild));
  });
  console.log(`swapped after ${duration((Date.now() - began) / 1_000)}; ${count(caughtUp)} tickets caught up${options.keepOld ? `; the old tables are in ${previousOf(projection)}: npm run rebuild -- rollback ${projection.name}` : ''}`);
  if (definitionChanged) console.log(`${projection.name} of another version of the code waits from now on: deploy this one`);
  return 0;
}

async function rebuildSome(rebuild: Rebuild, filter: Filter, dryRun: boolean): Promise<number> {
  const { clickhouse, projection, definition } = rebuild;
  for (const table of projection.facts.map((name) => `${projection.database}.${name}`)) {
    const live = await recordedDefinition(clickhouse, table);
    if (live !== definition) throw new Refused(`${table} is by the definition ${live === '' || live === null ? 'unknown' : live}, this code's is ${definition}: all facts change together, by \`npm run rebuild -- ${projection.name}\``);
  }
  const comparisons = await rebuildSubset(rebuild, filter, dryRun);
  for (const comparison of comparisons) console.log(reportOf(comparison));
  console.log(dryRun ? 'dry run, nothing written' : `${count(comparisons[0]?.after ?? 0)} tickets computed again`);
  return dryRun && !comparisons.every(isSame) ? DIFFERENT : 0;
}

/** Null when all tickets are meant. */
function subsetOf({ ticket: tickets, integration, from, to }: Options): Filter | null {
  const filter: Filter = {
    ...(tickets.length === 0 ? {} : { tickets }),
    ...(integration === undefined ? {} : { integrations: [integration] }),
    ...(from === undefined && to === undefined ? {} : { withEvent: { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) } }),
  };
  return Object.keys(filter).length === 0 ? null : filter;
}

async function run(name: string, options: Options): Promise<number> {
  return withClickHouse({ command: 'rebuild', changes: true }, async (clickhouse) => {
    const rebuild = await open(clickhouse, name, options.chunkTickets);
    const subset = subsetOf(options);
    if (subset !== null && (options.keepOld || options.acceptDifferences)) throw new Refused('--keep-old and --accept-differences are for a whole rebuild');
    await diaryOf(rebuild);
    return subset === null ? rebuildAll(rebuild, options) : rebuildSome(rebuild, subset, options.dryRun);
  });
}

/** As they would be typed. */
const wordsOf = ({ ticket, integration, from, to, dryRun, keepOld, acceptDifferences, chunkTickets }: Options): string[] => [
  ...ticket.map((id) => `--ticket=${id}`),
  ...(integration === undefined ? [] : [`--integration=${integration}`]),
  ...(from === undefined ? [] : [`--from=${from.toISOString()}`]), ...(to === undefined ? [] : [`--to=${to.toISOString()}`]),
  ...(dryRun ? ['--dry-run'] : []), ...(keepOld ? ['--keep-old'] : []), ...(acceptDifferences ? ['--accept-differences'] : []),
  `--chunk-tickets=${chunkTickets}`,
];

async function runAll(given: readonly string[], options: Options): Promise<number> {
  const [name = '', ...others] = new Set(given);
  if (others.length === 0) return run(name, options);
  await Promise.all([name, ...others].map(find));
  return sideBySide([name, ...others], wordsOf(options));
}

const rollback = (name: string): Promise<number> => withClickHouse({ command: 'rebuild rollback', changes: true }, async (clickhouse) => {
  const rebuild = await open(clickhouse, name, CHUNK_TICKETS);
  if (!isRollback(await diaryOf(rebuild))) await finishBrokenOff(rebuild);
  const caughtUp = await rollBack(rebuild);
  console.log(`rolled back; ${count(caughtUp)} tickets caught up. What was live is in ${previousOf(rebuild.projection)}: the same command, of that version of the code, brings it back`);
  return 0;
});

const discard = (name: string): Promise<number> => withClickHouse({ command: 'rebuild discard', changes: true }, async (clickhouse) => {
  const rebuild = await open(clickhouse, name, CHUNK_TICKETS);
  await finishBrokenOff(rebuild);
  const { projection, into } = rebuild;
  for (const database of [into, someOf(projection), previousOf(projection)]) await dropDatabase(clickhouse, database);
  console.log(`dropped ${into} and ${previousOf(projection)}`);
  return 0;
});

const collect = (value: string, previous: readonly string[]): string[] => [...previous, value];

const finished = (code: Promise<number>): Promise<void> => code.then((value) => {
  process.exitCode = value;
});

const program = new Command('npm run rebuild --').description('Computes facts anew from the timeline, while live updates go on.').exitOverride();
program.command('run', { isDefault: true }).description('Build beside the live tables, compare, swap. Broken off, the same command goes on')
  .argument('<projections...>', 'queue-analytics, agent-analytics or both: side by side, which takes less time')
  .option('--ticket <id>', 'only this ticket, in place; can be repeated', collect, [])
  .option('--integration <id>', 'only this tenant, in place')
  .option('--from <time>', 'only tickets with an event at or after it, in place', instant)
  .option('--to <time>', 'only tickets with an event before it, in place', instant)
  .option('--dry-run', 'compare, and change nothing that is live', false)
  .option('--keep-old', 'keep what was live, for rollback', false)
  .option('--accept-differences', 'swap although the rows differ and the definition does not', false)
  .option('--chunk-tickets <n>', 'tickets computed at once: more is faster and takes more memory', positive, CHUNK_TICKETS)
  .action((names: string[], options: Options) => finished(runAll(names, options)));
program.command('rollback').description('Bring back what --keep-old kept: its rows, its definition, its views').argument('<projection>').action((name: string) => finished(rollback(name)));
program.command('discard').description('Drop what an unfinished run built and what --keep-old kept').argument('<projection>').action((name: string) => finished(discard(name)));
program.addHelpText('after', `
Exit codes: 0 done, 1 rows differ and nothing explains it (with --dry-run: rows differ), 2 wrong usage or not possible now, 3 ClickHouse does not answer.`);

await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
