// npm run bench -- rebuild: the facts of a made-up history from its timeline, by the command that an operator runs. No
// service runs meanwhile. With another checkout, both stacks hold the same history and take turns; one that can't rebuild
// several projections side by side does one after the other.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../../infra/local/settings.ts';
import { groupBy } from '../../services/runtime/group-by.ts';
import { figure, medianAndRange } from './figures.ts';
import { fillTimelines } from './history.ts';
import { headOf, headText } from './machine.ts';
import { copiedRow, copyTimelines, type Copied } from './plain-copy.ts';
import { cpuSecondsOf } from './processes.ts';
import { table, writeSection, type Row } from './results.ts';
import { withStacks, type BenchStack } from './stack.ts';

export interface RebuildOptions {
  /** One run for each; more than one shows whether an event's cost grows. */
  readonly tickets: readonly number[];
  readonly rounds: number;
  readonly command: string;
  readonly checkouts: readonly string[];
  readonly againstUpTo: number;
}

const rebuilt = ['queue-analytics', 'agent-analytics'];

const commandsOf = ({ checkout }: BenchStack): (readonly string[])[] =>
  (existsSync(join(checkout, 'infra/rebuild/side-by-side.ts')) ? [rebuilt] : rebuilt.map((name) => [name]));

interface Run {
  readonly stack: BenchStack;
  readonly tickets: number;
  readonly events: number;
  /** Those of one command. */
  readonly projections: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly clickhouseSeconds: number;
  readonly peakMb: number;
}

async function tablesToEmpty({ clickhouse }: BenchStack): Promise<string[]> {
  const rows = await clickhouse.query<{ name: string }>(`SELECT concat(database, '.', name) AS name FROM system.tables WHERE database IN ('queue', 'agents') AND engine LIKE '%MergeTree' ORDER BY name`);
  return rows.map(({ name }) => name);
}

const emptyFacts = async (stack: BenchStack): Promise<void> => {
  for (const name of await tablesToEmpty(stack)) if (!name.endsWith('.timeline')) await stack.clickhouse.command(`TRUNCATE TABLE ${name}`);
};

const emptyAll = async (stack: BenchStack): Promise<void> => {
  for (const name of await tablesToEmpty(stack)) await stack.clickhouse.command(`TRUNCATE TABLE ${name}`);
};

async function rebuildOnce(stack: BenchStack, tickets: number, events: number): Promise<Run[]> {
  await emptyFacts(stack);
  const runs: Run[] = [];
  for (const names of commandsOf(stack)) {
    const projections = names.join(' ');
    console.error(`${stack.commit}: ${projections} of ${tickets} tickets`);
    const before = cpuSecondsOf(stack.pids()['clickhouse'] ?? 0);
    const { seconds, cpuSeconds, peakMb } = await stack.run('infra/rebuild/rebuild.ts', ...names);
    const clickhouseSeconds = cpuSecondsOf(stack.pids()['clickhouse'] ?? 0) - before;
    runs.push({ stack, tickets, events, projections, seconds, cpuSeconds, clickhouseSeconds, peakMb });
  }
  return runs;
}

async function measure(stacks: readonly BenchStack[], options: RebuildOptions): Promise<{ runs: Run[]; copies: Copied[] }> {
  const runs: Run[] = [];
  const copies: Copied[] = [];
  // What the commands cost without any ticket.
  for (const stack of stacks) runs.push(...(await rebuildOnce(stack, 0, 0)));
  for (const tickets of options.tickets) {
    const taking = stacks.filter(({ checkout }) => checkout === projectDir || tickets <= options.againstUpTo);
    const events = new Map<BenchStack, number>();
    for (const stack of taking) {
      await emptyAll(stack);
      events.set(stack, await fillTimelines(stack.clickhouse, tickets));
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const stack of taking) runs.push(...(await rebuildOnce(stack, tickets, events.get(stack) ?? 0)));
      if (taking[0] !== undefined) copies.push(await copyTimelines(taking[0]));
    }
  }
  return { runs, copies };
}

