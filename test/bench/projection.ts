// npm run bench -- projection: one log, read from its start by turns: by our landing alone, by both projections with their facts,
// by ClickHouse's own Kafka engine into the same table, and by a consumer as people write it (decode-and-insert.ts). Rates and CPU
// count from the first rows that are there: how long a process takes to start is another question.
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaBrokers } from '../../infra/local/parts.ts';
import { SetupError } from '../../infra/local/settings.ts';
import { placeGroup } from '../../services/runtime/kafka/admin.ts';
import { committed, count } from './catch-up.ts';
import { figure, median, medianAndRange } from './figures.ts';
import { connectionTo, fillLog, registryOf, topic } from './log-filler.ts';
import { headOf, headText } from './machine.ts';
import { cpuSecondsOf, residentMb } from './processes.ts';
import { table, writeSection, type Row } from './results.ts';
import { withStack, type BenchStack } from './stack.ts';

export interface ProjectionOptions {
  readonly events: number;
  readonly rounds: number;
  readonly command: string;
  readonly checkout: string;
}

interface Contestant {
  readonly name: string;
  /** The timeline that it fills. */
  readonly into: 'queue.timeline' | 'peer.timeline';
  /** Its processes besides ClickHouse. */
  readonly processes: readonly string[];
  readonly begin: (group: string) => Promise<void>;
  readonly end: () => Promise<void>;
  /** Rows that are there; of several tables, those of the one that has least. */
  readonly landed: () => Promise<number>;
  /** Whether there is more to do when all has landed. */
  readonly isDone?: () => Promise<boolean>;
}

interface Measured {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly cpu: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly peakMb: number;
  readonly clickhouseMb: number;
}

const LOOK_EVERY_MS = 100;
const GIVE_UP_MS = 600_000;
const folded = ['queue-analytics', 'agent-analytics'] as const;

const brokersOf = ({ env }: BenchStack): string => kafkaBrokers({ kafka: Number(env['KAFKA_PORT']) });

function landing(stack: BenchStack, events: number): Contestant {
  return {
    name: 'landing, as shipped', into: 'queue.timeline', processes: ['landing-only'],
    begin: () => stack.startProcess('landing-only', 'test/bench/landing-only.ts', {
      env: { KAFKA_BROKERS: brokersOf(stack), SCHEMA_REGISTRY_URL: registryOf(stack), CLICKHOUSE_URL: stack.clickhouseUrl, SCHEMAS_LOCK: `${stack.dataDir}/schemas.lock.json` },
    }),
    end: () => stack.stopService('landing-only'),
    landed: () => count(stack, 'SELECT count() AS n FROM queue.timeline'),
    isDone: async () => (await committed(stack, ['landing-only'])) === events,
  };
}

function landingAndFacts(stack: BenchStack, events: number): Contestant {
  return {
    name: 'landing twice and the facts of both projections, as shipped', into: 'queue.timeline', processes: folded,
    begin: async () => {
      for (const name of folded) await stack.startProcess(name, 'infra/start/service.ts', { args: [name] });
    },
    end: async () => {
      for (const name of folded) await stack.stopService(name);
    },
    landed: () => count(stack, 'SELECT least((SELECT count() FROM queue.timeline), (SELECT count() FROM agents.timeline)) AS n'),
    isDone: async () => (await committed(stack, folded)) === events,
  };
}

function engine(stack: BenchStack): Contestant {
  return {
    name: 'ClickHouse’s Kafka engine, AvroConfluent, one materialized view', into: 'peer.timeline', processes: [],
    begin: async (group) => {
      const values: Readonly<Record<string, string>> = { brokers: brokersOf(stack), topic, registry: registryOf(stack), group };
      const sql = (await readFile(new URL('kafka-engine.sql', import.meta.url), 'utf8')).replace(/\{(brokers|topic|registry|group)\}/g, (_, name: string) => values[name] ?? '');
      for (const statement of sql.split(/;\s*$/m).filter((text) => text.trim() !== '')) await stack.clickhouse.command(statement);
    },
    end: () => stack.clickhouse.command('DROP TABLE peer.feed SYNC'),
    landed: () => count(stack, 'SELECT count() AS n FROM peer.timeline'),
  };
}

