// npm run test:faults: every fault, or those that are named, on a stack of its own, and the page that tells what came of it.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { projectDir, SetupError } from '../../infra/local/settings.ts';
import { endWithMessage } from '../../infra/local/supervisor/signals.ts';
import { faults, notRun } from './harness/cases.ts';
import type { Fault } from './harness/fault.ts';
import { violationsText, writeResults, type Versions } from './harness/results.ts';
import { integrationsOf, runFault, type Result } from './harness/run.ts';
import { noSmallDisk } from './harness/small-disk.ts';
import { FaultStack } from './harness/stack.ts';
import type { StackKind } from './harness/parts.ts';
import { groupBy } from '../../services/runtime/group-by.ts';

interface Options {
  readonly seed: number;
  readonly times?: number;
  readonly small: boolean;
  readonly list: boolean;
  readonly page: boolean;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('a whole number');
  return value;
}

/** F9 means F9a, F9b and F9c as well. @throws SetupError for a name that is none. */
function named(ids: readonly string[]): readonly Fault[] {
  const chosen = (id: string): readonly Fault[] => faults.filter((fault) => fault.id.toUpperCase() === id || fault.id.toUpperCase().replace(/[A-Z]$/, '') === id);
  const unknown = ids.map((id) => id.toUpperCase()).filter((id) => chosen(id).length === 0);
  if (unknown.length > 0) throw new SetupError(unknown.map((id) => `${id}: ${notRun[id] === undefined ? 'there is no such fault' : `not run: ${notRun[id]}`}; --list names all`), 2);
  return ids.length === 0 ? faults : [...new Set(ids.flatMap((id) => chosen(id.toUpperCase())))];
}

const list = (): string => [
  ...faults.map(({ id, title, times }) => `${id.padEnd(5)} ${title} (${times.full} times${times.small === 0 ? '' : `, ${times.small} in npm test`})`),
  ...Object.entries(notRun).map(([id, reason]) => `${id.padEnd(5)} not run: ${reason}`),
].join('\n');

const kafkaVersion = async (): Promise<string> =>
  /<part\.version>(.+?)</.exec(await readFile(join(projectDir, 'infra/local/kafka/pom.xml'), 'utf8'))?.[1] ?? '?';

async function versionsOf(stack: FaultStack): Promise<Versions> {
  const [row] = await stack.clickhouse.query<{ version: string }>('SELECT version() AS version');
  const git = (...args: string[]): string => execFileSync('git', ['-C', projectDir, ...args]).toString().trim();
  return {
    command: ['npm run test:faults --', ...process.argv.slice(2)].join(' '), commit: git('describe', '--always', '--dirty=+'), startedAt: new Date(),
    node: process.version, clickhouse: row?.version ?? '?', kafka: await kafkaVersion(), machine: `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB`,
  };
}

/** Those that need the same stack, one after the other. */
async function runOn(kind: StackKind, chosen: readonly Fault[], options: Options, results: Result[]): Promise<void> {
  console.error(`starting a stack (${kind})…`);
  const stack = await FaultStack.start(integrationsOf(chosen), kind);
  const ending = new AbortController();
  const end = (code: number) => () => {
    ending.abort();
    void stack.stop().finally(() => process.exit(code));
  };
  const [interrupted, terminated] = [end(130), end(143)];
  process.once('SIGINT', interrupted).once('SIGTERM', terminated);
  try {
    const versions = await versionsOf(stack);
    for (const fault of chosen) {
      const result = await runFault(stack, fault, { seed: options.seed, times: timesOf(fault, options), size: options.small ? 'small' : 'full', rebuild: !options.small, onProgress: (text) => process.stderr.write(`\r${text}   `) });
      // What is stopped from outside breaks in ways of its own.
      if (ending.signal.aborted) return;
      results.push(result);
      tell(result);
      if (options.page) await writeResults(results, versions);
    }
  } finally {
    await stack.stop();
    process.off('SIGINT', interrupted).off('SIGTERM', terminated);
  }
}

const timesOf = ({ times: own }: Fault, { times, small }: Options): number => times ?? (small ? own.small : own.full);

function tell(result: Result): void {
  const { fault, injections, events, lost, duplicated, recoverySeconds, seconds, violations } = result;
  console.log(`\r${fault.id.padEnd(5)} ${violations.length === 0 ? 'holds ' : 'BROKEN'} ${fault.title}: ${injections} times, ${events} events, ${lost} lost, ${duplicated} duplicated, recovered within ${Math.max(0, ...recoverySeconds).toFixed(1)} s, ${seconds.toFixed(0)} s in all`);
  const text = violationsText(result);
  if (text !== '') console.log(text);
}

async function runAll(chosen: readonly Fault[], options: Options): Promise<number> {
  const results: Result[] = [];
  const wanted = chosen.filter((fault) => timesOf(fault, options) > 0);
  for (const [kind, needing] of groupBy(wanted, ({ on = 'one broker' }) => on)) {
    const problem = kind === 'small disks' ? await noSmallDisk(join(tmpdir(), `ticketstream-mount-${process.pid}`)) : null;
    if (problem === null) await runOn(kind, needing, options, results);
    else console.log(needing.map(({ id, title }) => `${id.padEnd(5)} not run: ${title}: ${problem}`).join('\n'));
  }
  return results.every(({ violations }) => violations.length === 0) ? 0 : 1;
}

async function main(ids: readonly string[], options: Options): Promise<void> {
  if (options.list) {
    console.log(list());
    return;
  }
  process.exitCode = await runAll(named(ids), options);
}

await new Command('npm run test:faults --')
  .description('Breaks a system of its own under load, in all ways or in those that are named, and checks that nothing was lost or counted twice. Writes test/faults/RESULTS.md. Exit code 1 when something did not hold.')
  .argument('[faults...]', 'e.g. F1 F9; all by default')
  .option('--seed <n>', 'when and in which order things happen', whole, 1)
  .option('--times <n>', 'injections of each, instead of its own number', whole)
  .option('--small', 'as few injections as in npm test', false)
  .option('--list', 'name the faults, and run none', false)
  .option('--no-page', 'leave RESULTS.md as it is')
  .action(main).parseAsync().catch(endWithMessage);
