// npm run bench -- cluster: what sharing the work brings and costs. Three brokers (RF 3, two in sync, 24 partitions), two ingresses, three
// processes of each projection. First one projection drains a full log with one, two and three processes; then all run under a
// constant load while processes come, go and are killed, and each partition's longest time without progress is told.
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteGroup } from '../../services/runtime/kafka/admin.ts';
import { committed } from './catch-up.ts';
import { ClusterStack, counted, PARTITIONS, type Instance } from './cluster-stack.ts';
import { figure, median, percentile } from './figures.ts';
import { connectionTo, fillLog, topic } from './log-filler.ts';
import { headOf, headText } from './machine.ts';
import { table, writeSection, type Row } from './results.ts';
import { Sender } from './sender.ts';
import { projections } from './stack.ts';

export interface ClusterOptions {
  readonly events: number;
  readonly rate: number;
  readonly seconds: number;
  readonly command: string;
}

const DRAINED = 'queue-analytics';
const LOOK_EVERY_MS = 100;
/** Nine processes have joined three groups by then. */
const SETTLED_AFTER_SECONDS = 20;
const LANDED = 'ticketstream_records_total';

/** Of all names that begin so. */
const used = (before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>, prefix: string): number =>
  Object.entries(after).filter(([name]) => name.startsWith(prefix)).reduce((sum, [name, seconds]) => sum + seconds - (before[name] ?? 0), 0);

/** What each has landed. */
const sharesOf = (instances: readonly Instance[]): Promise<number[]> => Promise.all(instances.map((instance) => counted(instance, LANDED, ['outcome="landed"'])));
const sharesText = (shares: readonly number[]): string => shares.map((share) => `${Math.round((100 * share) / Math.max(1, shares.reduce((sum, one) => sum + one, 0)))} %`).join(', ');

async function forgetDrained(stack: ClusterStack): Promise<void> {
  await deleteGroup(connectionTo(stack), DRAINED);
  for (const name of ['timeline', 'ticket_facts', 'sla_timer_facts']) await stack.clickhouse.command(`TRUNCATE TABLE queue.${name}`);
}

/** One projection drains the whole log, from the start of its processes on: they come one after the other, as they do anywhere, and each takes partitions from those before. */
async function drain(stack: ClusterStack, processes: number, events: number): Promise<Row> {
  console.error(`${DRAINED}: ${processes} processes drain ${figure(events)} events`);
  const [before, began] = [stack.cpu(), performance.now()];
  const instances = await stack.startInstances(DRAINED, processes);
  const readySeconds = (performance.now() - began) / 1_000;
  while ((await committed(stack, [DRAINED])) < events) await sleep(LOOK_EVERY_MS);
  const seconds = (performance.now() - began) / 1_000;
  const after = stack.cpu();
  const shares = await sharesOf(instances);
  const [row] = await stack.clickhouse.query<{ n: number }>('SELECT toUInt64(sum(bitAnd(version, 4294967295))) AS n FROM queue.ticket_facts FINAL');
  if (row?.n !== events) throw new Error(`the facts count ${row?.n ?? 0} of ${events} events`);
  await Promise.all(instances.map((instance) => stack.stopInstance(instance)));
  await forgetDrained(stack);
  const perEvent = (name: string): string => figure((1e6 * used(before, after, name)) / events);
  return {
    processes: String(processes), 'seconds until all are ready': figure(readySeconds), 'until all is counted': figure(seconds), 'events/s': figure(events / seconds), 'who landed what': sharesText(shares),
    'CPU µs/event: processes': perEvent(DRAINED), ClickHouse: perEvent('clickhouse'), brokers: perEvent('broker'), 'cores used': figure(used(before, after, '') / seconds),
  };
}

/** Watches how far each partition has landed, and how long it stood still while events went on coming. */
class Progress {
  readonly #stack: ClusterStack;
  readonly #seen = new Map<number, { readonly offset: number; readonly at: number }>();
  readonly #longest = new Map<number, number>();
  #ended = false;
  readonly #watching: Promise<void>;

  constructor(stack: ClusterStack) {
    this.#stack = stack;
    this.#watching = this.#watch();
  }