const sum = (runs: readonly Run[], of: (run: Run) => number): number => runs.reduce((total, run) => total + of(run), 0);

const namesIn = (runs: readonly Run[]): string[] => [...new Set(runs.map(({ projections }) => projections))];

/** Of both projections, by round. */
function rounds(runs: readonly Run[], of: (run: Run) => number): number[] {
  const [first = [], ...others] = namesIn(runs).map((name) => runs.filter(({ projections }) => projections === name).map(of));
  return first.map((value, round) => value + others.reduce((total, values) => total + (values[round] ?? 0), 0));
}

const projectionRows = (runs: readonly Run[]): Row[] => namesIn(runs).map((name) => {
  const own = runs.filter(({ projections }) => projections === name);
  const [first] = own;
  return {
    'npm run rebuild --': name, of: first?.stack.commit ?? '', tickets: figure(first?.tickets ?? 0), events: figure(first?.events ?? 0),
    seconds: medianAndRange(own.map(({ seconds }) => seconds)), 'events/s': medianAndRange(own.map(({ events, seconds }) => events / seconds)),
    'CPU s of the command': medianAndRange(own.map(({ cpuSeconds }) => cpuSeconds)), 'CPU s of ClickHouse': medianAndRange(own.map(({ clickhouseSeconds }) => clickhouseSeconds)),
    'peak MB of the command': medianAndRange(own.map(({ peakMb }) => peakMb)),
  };
});

function totals(own: readonly Run[]): { fixed: number; bySize: Map<number, Run[]> } {
  return {
    fixed: sum(own.filter(({ tickets }) => tickets === 0), ({ seconds }) => seconds),
    bySize: groupBy(own.filter(({ tickets }) => tickets > 0), ({ tickets }) => tickets),
  };
}

/** Microseconds an event, both projections, without what the commands cost with an empty timeline. */
function flatnessRows(own: readonly Run[]): Row[] {
  const { fixed, bySize } = totals(own);
  const cost = (runs: readonly Run[]): number[] => rounds(runs, ({ seconds }) => seconds).map((seconds) => (1e6 * (seconds - fixed)) / (runs[0]?.events ?? 1));
  const first = cost([...bySize.values()][0] ?? [])[0] ?? 1;
  return [...bySize.values()].map((runs) => ({
    of: runs[0]?.stack.commit ?? '', events: figure(runs[0]?.events ?? 0), 'seconds, both': medianAndRange(rounds(runs, ({ seconds }) => seconds)),
    'of these with no ticket at all': figure(fixed), 'µs/event beyond': medianAndRange(cost(runs)), 'to the first size': `${figure((cost(runs)[0] ?? 0) / first)}×`,
  }));
}

export async function rebuild(options: RebuildOptions): Promise<void> {
  const head = headOf('Rebuild: facts from the timeline', options.command);
  await withStacks(options.checkouts, async (stacks) => {
    const { runs, copies } = await measure(stacks, options);
    const bySize = groupBy(runs.filter(({ tickets }) => tickets > 0), ({ stack, tickets }) => `${tickets} ${stack.commit}`);
    await writeSection('rebuild', `${await headText(head, stacks)}

\`npm run rebuild -- PROJECTIONS\` from start to end (build beside the live tables, compare, swap), live facts empty, no service running; about
twelve events a ticket, twelve tenants, business calendars and two policies each. Targets for 1 M tickets: both within 120 s, 600 MB.
CPU and memory of the command are those of all its processes.

${table([...bySize.values()].flatMap(projectionRows))}

For comparison, round by round, a plain INSERT SELECT of the same rows into tables like them, without facts:

${table(copies.map(copiedRow))}

Does an event's cost grow with their number? Target: ≤ 1.3× from 0.1 to 10 M events.

${table(stacks.flatMap((stack) => flatnessRows(runs.filter((run) => run.stack === stack))))}
`);
  });
}
