// npm run rebuild -- queue-analytics: computes the facts of a projection anew beside the live ones,
// compares, and swaps; after a change of a metric's definition this is the one command to run.
// With --ticket, --integration or --from/--to, only those tickets, in place.
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { RuntimeError } from '../../services/runtime/errors.ts';
import { RECOMPUTE_CHUNK } from '../../services/runtime/projection/facts.ts';
import { definitionOf, recordedDefinition } from '../projections/definition.ts';
import { findProjections, statementsOf } from '../projections/find.ts';
import { migrateProjection } from '../projections/tables.ts';
import { begin, buildChunks, canResume, catchUp, chunksOf, configurationOf, owning, staleTickets, within, type Rebuild } from './build.ts';
import { columnsOf, compare, isSame, reportOf, type Comparison } from './compare.ts';
import { count, duration } from './progress.ts';
import { dropDatabase, nextOf, previousOf, readDiary, Refused, refuseSecond, type Diary } from './shadow.ts';
import { rebuildSubset, type Subset } from './subset.ts';
import { exchange, finish, isExchanging, isRollback, rollBack } from './swap.ts';
import { withClickHouse } from '../target/with-clickhouse.ts';

/** Differences that nothing explains; with --dry-run, any. */
const DIFFERENT = 1;
const WRONG_USAGE = 2;
const OUTAGE = 3;

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

async function open(clickhouse: ClickHouse, name: string, chunkTickets: number): Promise<Rebuild> {
  const projections = (await findProjections()).filter(({ projection }) => projection.facts.length > 0);
  const found = projections.find(({ projection }) => projection.name === name);
  if (found === undefined) throw new Refused(`there is no projection ${name} with facts; there is ${projections.map(({ projection }) => projection.name).join(', ')}`);
  const statements = await statementsOf(found);
  return { ...found, clickhouse, statements, definition: definitionOf(statements, found.projection), chunkTickets };
}

/** Ends a swap that was broken off after the exchange. */
async function finishBrokenOff(rebuild: Rebuild, diary: Diary | null): Promise<void> {
  const { clickhouse, projection } = rebuild;
  if (isRollback(diary)) throw new Refused(`a rollback was broken off: \`npm run rebuild -- rollback ${projection.name}\` finishes it`);
  if (diary?.kind !== 'rebuild' || diary.incoming === undefined || !(await isExchanging(rebuild, diary.incoming))) return;
  console.log('finishing a swap that was broken off');
  await owning(rebuild, async () => {
    await exchange(rebuild, diary, diary.keep_old === 'true');
    await finish(rebuild, diary, () => migrateProjection(clickhouse, projection, rebuild.statements));
  });
}

/** Builds, or goes on where a run was broken off, until nothing of the configuration changed meanwhile. */
async function build(rebuild: Rebuild): Promise<void> {
  const { clickhouse, projection, definition } = rebuild;
  for (;;) {
    const configuration = await configurationOf(rebuild);
    const diary = await readDiary(clickhouse, projection);
    if (canResume(diary, definition, configuration)) console.log('going on where a run was broken off');
    else await begin(rebuild, configuration);
    await owning(rebuild, async () => {
      await buildChunks(rebuild);
      await catchUp(rebuild);
    });
    if ((await configurationOf(rebuild)) === configuration) return;
    console.log('the configuration changed meanwhile: once more');
  }
}

async function compareWithLive(rebuild: Rebuild): Promise<Comparison[]> {
  const { clickhouse, projection } = rebuild;
  const chunks = await chunksOf(rebuild);
  const comparisons: Comparison[] = [];
  for (const name of projection.facts) {
    const [live, next] = [`${projection.database}.${name}`, `${nextOf(projection)}.${name}`];
    const subject = { table: live, columnsBefore: await columnsOf(clickhouse, live), columnsAfter: await columnsOf(clickhouse, next) };
    comparisons.push(await compare(clickhouse, subject, chunks.map((chunk) => ({
      before: `${live} FINAL WHERE ${within(chunk)}`,
      after: `${next} FINAL WHERE ${within(chunk)}`,
      tickets: chunk.tickets,
    }))));
  }
  return comparisons;
}

