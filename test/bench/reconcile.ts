// npm run bench -- reconcile: how long the comparison of the tables with the log takes, and how much memory, as the log grows.
// Every size has a stack of its own, filled and caught up first.
import { projectDir } from '../../infra/local/settings.ts';
import { catchUpOnce } from './catch-up.ts';
import { figure } from './figures.ts';
import { fillLog } from './log-filler.ts';
import { headOf, headText } from './machine.ts';
import { cpuSecondsOf } from './processes.ts';
import { table, writeSection, type Row } from './results.ts';
import { withStack, type BenchStack } from './stack.ts';

export interface ReconcileOptions {
  readonly events: readonly number[];
  readonly command: string;
}

/** @throws Error when it finds anything: nothing is wrong here. */
async function compare(stack: BenchStack, events: number): Promise<Row> {
  const clickhouse = stack.pids()['clickhouse'] ?? 0;
  const before = cpuSecondsOf(clickhouse);
  const { seconds, cpuSeconds, peakMb } = await stack.run('infra/reconcile/reconcile.ts', '--facts', 'full');
  const clickhouseSeconds = cpuSecondsOf(clickhouse) - before;
  return {
    of: stack.commit, events: figure(events), seconds: figure(seconds), 'events/s': figure(events / seconds), 'CPU s of the command': figure(cpuSeconds), 'CPU s of ClickHouse': figure(clickhouseSeconds),
    'CPU µs/event': figure(((cpuSeconds + clickhouseSeconds) * 1e6) / events), 'peak MB of the command': figure(peakMb),
  };
}

export async function reconcile({ events: sizes, command }: ReconcileOptions): Promise<void> {
  const head = headOf('Reconcile: the tables compared with the log', command);
  const rows: Row[] = [];
  let text = '';
  for (const events of sizes) {
    await withStack(projectDir, async (stack) => {
      text = await headText(head, [stack]);
      await fillLog(stack, events);
      await catchUpOnce(stack, events);
      rows.push(await compare(stack, events));
    });
  }
  await writeSection('reconcile', `${text}

\`npm run reconcile -- --facts full\` from start to end: every record of the log against the archive and both timelines, and the facts of every
ticket against those computed anew from the log. A desk of 14 days, no service running, nothing to find.

${table(rows)}
`);
}
