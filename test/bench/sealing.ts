// npm run bench -- sealing: what sealing takes of the door. Two doors that are alike but for it, each on a stack of its own, get the
// same story in many short turns: a shared machine changes from minute to minute, so each turn is compared with the one beside it.
import { deskEvents } from '../../infra/demo/desk/desk.ts';
import { figure, median, percentile } from './figures.ts';
import { assertAccepted, DESK, requestsOf } from './ingress.ts';
import { sendAll } from './load.ts';
import { headOf, headText } from './machine.ts';
import { cpuSecondsOfAll } from './processes.ts';
import { table, writeSection } from './results.ts';
import { withStacks, type BenchStack } from './stack.ts';

export interface SealingOptions {
  readonly events: number;
  readonly connections: number;
  readonly turns: number;
  readonly command: string;
  readonly checkouts: readonly string[];
}

interface Turn {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
}

/** Its first turns compile, and count for nothing. */
const WARM_UP = 5;

function doorOf(stack: BenchStack, { events, connections }: SealingOptions) {
  const desk = deskEvents(DESK);
  const turns: Turn[] = [];
  const pid = stack.pids()['ingress'] ?? 0;
  const turn = async (): Promise<void> => {
    const requests = requestsOf(desk, events);
    const before = cpuSecondsOfAll(pid);
    const load = await sendAll(Number(new URL(stack.ingressUrl).port), requests, connections);
    assertAccepted(stack.commit, load, events);
    turns.push({ perSecond: events / load.seconds, cpuMicroseconds: ((cpuSecondsOfAll(pid) - before) / events) * 1e6 });
  };
  return { turns, turn };
}

type Door = ReturnType<typeof doorOf>;

const medianOf = ({ turns }: Door, value: (turn: Turn) => number): string => figure(median(turns.map(value)));

/** The quarters of what each turn took, beside the other door's. */
function besides(plain: Door, sealed: Door, value: (turn: Turn) => number): string {
  const ratios = sealed.turns.map((turn, index) => value(turn) / value(plain.turns[index] ?? turn));
  const at = (share: number): string => figure(percentile(ratios, share));
  return `${at(0.5)} (${at(0.25)}–${at(0.75)})`;
}

export async function sealing(options: SealingOptions): Promise<void> {
  const { events, connections, turns, command, checkouts } = options;
  const head = headOf('Sealing: what it takes of the door', command);
  await withStacks(checkouts.flatMap((checkout) => [checkout, { checkout, isSealed: true }]), async (stacks) => {
    for (const stack of stacks) await stack.startService('ingress');
    const doors = stacks.map((stack) => doorOf(stack, options));
    for (let turn = 1 - WARM_UP; turn <= turns; turn++) {
      for (const door of turn % 2 === 0 ? doors : [...doors].reverse()) await door.turn();
      if (turn === 0) for (const door of doors) door.turns.length = 0;
      if (turn % 10 === 0) console.error(`turn ${turn} of ${turns}`);
    }
    const rows = stacks.flatMap((stack, index) => {
      const [plain, sealed] = [doors[index], doors[index + 1]];
      if (index % 2 === 1 || plain === undefined || sealed === undefined) return [];
      const both = (value: (turn: Turn) => number): string => `${medianOf(plain, value)} → ${medianOf(sealed, value)}`;
      return [{
        door: stack.commit, 'events/s': both(({ perSecond }) => perSecond), 'of the plain door’s': besides(plain, sealed, ({ perSecond }) => perSecond),
        'CPU µs/event': both(({ cpuMicroseconds }) => cpuMicroseconds), '× the plain door’s': besides(plain, sealed, ({ cpuMicroseconds }) => cpuMicroseconds),
      }];
    });
    await writeSection('sealing', `${await headText(head, stacks)}

Two doors, without sealing and with it, get the same story of a made-up desk in ${turns} turns: each takes ${figure(events)} events over ${connections} connections
that send the next event when the last one is answered. A turn is compared with the other door's beside it: median, and the middle half of them.
Nine of a hundred events open a ticket and need a new key. Target: ≥ 0.85 of the plain door's events/s.

${table(rows)}
`);
  });
}