/** Live rows that the new table lacks are explained by tickets that came since it caught up; those are stale in it. */
const isExplained = (comparison: Comparison, definitionChanged: boolean, stale: number): boolean =>
  comparison.missing <= stale && (definitionChanged || comparison.different + comparison.addedColumns.length + comparison.removedColumns.length === 0);

async function rebuildAll(rebuild: Rebuild, options: Options): Promise<number> {
  const { clickhouse, projection, definition } = rebuild;
  const began = Date.now();
  await finishBrokenOff(rebuild, await readDiary(clickhouse, projection));
  // All but what defines live facts: functions, configuration, new tables.
  await migrateProjection(clickhouse, projection, rebuild.statements);
  const recorded = await Promise.all(projection.facts.map((name) => recordedDefinition(clickhouse, `${projection.database}.${name}`)));
  const definitionChanged = recorded.some((live) => live !== definition);
  console.log(`${projection.name}: definition ${definition}${definitionChanged ? ` (live: ${recorded.map((live) => (live === '' || live === null ? 'unknown' : live)).join(', ')})` : ', as the live facts'}`);
  await build(rebuild);
  const comparisons = await owning(rebuild, () => compareWithLive(rebuild));
  for (const comparison of comparisons) console.log(reportOf(comparison));
  if (options.dryRun) {
    console.log(`dry run, nothing swapped; the same command without --dry-run goes on from here, \`npm run rebuild -- discard ${projection.name}\` drops what was built`);
    return comparisons.every(isSame) ? 0 : DIFFERENT;
  }
  const stale = (await staleTickets(clickhouse, nextOf(projection))).length;
  if (!options.acceptDifferences && !comparisons.every((comparison) => isExplained(comparison, definitionChanged, stale))) {
    console.log(`not swapped: the definition ${definitionChanged ? 'does not explain rows that are gone' : 'is the same, the rows are not'}. Look into ${nextOf(projection)}; --accept-differences swaps all the same`);
    return DIFFERENT;
  }
  const caughtUp = await owning(rebuild, async () => {
    await catchUp(rebuild);
    await exchange(rebuild, (await readDiary(clickhouse, projection)) ?? {}, options.keepOld);
    return finish(rebuild, (await readDiary(clickhouse, projection)) ?? {}, () => migrateProjection(clickhouse, projection, rebuild.statements));
  });
  console.log(`swapped after ${duration((Date.now() - began) / 1_000)}; ${count(caughtUp)} tickets caught up${options.keepOld ? `; the old tables are in ${previousOf(projection)}: npm run rebuild -- rollback ${projection.name}` : ''}`);
  return 0;
}

async function rebuildSome(rebuild: Rebuild, subset: Subset, dryRun: boolean): Promise<number> {
  const { clickhouse, projection, definition } = rebuild;
  const [table = ''] = projection.facts;
  const live = await recordedDefinition(clickhouse, `${projection.database}.${table}`);
  if (live !== definition) console.log(`note: the definition has changed; these tickets are computed by the live one until all are: npm run rebuild -- ${projection.name}`);
  const comparisons = await rebuildSubset(rebuild, subset, dryRun);
  for (const comparison of comparisons) console.log(reportOf(comparison));
  console.log(dryRun ? 'dry run, nothing written' : `${count(comparisons[0]?.after ?? 0)} tickets computed again`);
  return dryRun && !comparisons.every(isSame) ? DIFFERENT : 0;
}

