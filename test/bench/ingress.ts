// npm run bench -- ingress: how many events the door takes, and at what cost, beside a receiver that parses, checks the
// signature and keeps nothing (floor.ts). They take turns in one run, with the same events and the same sender.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { signedBody } from '../../infra/demo/crm.ts';
import { deskEvents } from '../../infra/demo/desk/desk.ts';
import type { CrmEvent } from '../../infra/demo/events.ts';
import { figure, median, medianAndRange, percentile } from './figures.ts';
import { requestOf, sendAll } from './load.ts';
import { headOf, headText } from './machine.ts';
import { cpuSecondsOf, watchProcess } from './processes.ts';
import { table, writeSection, type Row } from './results.ts';
import { secretOf, withStacks } from './stack.ts';

export interface IngressOptions {
  readonly events: number;
  readonly connections: number;
  readonly rounds: number;
  readonly command: string;
  readonly checkouts: readonly string[];
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
  readonly peakMb: number;
}

const DESK = { seed: 1, tickets: 200_000, days: 45 };

function requestsOf(desk: Iterator<CrmEvent, unknown>, events: number): Buffer[] {
  return Array.from({ length: events }, () => {
    const next = desk.next();
    if (next.done === true) throw new Error('the desk has no more events');
    return requestOf(signedBody(next.value, 'production', secretOf(next.value.integrationId)));
  });
}

async function startFloor(): Promise<Receiver & { stop: () => void }> {
  const child = spawn(process.execPath, ['infra/start/run.mjs', fileURLToPath(new URL('floor.ts', import.meta.url))], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout, 'data') as [Buffer];
  return { name: 'floor: node:http, JSON.parse, HMAC', port: Number(said.toString()), pid: child.pid ?? 0, stop: () => child.kill() };
}

async function measure({ name, port, pid }: Receiver, requests: readonly Buffer[], connections: number): Promise<Round> {
  const used = watchProcess(pid);
  const cpuBefore = cpuSecondsOf(pid);
  const { seconds, tookMs, answers } = await sendAll(port, requests, connections);
  const cpuSeconds = cpuSecondsOf(pid) - cpuBefore;
  const { peakMb } = used();
  if (answers['accepted'] !== requests.length) throw new Error(`${name} did not accept all of ${requests.length} events: ${JSON.stringify(answers)}`);
  return { perSecond: requests.length / seconds, cpuMicroseconds: (cpuSeconds / requests.length) * 1e6, tookMs, peakMb };
}

function rowOf(name: string, rounds: readonly Round[], floor: readonly Round[]): Row {
  const of = (value: (round: Round) => number): number[] => rounds.map(value);
  const share = (value: (round: Round) => number): string => figure((median(rounds.map(value)) ?? 0) / (median(floor.map(value)) ?? 1));
  const took = rounds.flatMap(({ tookMs }) => tookMs);
  return {
    receiver: name, 'events/s': medianAndRange(of(({ perSecond }) => perSecond)), 'of the floor': share(({ perSecond }) => perSecond),
    'CPU µs/event': medianAndRange(of(({ cpuMicroseconds }) => cpuMicroseconds)), '× the floor': share(({ cpuMicroseconds }) => cpuMicroseconds),
    'p50 ms': figure(percentile(took, 0.5)), 'p99 ms': figure(percentile(took, 0.99)), 'peak MB': figure(Math.max(...of(({ peakMb }) => peakMb))),
  };
}

export async function ingress({ events, connections, rounds, command, checkouts }: IngressOptions): Promise<void> {
  const head = headOf('Ingress: how much the door takes', command);
  await withStacks(checkouts, async (stacks) => {
    const floor = await startFloor();
    try {
      for (const stack of stacks) await stack.startService('ingress');
      const doors = stacks.map((stack): Receiver => ({ name: `ingress ${stack.commit}`, port: Number(new URL(stack.ingressUrl).port), pid: stack.pids()['ingress'] ?? 0 }));
      const receivers: Receiver[] = [floor, ...doors];
      const measured = receivers.map((): Round[] => []);
      const desk = deskEvents(DESK);
      // The first round compiles, and counts for nothing.
      for (let round = 0; round <= rounds; round++) {
        const requests = requestsOf(desk, events);
        for (const [index, receiver] of receivers.entries()) {
          const result = await measure(receiver, requests, connections);
          console.error(`round ${round} of ${rounds}, ${receiver.name}: ${figure(result.perSecond)} events/s, ${figure(result.cpuMicroseconds)} µs/event`);
          if (round > 0) measured[index]?.push(result);
        }
      }
      const rows = receivers.map(({ name }, index) => rowOf(name, measured[index] ?? [], measured[0] ?? []));
      await writeSection('ingress', `${await headText(head, stacks)}

Each takes the same ${figure(events)} events of a made-up desk in ${rounds} rounds, turn by turn, over ${connections} connections that send the next
event when the last one is answered. The floor keeps nothing; the ingress validates, upcasts, dedupes, and answers when Kafka has the event
(acks=all, one broker here). CPU is of the receiving process alone. Targets: ≥ 0.60 of the floor's events/s, CPU ≤ 3 × the floor's.

${table(rows)}
`);
    } finally {
      floor.stop();
    }
  });
}
