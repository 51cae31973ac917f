// npm run bench -- soak: hours of load at a constant rate while services and parts are stopped and killed in turn. What grows
// with time is looked for: memory, descriptors, timers, parts of tables. At the end every event has to be there once, and an
// idle service has to be idle.
import { setTimeout as sleep } from 'node:timers/promises';
import { figure } from './figures.ts';
import { headOf, headText } from './machine.ts';
import { cpuOf } from './processes.ts';
import { table, writeSection, type Row } from './results.ts';
import { Sender } from './sender.ts';
import { lostOrTwice } from './soak-check.ts';
import { SoakWatch } from './soak-watch.ts';
import { projections, services, withStacks, type BenchStack, type Service } from './stack.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly rate: number;
  readonly restarts: number;
  readonly idleSeconds: number;
  readonly command: string;
}

/** Until the end of which restarts happen: what follows shows how it is after them. */
const RESTARTS_UNTIL = 0.8;
const DRAIN_MS = 600_000;
const SETTLE_MS = 15_000;
const TARGET_IDLE_PERCENT = 0.5;

const parts = ['kafka', 'clickhouse', 'registry'] as const;
const isService = (name: string): name is Service => services.some((service) => service === name);

/** A service is stopped or killed, and started; a part is killed, and its supervisor starts it. */
async function restart(stack: BenchStack, name: string, kill: boolean): Promise<void> {
  if (isService(name)) {
    await stack.stopService(name, kill ? 'SIGKILL' : 'SIGTERM');
    await stack.startService(name);
    return;
  }
  const pid = stack.pids()[name];
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

async function restartInTurn(stack: BenchStack, { minutes, restarts }: SoakOptions, tell: (text: string) => void): Promise<string[]> {
  const order = [...services, ...parts];
  const everyMs = (minutes * 60_000 * RESTARTS_UNTIL) / restarts;
  const done: string[] = [];
  for (let turn = 0; turn < restarts; turn++) {
    await sleep(everyMs);
    const name = order[turn % order.length] ?? 'ingress';
    const kill = Math.floor(turn / order.length) % 2 === 1 || !isService(name);
    tell(`${kill ? 'kill -9' : 'restart of'} ${name}`);
    await restart(stack, name, kill);
    done.push(name);
  }
  return done;
}

/** @returns what is not as it must be, once all has been counted or has had the time to. */
async function checkAtTheEnd(stack: BenchStack, sender: Sender): Promise<string[]> {
  for (const deadline = Date.now() + DRAIN_MS; ;) {
    const problems = await lostOrTwice(stack.clickhouse, sender.counts).catch((error: unknown) => [String(error)]);
    if (problems.length === 0 || Date.now() > deadline) return problems;
    await sleep(2_000);
  }
}

/** Percent of a core, by process, while nothing comes in and nobody looks. */
async function idleCpu(stack: BenchStack, seconds: number): Promise<Record<string, number>> {
  await stack.refreshParts();
  const before = cpuOf(stack.pids());
  await sleep(seconds * 1_000);
  const after = cpuOf(stack.pids());
  return Object.fromEntries(Object.entries(after).map(([name, used]) => [name, (100 * (used - (before[name] ?? 0))) / seconds]));
}

function processRows(watch: SoakWatch, idle: Readonly<Record<string, number>>, restarted: readonly string[]): Row[] {
  return watch.processes().map(({ name, rssMb, slopeMbPerHour, descriptors, timers, handles }) => ({
    process: name, restarts: String(restarted.filter((other) => other === name).length),
    'RSS MB, first → last': `${figure(rssMb.first)} → ${figure(rssMb.last)}`, 'MB/h': slopeMbPerHour === null ? '' : figure(slopeMbPerHour),
    'descriptors, first → last': `${descriptors.first} → ${descriptors.last}`,
    timers: timers === null ? '' : `${timers.first} → ${timers.last}`, 'handles': handles === null ? '' : `${handles.first} → ${handles.last}`,
    'idle CPU, % of a core': figure(idle[name] ?? 0),
  }));
}

export async function soak(options: SoakOptions): Promise<void> {
  const { minutes, rate, idleSeconds, command } = options;
  const head = headOf('Soak: hours of load with restarts', command);
  await withStacks([process.cwd()], async ([stack]) => {
    if (stack === undefined) return;
    await stack.startServices();
    const sender = new Sender(stack.ingressUrl);
    const watch = new SoakWatch(stack, sender, minutes * 60_000);
    try {
      const tell = (text: string): void => console.error(`${watch.clock()} ${text}`);
      const watching = watch.run(tell);
      const [{ events, retries }, restarted] = await Promise.all([sender.send(rate, minutes * 60), restartInTurn(stack, options, tell)]);
      await watch.stop(watching);
      tell('all is sent; is all of it there, once?');
      const problems = await checkAtTheEnd(stack, sender);
      tell(problems.length === 0 ? 'all is there, once' : problems.join('\n'));
      await sleep(SETTLE_MS);
      tell(`idle for ${idleSeconds} s`);
      const idle = await idleCpu(stack, idleSeconds);
      const busy = services.filter((name) => (idle[name] ?? 0) > TARGET_IDLE_PERCENT);
      await writeSection('soak', `${await headText(head, [stack])}

${figure(events)} events at ${rate}/s for ${minutes} min through ${projections.length} projections, ${retries} of them sent again (answers other than 200, the door being away among them). Restarts in turn: ${restarted.join(', ')}.
**${problems.length === 0 ? 'Nothing is lost and nothing twice' : `NOT AS IT MUST BE: ${problems.join('; ')}`}**, by the sender's own counts for each ticket against \`log.events\`, both timelines and the facts.
${busy.length === 0 ? `Every idle service takes at most ${TARGET_IDLE_PERCENT} % of a core` : `Above ${TARGET_IDLE_PERCENT} % of a core when idle: ${busy.join(', ')}`}, over ${idleSeconds} s. MB/h: of the longest time between two restarts, its first fifth left out, if that is ten minutes or more.

${table(processRows(watch, idle, restarted))}

Active parts by table, the most at any look and at the last one.

${table(watch.tables().map(({ name, most, last }) => ({ table: name, most: String(most), last: String(last) })))}
`);
      if (problems.length > 0) process.exitCode = 1;
    } finally {
      sender.close();
    }
  });
}
