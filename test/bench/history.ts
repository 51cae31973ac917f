// Fills a running stack with a history as large as wanted, made inside ClickHouse (history.sql): for measuring what depends
// on how much there is. It goes straight into the timelines, so Kafka and the archive know nothing of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { bringIntoForce } from '../../infra/config/apply.ts';
import { count, Progress } from '../../infra/facts/progress.ts';
import { projectDir } from '../../infra/local/settings.ts';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { benchDesk } from './history-desk.ts';
import { launcherOf } from './processes.ts';

const CHUNK = 20_000;
const databases = ['queue', 'agents'] as const;

async function withDesk(clickhouse: ClickHouse): Promise<void> {
  const desk = benchDesk();
  const { version } = await bringIntoForce(clickhouse, { name: 'bench.json', content: JSON.stringify(desk), desk }, 'bench');
  console.error(`configuration: version ${version}, calendars and policies for ${Object.keys(desk.integrations ?? {}).length} tenants`);
}

/** Makes the history in the timelines. @returns its events. */
export async function fillTimelines(clickhouse: ClickHouse, tickets: number): Promise<number> {
  const sql = await readFile(new URL('history.sql', import.meta.url), 'utf8');
  const progress = new Progress('made', { total: tickets });
  for (let from = 0; from < tickets; from += CHUNK) {
    const to = Math.min(tickets, from + CHUNK);
    const values: Readonly<Record<string, number>> = { from, to, total: tickets };
    for (const database of databases) await clickhouse.command(sql.replaceAll('{database}', database).replace(/\{(from|to|total)\}/g, (_, name: string) => String(values[name])));
    progress.step(to - from);
  }
  progress.end();
  await mergesEnd(clickhouse);
  const [row] = await clickhouse.query<{ n: number }>('SELECT count() AS n FROM queue.timeline');
  return row?.n ?? 0;
}

/** What was filled in minutes is merged for minutes more, which would be counted as the cost of whatever is measured next. */
async function mergesEnd(clickhouse: ClickHouse): Promise<void> {
  for (let quiet = 0; quiet < 3;) {
    const [row] = await clickhouse.query<{ merges: number }>('SELECT count() AS merges FROM system.merges');
    quiet = row?.merges === 0 ? quiet + 1 : 0;
    await sleep(500);
  }
}

/** Where a checkout's commands find a stack. */
export interface Place {
  readonly checkout: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The facts of every ticket, by `npm run rebuild`, which shows how far it is. */
export async function fillFacts({ checkout, env }: Place): Promise<void> {
  for (const projection of ['queue-analytics', 'agent-analytics']) {
    const child = spawn(process.execPath, [...launcherOf(checkout), 'infra/rebuild/rebuild.ts', projection], { cwd: checkout, env, stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`npm run rebuild -- ${projection} ended with ${code ?? 'a signal'}`);
  }
}

export async function fill(clickhouse: ClickHouse, { tickets, facts }: { tickets: number; facts: boolean }): Promise<void> {
  await withDesk(clickhouse);
  const events = await fillTimelines(clickhouse, tickets);
  console.error(`${count(events)} events of ${count(tickets)} tickets in ${databases.map((database) => `${database}.timeline`).join(' and ')}`);
  if (facts) await fillFacts({ checkout: projectDir, env: process.env });
}
