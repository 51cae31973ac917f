// npm run bench -- live: webhooks at constant rates through the door; how soon queue.tickets counts them, and what an event
// costs each process. With another checkout, both stacks run and take turns, round by round.
import { setTimeout as sleep } from 'node:timers/promises';
import { figure, medianAndRange, percentile, thirds, type Sample } from './figures.ts';
import { FreshnessWatch } from './freshness.ts';
import { fillFacts, fillTimelines } from './history.ts';
import { headOf, headText } from './machine.ts';
import { cpuOf } from './processes.ts';
import { table, writeSection, type Row } from './results.ts';
import { Sender } from './sender.ts';
import { withStacks, type BenchStack } from './stack.ts';

export interface LiveOptions {
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
  readonly costSeconds: number;
  readonly command: string;
  /** Checkouts: this one, and perhaps another to compare with. */
  readonly checkouts: readonly string[];
  /** Highest rate for the other one. */
  readonly againstUpTo: number;
  /** Tickets that are there before, with their facts. */
  readonly history: number;
}

const IDLE_SECONDS = 20;
const COST_ROUNDS = 3;
/** Slower is told, not waited for. */
const DRAIN_MS = 120_000;
/** The promise, milliseconds at the 99th percentile. */
const targetMs = (perSecond: number): number => (perSecond <= 10 ? 500 : 1_000);

interface Side {
  readonly stack: BenchStack;
  readonly sender: Sender;
  readonly rounds: FreshRound[];
  readonly costs: Usage[];
  idle: Usage | null;
}

interface FreshRound {
  readonly perSecond: number;
  readonly seconds: number;
  readonly samples: readonly Sample[];
  readonly doorMs: readonly number[];
  readonly retries: number;
  readonly drainMs: number;
  readonly events: number;
  readonly clickhouseSeconds: number;
}

/** What was used within a time. */
interface Usage {
  readonly seconds: number;
  readonly events: number;
  readonly cpu: Readonly<Record<string, number>>;
  readonly statements: number;
  readonly parts: number;
}

/** Every insert into a table makes a part with the next number. */
const PARTS = `SELECT toUInt64(sum(highest)) AS n FROM (SELECT max(max_block_number) AS highest FROM system.parts WHERE database IN ('queue', 'agents', 'log') GROUP BY database, table, partition_id)`;

async function one(stack: BenchStack, sql: string): Promise<number> {
  const [row] = await stack.clickhouse.query<{ n: number }>(sql);
  return row?.n ?? 0;
}

/** Measured without looking at ClickHouse meanwhile. */
async function usageWhile(stack: BenchStack, work: () => Promise<number>): Promise<Usage> {
  const partsBefore = await one(stack, PARTS);
  const since = new Date().toISOString().replace('T', ' ').replace('Z', '');
  const [before, began] = [cpuOf(stack.pids()), performance.now()];
  const events = await work();
  const after = cpuOf(stack.pids());
  const seconds = (performance.now() - began) / 1_000;
  const cpu = Object.fromEntries(Object.entries(after).map(([name, used]) => [name, used - (before[name] ?? 0)]));
  const statements = await one(stack, `SELECT count() AS n FROM system.query_log WHERE type = 'QueryFinish' AND query_start_time_microseconds >= toDateTime64('${since}', 6, 'UTC')`);
  return { seconds, events, cpu, statements, parts: (await one(stack, PARTS)) - partsBefore };
}

const counted = (stack: BenchStack): Promise<number> => one(stack, `
  SELECT toUInt64(sum(version)) AS n FROM
  (SELECT max(version) AS version FROM queue.ticket_facts WHERE NOT startsWith(integration_id, 'bench-') GROUP BY integration_id, ticket_id)`);

/** @returns milliseconds until all that was sent is counted; null when that took too long. */
async function drained({ stack, sender }: Side): Promise<number | null> {
  const began = performance.now();
  while ((await counted(stack)) < sender.sent) {
    if (performance.now() - began > DRAIN_MS) return null;
    await sleep(200);
  }
  return performance.now() - began;
}

async function freshRound(side: Side, perSecond: number, seconds: number): Promise<void> {
  const { stack, sender, rounds } = side;
  console.error(`${stack.commit}: ${perSecond} events/s for ${seconds} s`);
  const before = cpuOf(stack.pids())['clickhouse'] ?? 0;
  const watch = new FreshnessWatch(stack.clickhouse);
  const { events, doorMs, retries } = await sender.send(perSecond, seconds, watch.onAccepted);
  const drainMs = await drained(side);
  if (drainMs === null) throw new Error(`${stack.commit}: ${sender.sent - (await counted(stack))} of ${sender.sent} events are not counted ${DRAIN_MS / 1_000} s after the last 200 at ${perSecond} events/s`);
  await watch.end();
  const clickhouseSeconds = (cpuOf(stack.pids())['clickhouse'] ?? 0) - before;
  rounds.push({ perSecond, seconds, samples: watch.samples, doorMs, retries, drainMs, events, clickhouseSeconds });
}

/** Time to settle belongs to the events that came in it. */
const SETTLE_MS = 3_000;

