// npm run bench -- start-up: does a projection start as soon with a long history as with none? Two stacks, one of each kind,
// take turns.
import { figure, median, medianAndRange } from './figures.ts';
import { fillFacts, fillTimelines } from './history.ts';
import { headOf, headText } from './machine.ts';
import { table, writeSection } from './results.ts';
import { withStacks, type BenchStack } from './stack.ts';

export interface StartUpOptions {
  readonly tickets: number;
  readonly rounds: number;
  readonly command: string;
  readonly checkout: string;
}

const measured = ['queue-analytics', 'agent-analytics'] as const;

async function startOnce(stack: BenchStack, service: (typeof measured)[number]): Promise<number> {
  const took = await stack.startService(service);
  await stack.stopService(service);
  return took;
}

export async function startUp({ tickets, rounds, command, checkout }: StartUpOptions): Promise<void> {
  const head = headOf('Start-up: a process until it is ready', command);
  await withStacks([checkout, checkout], async (stacks) => {
    const [short, long] = stacks;
    if (short === undefined || long === undefined) throw new Error('two stacks are needed');
    const events = await fillTimelines(long.clickhouse, tickets);
    await fillFacts(long);
    const rows = [];
    for (const service of measured) {
      const [none, full]: [number[], number[]] = [[], []];
      // The first start of each fills the caches of files, and counts for nothing.
      for (let round = 0; round <= rounds; round++) {
        console.error(`${service}: round ${round} of ${rounds}`);
        const [without, withHistory] = [await startOnce(short, service), await startOnce(long, service)];
        if (round > 0) {
          none.push(without);
          full.push(withHistory);
        }
      }
      rows.push({
        service, 'ms without history': medianAndRange(none), [`ms with ${figure(events)} events`]: medianAndRange(full),
        ratio: `${((median(full) ?? 0) / (median(none) ?? 1)).toFixed(2)}×`,
      });
    }
    await writeSection('start-up', `${await headText(head, [short])}

From the start of \`npm run service\` until it says that it is ready, ${rounds} starts of each, turn by turn; everything that had landed was counted
before. Target: ratio ≤ 1.2.

${table(rows)}
`);
  });
}
