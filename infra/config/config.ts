// npm run config -- check | apply | show | import-holidays: what the numbers depend on besides
// the events, as one file. See infra/config/desk.schema.json and desk.example.json.
import { writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { program } from 'commander';
import { messageOf, RuntimeError } from '../../services/runtime/errors.ts';
import { bringIntoForce, forgetOld, readLive } from './apply.ts';
import { readBytes, readDeskFile } from './desk-file.ts';
import type { Calendar, Closure, Desk } from './desk.ts';
import { readHolidays, type Holidays } from './holidays.ts';
import { UnreadableCalendar } from './icalendar/lines.ts';
import { isZone } from './read-desk.ts';
import { recompute, type RecomputeProgress } from './recompute.ts';
import { toRows } from './rows.ts';
import { findProjections } from '../projections/find.ts';
import { Refused } from '../target/refused.ts';
import { withClickHouse } from '../target/with-clickhouse.ts';

const INVALID = 2;
const OUTAGE = 3;

/** UTF-8, or UTF-16 if the file begins with its mark. */
function decoded(bytes: Buffer): string {
  const mark = bytes.toString('latin1', 0, 2);
  return new TextDecoder(mark === '\xFF\xFE' ? 'utf-16le' : mark === '\xFE\xFF' ? 'utf-16be' : 'utf-8').decode(bytes);
}

function printProgress({ database, done, total, perSecond, etaSeconds }: RecomputeProgress): void {
  console.error(`${database}: ${done} of ${total} tickets recomputed, ${perSecond.toFixed(0)}/s, ${Math.ceil(etaSeconds)} s left`);
}

function summary(desk: Desk): string {
  const counts = [...toRows(desk)].map(([table, rows]) => `${rows.length} ${table.replaceAll('_', ' ')}`);
  return `${(desk.calendars ?? []).length} calendars, ${Object.keys(desk.integrations ?? {}).length} integrations; rows: ${counts.join(', ')}`;
}

function check(path: string): void {
  const { desk } = readDeskFile(path);
  console.log(`${path} is valid: ${summary(desk)}`);
}

const apply = (path: string, options: { by: string }): Promise<void> => {
  const file = readDeskFile(path);
  return withClickHouse({ command: 'config apply', changes: true }, async (clickhouse) => {
    const { version, unchanged, changed } = await bringIntoForce(clickhouse, file, options.by);
    console.log(`version ${version} ${unchanged ? 'is in force already' : 'is in force'}`);
    if (changed.length > 0) console.log(`facts change for ${changed.includes('') ? 'all integrations' : changed.join(', ')}`);
    const recomputed = await recompute(clickhouse, (await findProjections()).map(({ projection }) => projection), printProgress);
    await forgetOld(clickhouse, version);
    console.log(recomputed === 0 ? 'no facts depend on what has changed' : `facts of ${recomputed} tickets recomputed`);
  });
};

const show = (options: { content: boolean }): Promise<void> => withClickHouse({ command: 'config show', changes: false }, async (clickhouse) => {
  const live = await readLive(clickhouse);
  if (options.content) console.log(live.content);
  else if (live.version === 0) console.log('nothing has been applied: 24x7, the built-in status map, no SLA policies');
  else console.log(`version ${live.version}, ${live.file_name}, SHA-256 ${live.file_sha256}\napplied ${live.at} UTC by ${live.applied_by}\n${summary(JSON.parse(live.content) as Desk)}`);
});

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type LastVersion = Mutable<Calendar['versions'][number]>;

/** @throws Refused with every line of the file that can't be used. */
function holidaysOf(path: string, zone: string | undefined): Holidays {
  try {
    return readHolidays(decoded(readBytes(path)), zone);
  } catch (error) {
    if (!(error instanceof UnreadableCalendar)) throw error;
    const lines = error.problems.map(({ line, message }) => `  line ${line}  ${message}`);
    throw new Refused(`${path} can't be used; nothing has changed\n${lines.join('\n')}`);
  }
}

/** Adds to a version what it has not yet; how much that was. */
function addHolidays(version: LastVersion, { dates, closures }: Holidays): string {
  const key = ({ date, from, to = '24:00' }: Closure): string => `${date} ${from} ${to}`;
  const [hadDates, hadClosures] = [version.holidays ?? [], version.closures ?? []];
  version.holidays = [...new Set([...hadDates, ...dates])].sort();
  const known = new Set(hadClosures.map(key));
  const added = closures.filter((closure) => !known.has(key(closure))).map(({ date, from, to }) => ({ date, from, to }));
  if (added.length > 0) version.closures = [...hadClosures, ...added].sort((a, b) => Number(key(a) > key(b)) - Number(key(a) < key(b)));
  return `${version.holidays.length - new Set(hadDates).size} new holidays and ${added.length} new closures`;
}

/** Closures may be mere appointments, and what is left out may be missed: both are shown one by one. */
const details = ({ closures, leftOut }: Holidays): string[] => [
  ...closures.map(({ date, from, to, summary }) => `  closed    ${date} ${from} to ${to}  ${summary}`),
  ...leftOut.map(({ date, summary, reason }) => `  left out  ${[date, summary].filter((text) => text !== '').join('  ')}: ${reason}`),
];

function importHolidays(icsPath: string, options: { calendar: string; file?: string; zone?: string }): void {
  if (options.zone !== undefined && !isZone(options.zone)) throw new Refused(`--zone ${options.zone} is no IANA time zone`);
  if (options.file === undefined) {
    const found = holidaysOf(icsPath, options.zone);
    const closures = found.closures.map(({ date, from, to }) => ({ date, from, to }));
    console.log(JSON.stringify({ calendar_id: options.calendar, holidays: found.dates, closures }, null, 2));
    console.error([`${found.dates.length} holidays and ${closures.length} closures; --file FILE writes them into a desk file`, ...details(found)].join('\n'));
    return;
  }
  const { desk } = readDeskFile(options.file);
  const calendar = (desk.calendars ?? []).find(({ calendar_id }: Calendar) => calendar_id === options.calendar);
  const version = calendar?.versions.at(-1) as LastVersion | undefined;
  if (version === undefined) throw new Refused(`${options.file} has no calendar "${options.calendar}"`);
  const found = holidaysOf(icsPath, options.zone ?? version.zone);
  const added = addHolidays(version, found);
  writeFileSync(options.file, `${JSON.stringify(desk, null, 2)}\n`);
  console.log([`${added} in version ${version.version} of ${options.calendar}; apply the file to use them`, ...details(found)].join('\n'));
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
program.command('import-holidays').description('Events of an iCalendar file: those of whole days as holidays, others as closures').argument('<ics>')
  .requiredOption('--calendar <id>', 'calendar that they are for')
  .option('--zone <zone>', "zone of the closures, if not the calendar's in the desk file")
  .option('--file <file>', 'desk file to add them to, in the last version of the calendar').action(importHolidays);

function exitCodeOf(error: unknown): number {
  if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : INVALID;
  console.error(error instanceof RuntimeError ? `${error.code}: ${error.message}` : messageOf(error));
  return error instanceof Refused || (error instanceof RuntimeError && error.code === 'CONFIG_INVALID') ? INVALID : OUTAGE;
}

await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
