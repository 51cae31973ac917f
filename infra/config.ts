// npm run config -- check | apply | show | import-holidays: what the numbers depend on besides
// the events, as one file. See infra/config/desk.schema.json and desk.example.json.
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { basename } from 'node:path';
import { program } from 'commander';
import { messageOf, RuntimeError } from '../services/runtime/errors.ts';
import { bringIntoForce, forgetOld, readLive, type DeskFile } from './config/apply.ts';
import type { Calendar, Desk } from './config/desk.ts';
import { readHolidays } from './config/holidays.ts';
import { readDesk } from './config/read-desk.ts';
import { recompute, type RecomputeProgress } from './config/recompute.ts';
import { toRows } from './config/rows.ts';
import { findProjections } from './migrate.ts';
import { withClickHouse } from './with-clickhouse.ts';

const INVALID = 2;
const OUTAGE = 3;

/** A file that can't be used: everything about it has been said. */
class Refused extends Error {}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Refused(`${path}: ${messageOf(error)}`);
  }
}

/** @throws Refused with every problem of the file. */
function readFile(path: string): DeskFile {
  const content = readText(path);
  const read = readDesk(content);
  if ('desk' in read) return { name: basename(path), content, desk: read.desk };
  const lines = read.problems.map((problem) => `  ${problem.path}  ${problem.message}`);
  throw new Refused(`${path} has ${lines.length} problem${lines.length === 1 ? '' : 's'}; nothing has changed\n${lines.join('\n')}`);
}

function printProgress({ table, done, total, perSecond, etaSeconds }: RecomputeProgress): void {
  console.error(`${table}: ${done} of ${total} tickets recomputed, ${perSecond.toFixed(0)}/s, ${Math.ceil(etaSeconds)} s left`);
}

function summary(desk: Desk): string {
  const counts = [...toRows(desk)].map(([table, rows]) => `${rows.length} ${table.replaceAll('_', ' ')}`);
  return `${(desk.calendars ?? []).length} calendars, ${Object.keys(desk.integrations ?? {}).length} integrations; rows: ${counts.join(', ')}`;
}

function check(path: string): void {
  const { desk } = readFile(path);
  console.log(`${path} is valid: ${summary(desk)}`);
}

const apply = (path: string, options: { by: string }): Promise<void> => {
  const file = readFile(path);
  return withClickHouse({ command: 'config apply', changes: true }, async (clickhouse) => {
    const { version, unchanged, changed } = await bringIntoForce(clickhouse, file, options.by);
    console.log(`version ${version} ${unchanged ? 'is in force already' : 'is in force'}`);
    if (changed.length > 0) console.log(`facts change for ${changed.includes('') ? 'all integrations' : changed.join(', ')}`);
    const recomputed = await recompute(clickhouse, (await findProjections()).map(({ projection }) => projection), printProgress);
    await forgetOld(clickhouse, version);
    console.log(recomputed === 0 ? 'no facts depend on what has changed' : `${recomputed} facts recomputed`);
  });
};

const show = (options: { content: boolean }): Promise<void> => withClickHouse({ command: 'config show', changes: false }, async (clickhouse) => {
  const live = await readLive(clickhouse);
  if (options.content) console.log(live.content);
  else if (live.version === 0) console.log('nothing has been applied: 24x7, the built-in status map, no SLA policies');
  else console.log(`version ${live.version}, ${live.file_name}, SHA-256 ${live.file_sha256}\napplied ${live.at} UTC by ${live.applied_by}\n${summary(JSON.parse(live.content) as Desk)}`);
});

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function importHolidays(icsPath: string, options: { calendar: string; file?: string }): void {
  const { dates, skipped } = readHolidays(readText(icsPath));
  const left = skipped === 0 ? '' : `, ${skipped} events with a time of day left out`;
  if (options.file === undefined) {
    console.log(JSON.stringify({ calendar_id: options.calendar, holidays: dates }, null, 2));
    console.error(`${dates.length} holidays${left}; --file FILE writes them into a desk file`);
    return;
  }
  const { desk } = readFile(options.file);
  const calendar = (desk.calendars ?? []).find(({ calendar_id }: Calendar) => calendar_id === options.calendar);
  const version = calendar?.versions.at(-1) as Mutable<Calendar['versions'][number]> | undefined;
  if (version === undefined) throw new Refused(`${options.file} has no calendar "${options.calendar}"`);
  const known = version.holidays?.length ?? 0;
  version.holidays = [...new Set([...(version.holidays ?? []), ...dates])].sort();
  writeFileSync(options.file, `${JSON.stringify(desk, null, 2)}\n`);
  console.log(`${version.holidays.length - known} new holidays in version ${version.version} of ${options.calendar}${left}; apply the file to use them`);
}

// Before the commands are made: they take it over.
program.exitOverride();
program.name('npm run config --').description('Calendars, status map, SLA policies, names and shifts: one file that is applied as a whole.').addHelpText('after', `
The format is described by infra/config/desk.schema.json, an example is infra/config/desk.example.json.
Exit codes: 0 done, 2 wrong usage or an invalid file (nothing has changed), 3 ClickHouse does not answer.`);
program.command('check').description('Tell everything that is wrong with a file').argument('<file>').action(check);
program.command('apply').description('Bring a file into force and recompute the facts that depend on what it changes; repeatable at any point')
  .argument('<file>').option('--by <name>', 'who applies it', `${userInfo().username}@${hostname()}`).action(apply);
program.command('show').description('What is in force, since when and by whom').option('--content', 'the applied file itself', false).action(show);
program.command('import-holidays').description('All-day events of an iCalendar file as holidays').argument('<ics>')
  .requiredOption('--calendar <id>', 'calendar that they are for')
  .option('--file <file>', 'desk file to add them to, in the last version of the calendar').action(importHolidays);

function exitCodeOf(error: unknown): number {
  if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : INVALID;
  console.error(error instanceof RuntimeError ? `${error.code}: ${error.message}` : messageOf(error));
  return error instanceof Refused || (error instanceof RuntimeError && error.code === 'CONFIG_INVALID') ? INVALID : OUTAGE;
}

await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
