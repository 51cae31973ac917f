// On what, of what and by which command something was measured: the head of every section.
import { cpus, loadavg, release, totalmem } from 'node:os';
import type { BenchStack } from './stack.ts';

/** What names the machine's kind, and nothing that names this one. */
function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release().replace(/-.*/, '')}`;
}

export interface Head {
  readonly title: string;
  /** As it was typed, but for paths. */
  readonly command: string;
  readonly load: number;
  readonly startedAt: Date;
}

/** Before anything is measured. */
export const headOf = (title: string, command: string): Head => ({ title, command, load: loadavg()[0] ?? 0, startedAt: new Date() });

export async function headText({ title, command, load, startedAt }: Head, stacks: readonly Pick<BenchStack, 'clickhouse' | 'commit'>[]): Promise<string> {
  const [row] = (await stacks[0]?.clickhouse.query<{ version: string }>('SELECT version() AS version')) ?? [];
  const commits = stacks.map(({ commit }) => commit).join(' against ');
  return `## ${title}

\`${command}\`, ${startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC, ${commits} (+ = with changes). Node ${process.version}, ClickHouse ${row?.version ?? '?'} in process (chdb).
${machine()}; load before it began: ${load.toFixed(1)}.`;
}
