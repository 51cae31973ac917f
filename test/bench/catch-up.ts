// npm run bench -- catch-up: a log full of events and an empty ClickHouse; how long until the timelines, the archive and all
// facts are there. Then ClickHouse's own Kafka engine reads the same log, as a yardstick of what the machine can do.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaBrokers } from '../../infra/local/parts.ts';
import { consumerPositions } from '../../services/runtime/kafka/admin.ts';
import { figure } from './figures.ts';
import { copiedRow, copyTimelines } from './plain-copy.ts';
import { connectionTo, fillLog, registryOf, topic } from './log-filler.ts';
import { headOf, headText } from './machine.ts';
import { cpuOf, watchProcess } from './processes.ts';
import { table, writeSection, type Row } from './results.ts';
import { projections, withStacks, type BenchStack } from './stack.ts';

export interface CatchUpOptions {
  readonly events: number;
  /** Handled before the services went away; what is measured came while they were. */
  readonly before: number;
  readonly command: string;
  readonly checkouts: readonly string[];
}

interface CaughtUp {
  readonly name: string;
  readonly landedSeconds: number;
  readonly seconds: number;
  readonly cpu: Readonly<Record<string, number>>;
  /** Of the service that took most. */
  readonly peakMb: number | null;
}

const LOOK_EVERY_MS = 500;
const TELL_EVERY_MS = 5_000;

export async function count(stack: BenchStack, sql: string): Promise<number> {
  const [row] = await stack.clickhouse.query<{ n: number }>(sql);
  return row?.n ?? 0;
}

