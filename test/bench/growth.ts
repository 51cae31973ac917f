// npm run bench -- growth: a tenth of a million events, a million, ten: does an event cost more where more has been, does a service take more
// memory or start later, and how do the questions grow? A fresh stack for each size, and one table for all of it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { examplesOf } from '../../infra/questions/examples.ts';
import { exponent, figure, median } from './figures.ts';
import { fillTimelines } from './history.ts';
import { headOf, headText } from './machine.ts';
import { cpuOf, cpuSecondsOf, residentMb } from './processes.ts';
import { folder, overAll, timeOf } from './questions.ts';
import { table, writeSection, type Row } from './results.ts';
import { Sender } from './sender.ts';
import { projections, services, withStack, type BenchStack } from './stack.ts';

export interface GrowthOptions {
  readonly tickets: readonly number[];
  readonly rounds: number;
  readonly rate: number;
  readonly seconds: number;
  readonly command: string;
  readonly checkout: string;
}

/** What was measured at one size, by what is measured. */
type Figures = ReadonlyMap<string, number>;
interface Size {
  readonly events: number;
  readonly figures: Figures;
  readonly head: string;
}

const TENANT = 'bench-large';
const SETTLE_MS = 5_000;
const WARM_SECONDS = 10;
const LOOK_EVERY_MS = 250;
const watched = [...services, 'clickhouse', 'kafka'] as const;

/** CPU seconds of the command and of ClickHouse. */
async function rebuildOnce(stack: BenchStack): Promise<{ cpuSeconds: number; peakMb: number }> {
  const pid = stack.pids()['clickhouse'] ?? 0;
  const before = cpuSecondsOf(pid);
  const { cpuSeconds, peakMb } = await stack.run('infra/rebuild/rebuild.ts', 'queue-analytics', 'agent-analytics');
  return { cpuSeconds: cpuSeconds + cpuSecondsOf(pid) - before, peakMb };
}

async function startUps(stack: BenchStack, rounds: number): Promise<[string, number][]> {
  const found: [string, number][] = [];
  for (const name of projections) {
    const took: number[] = [];
    // The first start fills the caches of files.
    for (let round = 0; round <= rounds; round++) {
      const ms = await stack.startService(name);
      await stack.stopService(name);
      if (round > 0) took.push(ms);
    }
    found.push([`start of ${name}, ms`, median(took) ?? 0]);
  }
  return found;
}

async function live(stack: BenchStack, { rate, seconds }: GrowthOptions): Promise<[string, number][]> {
  await stack.startServices();
  const sender = new Sender(stack.ingressUrl);
  const peaks = new Map<string, number>();
  const timer = setInterval(() => {
    for (const [name, pid] of Object.entries(stack.pids())) peaks.set(name, Math.max(peaks.get(name) ?? 0, residentMb(pid)));
  }, LOOK_EVERY_MS);
  try {
    await sender.send(rate, WARM_SECONDS);
    await sleep(SETTLE_MS);
    const before = cpuOf(stack.pids());
    const { events } = await sender.send(rate, seconds);
    await sleep(SETTLE_MS);
    const used = Object.entries(cpuOf(stack.pids())).map(([name, cpu]) => [name, cpu - (before[name] ?? 0)] as const);
    return [
      ...used.filter(([name]) => watched.some((known) => known === name)).map(([name, cpu]): [string, number] => [`${name}, CPU µs/event at ${rate}/s`, (1e6 * cpu) / events]),
      ...watched.map((name): [string, number] => [`${name}, peak MB at ${rate}/s`, peaks.get(name) ?? 0]),
    ];
  } finally {
    clearInterval(timer);
    sender.close();
    await stack.stopServices();
  }
}

async function questions({ clickhouse }: BenchStack, rounds: number): Promise<[string, number][]> {
  const found: [string, number][] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.sql')).sort()) {
    const sql = readFileSync(join(folder, file), 'utf8');
    const examples = { ...examplesOf(sql), integration: TENANT };
    found.push([`${file.replace('.sql', '')}, ms`, (await timeOf(clickhouse, sql, overAll(examples) ?? examples, rounds)) ?? 0]);
  }
  return found;
}

async function measure(tickets: number, options: GrowthOptions): Promise<Size> {
  const head = headOf('Growth: what depends on how much there is', options.command);
  return withStack(options.checkout, async (stack) => {
    const empty = await rebuildOnce(stack);
    const events = await fillTimelines(stack.clickhouse, tickets);
    console.error(`${figure(tickets)} tickets, ${figure(events)} events: rebuild, start-up, questions, live`);
    const { cpuSeconds, peakMb } = await rebuildOnce(stack);
    const figures = new Map<string, number>([
      ['rebuild of both projections, CPU µs/event', (1e6 * (cpuSeconds - empty.cpuSeconds)) / events],
      ['rebuild, peak MB of the command', peakMb],
      ...(await startUps(stack, options.rounds)), ...(await questions(stack, options.rounds)), ...(await live(stack, options)),
    ]);
    return { events, figures, head: await headText(head, [stack]) };
  });
}

function rowOf(name: string, sizes: readonly Size[]): Row {
  const values = sizes.map(({ figures }) => figures.get(name) ?? 0);
  const [first = 1, last = 0] = [values[0], values.at(-1)];
  return {
    of: name, ...Object.fromEntries(sizes.map(({ events }, index) => [`${figure(events)} events`, figure(values[index] ?? null)])),
    'last to first': `${figure(last / first)} ×`, exponent: sizes.length > 1 ? figure(exponent(sizes.map(({ events }, index) => [events, Math.max(values[index] ?? 0, 1e-9)]))) : '–',
  };
}

export async function growth(options: GrowthOptions): Promise<void> {
  const sizes: Size[] = [];
  for (const tickets of options.tickets) sizes.push(await measure(tickets, options));
  const [smallest] = sizes;
  if (smallest === undefined) throw new Error('a size is needed');
  await writeSection('growth', `${smallest.head}

For each size a fresh stack with so many events in both timelines and their facts: \`npm run rebuild\` (CPU of the command and of ClickHouse, without what it takes of an empty
timeline), ${options.rounds} starts of each projection, each question for ${TENANT}, which has nearly all of it, over all 15 weeks (the middle of ${options.rounds} after a first), then
${options.rate} webhooks a second for ${options.seconds} s through the door into all of it. The exponent says how it grows: 0 not at all, 1 in proportion.
Targets: cost of an event ≤ 1.3 × from the smallest to the largest; memory and start-up independent of history; questions at most in proportion.

${table([...smallest.figures.keys()].map((name) => rowOf(name, sizes)))}
`);
}