async function run(name: string, options: Options): Promise<number> {
  return withClickHouse({ command: 'rebuild', changes: true }, async (clickhouse) => {
    const rebuild = await open(clickhouse, name, options.chunkTickets);
    const { ticket: tickets, integration, from, to, dryRun } = options;
    const subset: Subset = { tickets, ...(integration === undefined ? {} : { integration }), ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    const isSubset = tickets.length > 0 || Object.keys(subset).length > 1;
    if (isSubset && (options.keepOld || options.acceptDifferences)) throw new CommanderError(WRONG_USAGE, 'usage', '--keep-old and --accept-differences are for a whole rebuild');
    refuseSecond(await readDiary(clickhouse, rebuild.projection), rebuild.projection);
    return isSubset ? rebuildSome(rebuild, subset, dryRun) : rebuildAll(rebuild, options);
  });
}

const rollback = (name: string): Promise<number> => withClickHouse({ command: 'rebuild rollback', changes: true }, async (clickhouse) => {
  const rebuild = await open(clickhouse, name, RECOMPUTE_CHUNK);
  const diary = await readDiary(clickhouse, rebuild.projection);
  refuseSecond(diary, rebuild.projection);
  if (!isRollback(diary)) await finishBrokenOff(rebuild, diary);
  const caughtUp = await rollBack(rebuild, readDiary);
  console.log(`rolled back; ${count(caughtUp)} tickets caught up. What was live is in ${previousOf(rebuild.projection)}: the same command brings it back`);
  return 0;
});

const discard = (name: string): Promise<number> => withClickHouse({ command: 'rebuild discard', changes: true }, async (clickhouse) => {
  const rebuild = await open(clickhouse, name, RECOMPUTE_CHUNK);
  const diary = await readDiary(clickhouse, rebuild.projection);
  refuseSecond(diary, rebuild.projection);
  await finishBrokenOff(rebuild, diary);
  for (const database of [nextOf(rebuild.projection), previousOf(rebuild.projection)]) await dropDatabase(clickhouse, database);
  console.log(`dropped ${nextOf(rebuild.projection)} and ${previousOf(rebuild.projection)}`);
  return 0;
});

function instant(text: string): Date {
  const time = new Date(/^\d{4}-\d\d-\d\d$/.test(text) || /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('an ISO 8601 time, UTC unless it says otherwise');
  return time;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000) throw new InvalidArgumentError('a whole number from 1 to 100000');
  return value;
}

const collect = (value: string, previous: readonly string[]): string[] => [...previous, value];

const finished = (code: Promise<number>): Promise<void> => code.then((value) => {
  process.exitCode = value;
});

const program = new Command('npm run rebuild --').description('Computes facts anew from the timeline, while live updates go on.').exitOverride();
program.command('run', { isDefault: true }).description('Build beside the live tables, compare, swap. Broken off, the same command goes on')
  .argument('<projection>', 'queue-analytics or agent-analytics')
  .option('--ticket <id>', 'only this ticket, in place; can be repeated', collect, [])
  .option('--integration <id>', 'only this tenant, in place')
  .option('--from <time>', 'only tickets with an event at or after it, in place', instant)
  .option('--to <time>', 'only tickets with an event before it, in place', instant)
  .option('--dry-run', 'compare, and change nothing that is live', false)
  .option('--keep-old', 'keep what was live, for rollback', false)
  .option('--accept-differences', 'swap although the rows differ and the definition does not', false)
  .option('--chunk-tickets <n>', 'tickets computed at once: more is faster and takes more memory', positive, RECOMPUTE_CHUNK)
  .action((name: string, options: Options) => finished(run(name, options)));
program.command('rollback').description('Bring back what --keep-old kept: its rows, its definition, its views').argument('<projection>').action((name: string) => finished(rollback(name)));
program.command('discard').description('Drop what an unfinished run built and what --keep-old kept').argument('<projection>').action((name: string) => finished(discard(name)));
program.addHelpText('after', `
Exit codes: 0 done, 1 rows differ and nothing explains it (with --dry-run: rows differ), 2 wrong usage or not possible now, 3 ClickHouse does not answer.`);

/** Codes of commander itself are 0 for help and anything else for wrong usage. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.code === 'usage') console.error(error.message);
    return error.exitCode === 0 ? 0 : WRONG_USAGE;
  }
  if (error instanceof RuntimeError) {
    console.error(`${error.code}: ${error.message}`);
    return error.retriable ? OUTAGE : WRONG_USAGE;
  }
  if (!(error instanceof Refused)) throw error;
  console.error(error.message);
  return WRONG_USAGE;
}

await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