/** @returns seconds since `began`. */
async function until(what: string, events: number, began: number, look: () => Promise<number>): Promise<number> {
  let toldAt = began;
  for (;;) {
    const found = await look();
    if (found >= events) return (performance.now() - began) / 1_000;
    if (performance.now() - toldAt > TELL_EVERY_MS) {
      toldAt = performance.now();
      console.error(`${what}: ${figure(found)} of ${figure(events)} after ${figure((toldAt - began) / 1_000)} s`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** Of the three timelines, the one that has least. */
const landed = (stack: BenchStack): Promise<number> => count(stack, `
  SELECT min(n) AS n FROM (SELECT count() AS n FROM queue.timeline UNION ALL SELECT count() FROM agents.timeline UNION ALL SELECT count() FROM log.event_store)`);

/** Of the consumer groups, the one that has committed least. */
export async function committed(stack: Pick<BenchStack, 'env'>, of: readonly string[] = projections): Promise<number> {
  const groups = await Promise.all(of.map((group) => consumerPositions(connectionTo(stack), group, topic)));
  return Math.min(...groups.map((positions) => positions.reduce((sum, position) => sum + Math.max(0, position.committed), 0)));
}

/** Whoever commits says that the facts are written: they must count every event. @throws Error */
async function assertCounted(stack: BenchStack, events: number): Promise<void> {
  for (const database of ['queue', 'agents']) {
    // A version is that of the configuration, in the upper half, and the number of events.
    const found = await count(stack, `SELECT toUInt64(sum(bitAnd(version, 4294967295))) AS n FROM ${database}.ticket_facts FINAL`);
    if (found !== events) throw new Error(`the facts of ${database} count ${found} of ${events} events`);
  }
}

const cpuSince = (stack: BenchStack, before: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(cpuOf(stack.pids())).map(([name, used]) => [name, used - (before[name] ?? 0)]));

/** @returns the most memory of any of the services by now. */
function watchPeaks(stack: BenchStack): () => number {
  const pids = stack.pids();
  const watched = projections.map((name) => watchProcess(pids[name] ?? 0));
  return () => Math.max(...watched.map((used) => used().peakMb));
}

/** Starts the projections, waits until all is landed and counted, and stops them. */
export /** @param events in the log, those that were handled before among them */
async function catchUpOnce(stack: BenchStack, events: number): Promise<CaughtUp> {
  const [before, began] = [cpuOf(stack.pids()), performance.now()];
  await stack.startServices(projections);
  const peaks = watchPeaks(stack);
  const landedSeconds = await until(`${stack.commit}: landed`, events, began, () => landed(stack));
  const seconds = await until(`${stack.commit}: committed`, events, began, () => committed(stack));
  const cpu = cpuSince(stack, before);
  const peakMb = peaks();
  await assertCounted(stack, events);
  await stack.stopServices();
  return { name: stack.commit, landedSeconds, seconds, cpu, peakMb };
}

/** @returns null where this ClickHouse is built without the engine. */
async function kafkaEngine(stack: BenchStack, events: number): Promise<CaughtUp | null> {
  if ((await count(stack, "SELECT count() AS n FROM system.table_engines WHERE name = 'Kafka'")) === 0) return null;
  const values: Readonly<Record<string, string>> = { brokers: kafkaBrokers({ kafka: Number(stack.env['KAFKA_PORT']) }), topic, registry: registryOf(stack), group: 'bench-peer' };
  const sql = (await readFile(new URL('kafka-engine.sql', import.meta.url), 'utf8')).replace(/\{(brokers|topic|registry|group)\}/g, (_, name: string) => values[name] ?? '');
  const [before, began] = [cpuOf(stack.pids()), performance.now()];
  for (const statement of sql.split(/;\s*$/m).filter((text) => text.trim() !== '')) await stack.clickhouse.command(statement);
  const seconds = await until('Kafka engine', events, began, () => count(stack, 'SELECT count() AS n FROM peer.timeline'));
  const cpu = cpuSince(stack, before);
  await stack.clickhouse.command('DROP DATABASE peer');
  return { name: 'Kafka engine into one timeline, no facts', landedSeconds: seconds, seconds, cpu, peakMb: null };
}

const rowOf = ({ name, landedSeconds, seconds, cpu, peakMb }: CaughtUp, events: number): Row => ({
  of: name, 'seconds until landed': figure(landedSeconds), 'until facts are complete': figure(seconds), 'events/s': figure(events / seconds),
  ...Object.fromEntries(['clickhouse', ...projections, 'kafka'].map((process) => [`CPU s ${process}`, figure(cpu[process] ?? null)])),
  'CPU µs/event, all': figure((Object.values(cpu).reduce((sum, used) => sum + used, 0) * 1e6) / events), 'peak MB of a service': figure(peakMb),
});

export async function catchUp({ events, before, command, checkouts }: CatchUpOptions): Promise<void> {
  const head = headOf(before > 0 ? 'Draining: what came while nobody read' : 'Catching up: from the log to complete facts', command);
  await withStacks(checkouts, async (stacks) => {
    const found: CaughtUp[] = [];
    for (const stack of stacks) {
      if (before > 0) {
        await fillLog(stack, before, { all: before + events });
        await catchUpOnce(stack, before);
      }
      await fillLog(stack, events, { after: before, all: before + events });
      found.push(await catchUpOnce(stack, before + events));
    }
    const [own] = stacks;
    const copied = own === undefined ? null : await copyTimelines(own);
    const peer = own === undefined || before > 0 ? null : await kafkaEngine(own, events);
    await writeSection(before > 0 ? 'drain' : 'catch-up', `${await headText(head, stacks)}

${figure(events)} events in six partitions, ${before > 0 ? `come in while nobody reads, after ${figure(before)} that were handled` : 'an empty ClickHouse'}; then queue-analytics, agent-analytics and event-archive start together. The time
counts from the start of their processes until both timelines, the archive and the facts of both projections hold every event and all offsets
are committed. Target: ≥ 25,000 events/s.${peer === null && before === 0 ? ' This ClickHouse is built without the Kafka engine, so there is no peer to compare with.' : ''}

${table([...found, ...(peer === null ? [] : [peer])].map((item) => rowOf(item, events)))}

For comparison a plain INSERT SELECT of all rows of both timelines into tables like them, from inside ClickHouse and without facts:

${copied === null ? '' : table([copiedRow(copied)])}
`);
  });
}