function decodeAndInsert(stack: BenchStack): Contestant {
  return {
    name: 'kafkajs, decode, JSONEachRow', into: 'peer.timeline', processes: ['decode-and-insert'],
    begin: async (group) => {
      for (const statement of ['CREATE DATABASE peer', 'CREATE TABLE peer.timeline AS queue.timeline']) await stack.clickhouse.command(statement);
      await stack.startProcess('decode-and-insert', 'test/bench/decode-and-insert.ts', { args: [brokersOf(stack), topic, group, registryOf(stack), stack.clickhouseUrl, 'peer.timeline'] });
    },
    end: () => stack.stopService('decode-and-insert'),
    landed: () => count(stack, 'SELECT count() AS n FROM peer.timeline'),
  };
}

async function empty(stack: BenchStack): Promise<void> {
  await stack.clickhouse.command('DROP DATABASE IF EXISTS peer SYNC');
  const tables = await stack.clickhouse.query<{ name: string }>("SELECT concat(database, '.', name) AS name FROM system.tables WHERE database IN ('queue', 'agents') AND engine LIKE '%MergeTree' ORDER BY name");
  for (const { name } of tables) await stack.clickhouse.command(`TRUNCATE TABLE ${name}`);
  for (const groupId of [...folded, 'landing-only']) await placeGroup(connectionTo(stack), { groupId, topic, from: 'beginning', reset: true });
}

type Content = Readonly<Record<string, string | number>>;

/** Rows and a checksum of each column. Only when an event was received is noted differently. */
async function contentOf(stack: BenchStack, { into }: Contestant): Promise<Content> {
  const [content = {}] = await stack.clickhouse.query<Content>(`SELECT count() AS rows, * EXCEPT received_at APPLY(x -> toString(sum(cityHash64(tuple(event_id, x))))) FROM ${into} FINAL`);
  return content;
}

/** Whoever lands something else does another work. @throws Error */
function assertSame({ name }: Contestant, content: Content, expected: Content): void {
  // Columns are called by what is done with them.
  const [values, wanted] = [Object.values(content), Object.values(expected)];
  const differ = Object.keys(content).filter((_, index) => values[index] !== wanted[index]);
  if (differ.length > 0) throw new Error(`${name} landed other rows than ours: ${String(content['rows'])} of ${String(expected['rows'])}, different in ${differ.join(', ')}`);
}

class Watch {
  peakMb = 0;
  clickhouseMb = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pids: readonly number[], clickhouse: number) {
    this.#timer = setInterval(() => {
      this.peakMb = Math.max(this.peakMb, ...pids.map(residentMb));
      this.clickhouseMb = Math.max(this.clickhouseMb, residentMb(clickhouse));
    }, LOOK_EVERY_MS);
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

async function until<T>(stack: BenchStack, { name, processes }: Contestant, look: () => Promise<T | null>): Promise<T> {
  for (const deadline = Date.now() + GIVE_UP_MS; ;) {
    const found = await look();
    if (found !== null) return found;
    for (const process of processes) await stack.assertRunning(process);
    if (Date.now() > deadline) throw new Error(`${name} has not done it within ${GIVE_UP_MS / 1_000} s`);
    await sleep(LOOK_EVERY_MS);
  }
}

async function measure(stack: BenchStack, contestant: Contestant, { events, group }: { events: number; group: string }): Promise<Measured> {
  await empty(stack);
  await contestant.begin(group);
  const pids = { clickhouse: stack.pids()['clickhouse'] ?? 0, ...Object.fromEntries(contestant.processes.map((name) => [name, stack.pids()[name] ?? 0])) };
  const cpu = (): Record<string, number> => Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuSecondsOf(pid)]));
  const watch = new Watch(contestant.processes.map((name) => stack.pids()[name] ?? 0), pids.clickhouse);
  const first = await until(stack, contestant, async () => {
    const rows = await contestant.landed();
    return rows > 0 ? { rows, at: performance.now(), cpu: cpu() } : null;
  });
  await until(stack, contestant, async () => ((await contestant.landed()) >= events && (await contestant.isDone?.()) !== false ? true : null));
  const [seconds, after] = [(performance.now() - first.at) / 1_000, cpu()];
  watch.end();
  await contestant.end();
  const used = Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (first.cpu[name] ?? 0)]));
  const rows = events - first.rows;
  if (rows === 0) throw new SetupError([`${contestant.name}: all ${events} events were there at the first look; take more of them`], 2);
  const microseconds = (1e6 * Object.values(used).reduce((sum, value) => sum + value, 0)) / rows;
  return { perSecond: rows / seconds, cpuMicroseconds: microseconds, cpu: Object.fromEntries(Object.entries(used).map(([name, value]) => [name, (1e6 * value) / rows])), seconds, peakMb: watch.peakMb, clickhouseMb: watch.clickhouseMb };
}