async function costRound({ stack, sender, costs }: Side, seconds: number): Promise<void> {
  console.error(`${stack.commit}: what an event costs at 1 event/s, for ${seconds} s`);
  costs.push(await usageWhile(stack, async () => {
    const { events } = await sender.send(1, seconds);
    await sleep(SETTLE_MS);
    return events;
  }));
}

async function measure(sides: readonly Side[], { rates, seconds, rounds, costSeconds, againstUpTo }: LiveOptions): Promise<void> {
  for (const side of sides) {
    // A desk with open tickets, and code that has been compiled.
    await side.sender.send(100, 15);
    await drained(side);
  }
  for (const side of sides) {
    console.error(`${side.stack.commit}: idle for ${IDLE_SECONDS} s`);
    side.idle = await usageWhile(side.stack, () => sleep(IDLE_SECONDS * 1_000, 0));
  }
  for (let round = 0; round < COST_ROUNDS; round++) for (const side of sides) await costRound(side, costSeconds);
  for (let round = 0; round < rounds; round++) {
    for (const perSecond of rates) {
      for (const [index, side] of sides.entries()) if (index === 0 || perSecond <= againstUpTo) await freshRound(side, perSecond, seconds);
    }
  }
}

function freshnessRows(side: Side, rates: readonly number[]): Row[] {
  return rates.flatMap((perSecond) => {
    const rounds = side.rounds.filter((round) => round.perSecond === perSecond);
    if (rounds.length === 0) return [];
    const times = rounds.flatMap(({ samples }) => samples.map(({ tookMs }) => tookMs));
    const door = rounds.flatMap(({ doorMs }) => doorMs);
    const grown = rounds.map(({ samples, seconds }) => thirds(samples, seconds * 1_000)).map(([first, last]) => `${figure(first)} → ${figure(last)}`);
    const events = rounds.reduce((sum, round) => sum + round.events, 0);
    const retries = rounds.reduce((sum, round) => sum + round.retries, 0);
    const at = (share: number): string => figure(percentile(times, share));
    return [{
      'events/s': String(perSecond), of: side.stack.commit, events: figure(events) + (retries > 0 ? ` (${retries} retries)` : ''), watched: String(times.length),
      p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1), 'target p99': figure(targetMs(perSecond)),
      'first → last third p50': grown.join('; '), 'door p99': figure(percentile(door, 0.99)),
      'ClickHouse CPU ms/event': figure((1_000 * rounds.reduce((sum, round) => sum + round.clickhouseSeconds, 0)) / events),
    }];
  });
}

/** Per event, with what the process does anyway taken off. */
const msPerEvent = (usage: Usage, idle: Usage, name: string): number =>
  (1_000 * ((usage.cpu[name] ?? 0) - ((idle.cpu[name] ?? 0) * usage.seconds) / idle.seconds)) / usage.events;

function costRows({ stack, costs, idle }: Side): Row[] {
  if (idle === null) return [];
  const others = ['queue-analytics', 'agent-analytics', 'event-archive', 'ingress', 'kafka'];
  const cpu = (name: string): string => medianAndRange(costs.map((usage) => msPerEvent(usage, idle, name)));
  const statements = costs.map((usage) => (usage.statements - (idle.statements * usage.seconds) / idle.seconds) / usage.events);
  return [{
    of: stack.commit, ClickHouse: cpu('clickhouse'), ...Object.fromEntries(others.map((name) => [name, cpu(name)])),
    'statements/event': medianAndRange(statements), 'parts/s': medianAndRange(costs.map(({ parts, seconds }) => parts / seconds)),
    'idle ClickHouse, % of a core': figure((100 * (idle.cpu['clickhouse'] ?? 0)) / idle.seconds),
  }];
}

const section = (head: string, sides: readonly Side[], { rates, seconds, rounds, costSeconds, history }: LiveOptions): string => `${head}${history > 0 ? `\nThe timelines held ${figure(history)} tickets before, about twelve events each.` : ''}

From the 200 of a webhook until \`queue.tickets\` counts it, milliseconds. Constant arrivals (open loop), ${seconds} s a rate${rounds > 1 ? `, ${rounds} rounds` : ''}; watched are up
to 5 events a second, by looking for their row every 15 ms or more, which costs ClickHouse CPU of its own. Door: from the time the schedule had the event to its 200.

${table(rates.flatMap((rate) => sides.flatMap((side) => freshnessRows(side, [rate]))))}

CPU milliseconds of each process per event at 1 event/s, all three projections running, nobody looking; what it uses
when idle is taken off. Median and range of ${COST_ROUNDS} rounds of ${costSeconds} s. Target: ClickHouse ≤ 120.

${table(sides.flatMap(costRows))}
`;

export async function live(options: LiveOptions): Promise<void> {
  const head = headOf('Live: how soon, and at what cost', options.command);
  await withStacks(options.checkouts, async (stacks) => {
    for (const stack of stacks) {
      if (options.history > 0) {
        await fillTimelines(stack.clickhouse, options.history);
        await fillFacts(stack);
      }
      await stack.startServices();
    }
    const sides = stacks.map((stack): Side => ({ stack, sender: new Sender(stack.ingressUrl), rounds: [], costs: [], idle: null }));
    try {
      await measure(sides, options);
      await writeSection('live', section(await headText(head, stacks), sides, options));
    } finally {
      for (const { sender } of sides) sender.close();
    }
  });
}