  async #watch(): Promise<void> {
    const began = performance.now();
    while (!this.#ended) {
      const rows = await this.#stack.clickhouse.query<{ partition: number; last: number }>('SELECT kafka_partition AS partition, max(kafka_offset) AS last FROM queue.timeline GROUP BY partition');
      const now = performance.now();
      for (const { partition, last } of rows) {
        const { offset, at } = this.#seen.get(partition) ?? { offset: last, at: began };
        this.#longest.set(partition, Math.max(this.#longest.get(partition) ?? 0, now - at));
        if (last > offset || !this.#seen.has(partition)) this.#seen.set(partition, { offset: last, at: now });
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Seconds of each partition. */
  async end(): Promise<number[]> {
    this.#ended = true;
    await this.#watching;
    return [...this.#longest.values()].map((ms) => ms / 1_000);
  }
}

interface Step {
  readonly name: string;
  readonly take: () => Promise<void>;
}

async function watched(stack: ClusterStack, { name, take }: Step, seconds: number): Promise<Row> {
  console.error(name);
  const progress = new Progress(stack);
  await Promise.all([take(), sleep(seconds * 1_000)]);
  const gaps = await progress.end();
  return { what: name, partitions: String(gaps.length), 'seconds without progress: median of partitions': figure(median(gaps)), longest: figure(percentile(gaps, 1)) };
}

interface Lived {
  readonly steps: readonly Row[];
  readonly shares: readonly Row[];
  readonly bytes: readonly Row[];
  readonly retries: number;
  readonly cores: number;
  readonly doorMs: readonly number[];
}

/** On disk, of one replica. */
async function bytesOf(stack: ClusterStack, events: number): Promise<Row[]> {
  const segments = await stack.segments(topic);
  const rows = await stack.clickhouse.query<{ database: string; bytes: number }>(`SELECT database, sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database IN ('queue', 'agents', 'log') GROUP BY database ORDER BY database`);
  return [{ where: 'Kafka', 'bytes/event': figure(segments / events) }, ...rows.map(({ database, bytes }) => ({ where: `ClickHouse ${database}`, 'bytes/event': figure(bytes / events) }))];
}

async function live(stack: ClusterStack, { events, rate, seconds }: ClusterOptions): Promise<Lived> {
  const doors = await stack.startInstances('ingress', 2);
  const groups = await Promise.all(projections.map(async (name) => [name, await stack.startInstances(name, 3)] as const));
  // They begin with what the log holds already.
  while ((await committed(stack)) < events) await sleep(LOOK_EVERY_MS);
  const bytes = await bytesOf(stack, events);
  const queue = [...(groups.find(([name]) => name === DRAINED)?.[1] ?? [])];
  const another = async (): Promise<void> => void queue.push(await stack.startInstance(DRAINED));
  const less = (signal: NodeJS.Signals) => async (): Promise<void> => {
    const gone = queue.pop();
    if (gone !== undefined) await stack.stopInstance(gone, signal);
  };
  const steps: readonly [Step, ...Step[]] = [
    { name: 'nothing happens', take: () => Promise.resolve() },
    { name: 'a fourth process of queue-analytics comes', take: another },
    { name: 'it goes (SIGTERM)', take: less('SIGTERM') },
    { name: 'one is killed (SIGKILL): its partitions wait for its session to end', take: less('SIGKILL') },
    { name: 'another one comes', take: another },
    { name: 'a broker is killed (SIGKILL)', take: () => stack.brokers.kill(2) },
    { name: 'it comes back', take: () => stack.brokers.startBroker(2) },
  ];
  const sender = new Sender(...doors.map(({ port }) => `http://127.0.0.1:${port}`));
  try {
    await sender.send(rate, SETTLED_AFTER_SECONDS);
    const before = await Promise.all([...doors.map((door) => counted(door, 'ticketstream_webhooks_total', ['outcome="accepted"'])), ...groups.map(([, instances]) => sharesOf(instances))]);
    const [nothing, ...changes] = steps;
    const [cpuBefore, began] = [stack.cpu(), performance.now()];
    const steady = watched(stack, nothing, seconds);
    const quiet = await sender.send(rate, seconds);
    const rows = [await steady];
    const cores = (1_000 * used(cpuBefore, stack.cpu(), '')) / (performance.now() - began);
    const shares = await sharesTable(doors, groups, before as [number, number, ...number[][]]);
    const sending = sender.send(rate, seconds * changes.length);
    for (const step of changes) rows.push(await watched(stack, step, seconds));
    const { retries } = await sending;
    return { steps: rows, shares, bytes, retries, cores, doorMs: quiet.doorMs };
  } finally {
    sender.close();
  }
}

async function sharesTable(doors: readonly Instance[], groups: readonly (readonly [string, readonly Instance[]])[], before: readonly [number, number, ...number[][]]): Promise<Row[]> {
  const accepted = await Promise.all(doors.map((door) => counted(door, 'ticketstream_webhooks_total', ['outcome="accepted"'])));
  const [first, second, ...landed] = before;
  const rows: Row[] = [{ service: 'ingress', processes: String(doors.length), events: figure(accepted.reduce((sum, n) => sum + n, 0) - first - second), shares: sharesText(accepted.map((n, index) => n - ([first, second][index] ?? 0))) }];
  for (const [index, [name, instances]] of groups.entries()) {
    const shares = (await sharesOf(instances)).map((n, at) => n - (landed[index]?.[at] ?? 0));
    rows.push({ service: name, processes: String(instances.length), events: figure(shares.reduce((sum, n) => sum + n, 0)), shares: sharesText(shares) });
  }
  return rows;
}

const sectionOf = (head: string, { events, rate, seconds }: ClusterOptions, drained: readonly Row[], { steps, shares, bytes, retries, cores, doorMs }: Lived): string => `${head}
Three brokers on this host (three replicas, two in sync, ${PARTITIONS} partitions), one ClickHouse in process, the sender: all share its cores.

\`${DRAINED}\` drains ${figure(events)} events with one, two and three processes, from their start on, everything else idle. A process folds on one core; beside it ClickHouse and the brokers take theirs. Where
"cores used" is all that the machine has, more processes only share it; the CPU of an event says what they would do with cores of their own.

${table(drained)}

What an event takes on disk, one replica, ${figure(events)} of them.

${table(bytes)}

All services at ${rate} events/s through two ingresses in turn (door p99 ${figure(percentile(doorMs, 0.99))} ms): who did what in ${seconds} s, with ${figure(cores)} cores for all of it, the sender aside.

${table(shares)}

The longest time that a partition of \`queue.timeline\` stood still within ${seconds} s from then on, ${rate} events/s coming in. The door answered ${retries} events with something else than 200 meanwhile, and got each again.

${table(steps)}
`;

export async function cluster(options: ClusterOptions): Promise<void> {
  const head = headOf('Cluster: several processes of each service, three brokers', options.command);
  const stack = await ClusterStack.start();
  const onSignal = (): void => void stack.stop().finally(() => process.exit(130));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    await fillLog(stack, options.events);
    const drained: Row[] = [];
    for (const processes of [1, 2, 3]) drained.push(await drain(stack, processes, options.events));
    const lived = await live(stack, options);
    await writeSection('cluster', sectionOf(await headText(head, [stack]), options, drained, lived));
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await stack.stop();
  }
}