function rowOf({ name, processes }: Contestant, rounds: readonly Measured[], peer: readonly Measured[]): Row {
  const of = (value: (round: Measured) => number): string => medianAndRange(rounds.map(value));
  const ratio = (value: (round: Measured) => number): string => `${figure((median(rounds.map(value)) ?? 0) / (median(peer.map(value)) ?? 1))} ×`;
  return {
    'from the log into ClickHouse': name, 'rows/s': of(({ perSecond }) => perSecond), 'of the engine’s': ratio(({ perSecond }) => perSecond),
    'CPU µs/row': of(({ cpuMicroseconds }) => cpuMicroseconds), 'of the engine’s CPU': ratio(({ cpuMicroseconds }) => cpuMicroseconds),
    'of these ClickHouse': of(({ cpu }) => cpu['clickhouse'] ?? 0), 'each process': processes.map((process) => medianAndRange(rounds.map(({ cpu }) => cpu[process] ?? 0))).join('; '),
    'cores used': figure(median(rounds.map(({ perSecond, cpuMicroseconds }) => (perSecond * cpuMicroseconds) / 1e6))), 'rows/s if every core did only this': figure((availableParallelism() * 1e6) / (median(rounds.map(({ cpuMicroseconds }) => cpuMicroseconds)) ?? 1)),
    'peak MB of a process': processes.length === 0 ? '–' : figure(Math.max(...rounds.map(({ peakMb }) => peakMb))), 'of ClickHouse': figure(Math.max(...rounds.map(({ clickhouseMb }) => clickhouseMb))),
  };
}

async function inTurns(stack: BenchStack, contestants: readonly Contestant[], { events, rounds }: ProjectionOptions): Promise<Measured[][]> {
  const measured = contestants.map((): Measured[] => []);
  let expected: Content | null = null;
  // The first round compiles and fills caches, and counts for nothing.
  for (let round = 0; round <= rounds; round++) {
    for (const [index, contestant] of contestants.entries()) {
      const result = await measure(stack, contestant, { events, group: `bench-${index}-${round}` });
      const content = await contentOf(stack, contestant);
      assertSame(contestant, content, expected ??= content);
      console.error(`round ${round} of ${rounds}, ${contestant.name}: ${figure(result.perSecond)} rows/s, ${figure(result.cpuMicroseconds)} µs of CPU a row`);
      if (round > 0) measured[index]?.push(result);
    }
  }
  return measured;
}

export async function projection(options: ProjectionOptions): Promise<void> {
  const { events, rounds, command, checkout } = options;
  const head = headOf('Projection: from the log to rows and facts', command);
  await withStack(checkout, async (stack) => {
    await fillLog(stack, events);
    const hasEngine = (await count(stack, "SELECT count() AS n FROM system.table_engines WHERE name = 'Kafka'")) > 0;
    const contestants = [landing(stack, events), landingAndFacts(stack, events), ...(hasEngine ? [engine(stack)] : []), decodeAndInsert(stack)];
    const measured = await inTurns(stack, contestants, options);
    const peer = measured[hasEngine ? 2 : 3] ?? [];
    await writeSection('projection', `${await headText(head, [stack])}

One log of ${figure(events)} events in six partitions, read from its start by each in turn, ${rounds} rounds after one that does not count, every table empty before. All land
the same columns in a table like \`queue.timeline\`, and after each the rows are compared. Counted from the first rows that are there until all are; with facts,
until the offsets of both projections are committed, and there every event is landed in two timelines. CPU is of ClickHouse and of the processes themselves; the broker's and the counting, some 2 µs
a row, are not in it. No receiver can do more rows/s here than every core of the machine at its CPU a row, however well it fills them.
Targets: landing ≥ 1.8 × the engine's rows/s at ≤ 0.65 × its CPU; with the facts of both projections, which the engine does not make, ≥ 1.0 ×.

${table(contestants.map((contestant, index) => rowOf(contestant, measured[index] ?? [], peer)))}
`);
  });
}
