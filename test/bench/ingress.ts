// npm run bench -- ingress: how many events the door takes, at what cost and how soon, beside a receiver that parses, checks the
// signature and keeps nothing (floor.ts), and one as people write it (plain.ts). They take turns in one run, with the same sender.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { signedBody } from '../../infra/demo/crm.ts';
import { deskEvents } from '../../infra/demo/desk/desk.ts';
import type { CrmEvent } from '../../infra/demo/events.ts';
import { runner } from '../../infra/local/settings.ts';
import { nodeFlags } from '../../infra/start/services.ts';
import { ensureTopics } from '../../services/runtime/kafka/admin.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { figure, median, medianAndRange, percentile } from './figures.ts';
import { requestOf, sendAll, sendEvenly, type Load } from './load.ts';
import { headOf, headText } from './machine.ts';
import { cpuSecondsOfAll, watchProcess } from './processes.ts';
import { table, writeSection, type Row } from './results.ts';
import { secretOf, withStacks, type BenchStack, type Wanted } from './stack.ts';

export interface IngressOptions {
  readonly events: number;
  readonly connections: number;
  readonly rounds: number;
  readonly command: string;
  readonly checkouts: readonly Wanted[];
}

interface Receiver {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

interface Round {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly tookMs: readonly number[];
  /** At half of that rate, which waits for no answer. */
  readonly halfLoadMs: readonly number[];
  readonly peakMb: number;
}

const HALF_LOAD_SECONDS = 5;
const IDLE_SECONDS = 20;
const PLAIN_TOPIC = 'bench.plain';
export const DESK = { seed: 1, tickets: 200_000, days: 45 };

export function requestsOf(desk: Iterator<CrmEvent, unknown>, events: number): Buffer[] {
  return Array.from({ length: events }, () => {
    const next = desk.next();
    if (next.done === true) throw new Error('the desk has no more events');
    return requestOf(signedBody(next.value, 'production', secretOf(next.value.integrationId)));
  });
}

async function start(name: string, file: string, args: readonly string[]): Promise<Receiver & { stop: () => void }> {
  const child = spawn(process.execPath, [...nodeFlags, runner, fileURLToPath(new URL(file, import.meta.url)), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout, 'data') as [Buffer];
  return { name, port: Number(said.toString()), pid: child.pid ?? 0, stop: () => child.kill() };
}

/** On the first stack's Kafka, into a topic like that of the events. */
async function startPlain({ env }: BenchStack): Promise<Receiver & { stop: () => void }> {
  const brokers = `127.0.0.1:${env['KAFKA_PORT'] ?? ''}`;
  await ensureTopics({ brokers: [brokers], clientId: 'bench', logger: createLogger('bench', 'error') }, [{ name: PLAIN_TOPIC, partitions: 6, replicas: 1, config: {} }]);
  return start('plain: fastify, HMAC, one kafkajs send an event', 'plain.ts', [brokers, PLAIN_TOPIC]);
}

export function assertAccepted(name: string, { answers }: Load, events: number): void {
  if (answers['accepted'] !== events) throw new Error(`${name} did not accept all of ${events} events: ${JSON.stringify(answers)}`);
}

async function measure({ name, port, pid }: Receiver, next: (events: number) => readonly Buffer[], { events, connections }: { events: number; connections: number }): Promise<Round> {
  const requests = next(events);
  const used = watchProcess(pid);
  const cpuBefore = cpuSecondsOfAll(pid);
  const all = await sendAll(port, requests, connections);
  const cpuSeconds = cpuSecondsOfAll(pid) - cpuBefore;
  const { peakMb } = used();
  assertAccepted(name, all, requests.length);
  const perSecond = requests.length / all.seconds;
  const half = next(Math.ceil((perSecond / 2) * HALF_LOAD_SECONDS));
  const evenly = await sendEvenly(port, half, { connections, perSecond: perSecond / 2 });
  assertAccepted(name, evenly, half.length);
  return { perSecond, cpuMicroseconds: (cpuSeconds / requests.length) * 1e6, tookMs: all.tookMs, halfLoadMs: evenly.tookMs, peakMb };
}

/** What each takes while nothing comes, as a share of a core. */
async function idleOf(receivers: readonly Receiver[]): Promise<number[]> {
  const before = receivers.map(({ pid }) => cpuSecondsOfAll(pid));
  await sleep(IDLE_SECONDS * 1_000);
  return receivers.map(({ pid }, index) => (cpuSecondsOfAll(pid) - (before[index] ?? 0)) / IDLE_SECONDS);
}

const perSecondOf = (rounds: readonly Round[]): number => median(rounds.map(({ perSecond }) => perSecond)) ?? 0;

interface Compared {
  readonly rounds: readonly Round[];
  readonly floor: readonly Round[];
  readonly plain: readonly Round[];
  readonly idle: number;
}

function rowOf(name: string, { rounds, floor, plain, idle }: Compared): Row {
  const of = (value: (round: Round) => number): number[] => rounds.map(value);
  const share = (value: (round: Round) => number): string => figure((median(rounds.map(value)) ?? 0) / (median(floor.map(value)) ?? 1));
  const took = rounds.flatMap(({ tookMs }) => tookMs);
  const half = rounds.flatMap(({ halfLoadMs }) => halfLoadMs);
  return {
    receiver: name, 'events/s': medianAndRange(of(({ perSecond }) => perSecond)), 'of the floor': share(({ perSecond }) => perSecond),
    '× the plain one': figure(perSecondOf(rounds) / perSecondOf(plain)),
    'CPU µs/event': medianAndRange(of(({ cpuMicroseconds }) => cpuMicroseconds)), '× the floor': share(({ cpuMicroseconds }) => cpuMicroseconds),
    'p50 ms': figure(percentile(took, 0.5)), 'p99 ms': figure(percentile(took, 0.99)),
    'half load p50 ms': figure(percentile(half, 0.5)), 'half load p99 ms': figure(percentile(half, 0.99)),
    'peak MB': figure(Math.max(...of(({ peakMb }) => peakMb))), 'idle, % of a core': figure(100 * idle),
  };
}

/** @param receivers the floor, the plain one, and others */
async function inTurns(receivers: readonly Receiver[], options: IngressOptions): Promise<{ rows: Row[]; plainOfFloor: number }> {
  // Each gets the same story from its start: a door that saw only some of a ticket's events would seal with a key more for it.
  const turns = receivers.map((receiver) => ({ receiver, desk: deskEvents(DESK), rounds: [] as Round[] }));
  // The first round compiles, and counts for nothing.
  for (let round = 0; round <= options.rounds; round++) {
    for (const { receiver, desk, rounds } of turns) {
      const result = await measure(receiver, (events) => requestsOf(desk, events), options);
      console.error(`round ${round} of ${options.rounds}, ${receiver.name}: ${figure(result.perSecond)} events/s, ${figure(result.cpuMicroseconds)} µs/event, at half of that ${figure(percentile(result.halfLoadMs, 0.99))} ms at the 99th percentile`);
      if (round > 0) rounds.push(result);
    }
  }
  const idle = await idleOf(receivers);
  const [floor = [], plain = []] = turns.map(({ rounds }) => rounds);
  return {
    rows: turns.map(({ receiver, rounds }, index) => rowOf(receiver.name, { rounds, floor, plain, idle: idle[index] ?? 0 })),
    plainOfFloor: perSecondOf(plain) / perSecondOf(floor),
  };
}

export async function ingress(options: IngressOptions): Promise<void> {
  const { events, connections, rounds, command, checkouts } = options;
  const head = headOf('Ingress: how much the door takes', command);
  await withStacks(checkouts, async (stacks) => {
    const [first] = stacks;
    if (first === undefined) throw new Error('a stack is needed');
    const beside: Awaited<ReturnType<typeof start>>[] = [];
    try {
      beside.push(await start('floor: node:http, JSON.parse, HMAC', 'floor.ts', []), await startPlain(first));
      for (const stack of stacks) await stack.startService('ingress');
      const doors = stacks.map((stack): Receiver => ({ name: `ingress ${stack.commit}`, port: Number(new URL(stack.ingressUrl).port), pid: stack.pids()['ingress'] ?? 0 }));
      const two = await first.startIngress('ingress-of-two', { INGRESS_PROCESSES: '2' });
      const { rows, plainOfFloor } = await inTurns([...beside, ...doors, { name: `ingress ${first.commit}, INGRESS_PROCESSES=2`, ...two }], options);
      await writeSection('ingress', `${await headText(head, stacks)}

Events of a made-up desk, the same for each, in ${rounds} rounds, turn by turn: each takes ${figure(events)} over ${connections} connections that send the
next event when the last one is answered, then half as many a second for ${HALF_LOAD_SECONDS} s, by a schedule that waits for no answer (open loop). The floor
keeps nothing. The plain receiver sends each event to Kafka by itself and does nothing else. The ingress validates, upcasts, dedupes, and
answers when Kafka has the event (acks=all, one broker here). CPU is of the receiving process alone (of
all of them where there are several); the sender and Kafka share the machine's cores with it.
Targets: ≥ 0.60 of the floor's events/s, CPU ≤ 3 × the floor's, p99 at half load ≤ 15 ms, idle ≤ 0.5 %. Of the plain receiver's events/s,
8 × was wanted; as that takes ${figure(plainOfFloor)} of the floor's here, it would be ${figure(8 * plainOfFloor)} × those of a server that keeps nothing.

${table(rows)}
`);
    } finally {
      for (const { stop } of beside) stop();
    }
  });
}
