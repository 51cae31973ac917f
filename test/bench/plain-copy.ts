// The yardstick of rebuild and catch-up: ClickHouse copies the same rows from one table into another like it, and nobody
// computes anything. Nothing that writes those rows can be faster.
import { figure } from './figures.ts';
import { cpuSecondsOf } from './processes.ts';
import type { Row } from './results.ts';
import type { BenchStack } from './stack.ts';

export interface Copied {
  readonly rows: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Copies both timelines and takes the copies away again. */
export async function copyTimelines(stack: BenchStack): Promise<Copied> {
  const { clickhouse } = stack;
  const pid = stack.pids()['clickhouse'] ?? 0;
  await clickhouse.command('CREATE DATABASE copied');
  const [began, before] = [performance.now(), cpuSecondsOf(pid)];
  for (const database of ['queue', 'agents']) {
    await clickhouse.command(`CREATE TABLE copied.${database} AS ${database}.timeline`);
    await clickhouse.command(`INSERT INTO copied.${database} SELECT * FROM ${database}.timeline`);
  }
  const [seconds, cpuSeconds] = [(performance.now() - began) / 1_000, cpuSecondsOf(pid) - before];
  const [row] = await clickhouse.query<{ n: number }>('SELECT (SELECT count() FROM copied.queue) + (SELECT count() FROM copied.agents) AS n');
  await clickhouse.command('DROP DATABASE copied SYNC');
  return { rows: row?.n ?? 0, seconds, cpuSeconds };
}

/** Of both timelines, so that an event is two rows. */
export const copiedRow = ({ rows, seconds, cpuSeconds }: Copied): Row => ({
  'rows of both timelines': figure(rows), seconds: figure(seconds), 'events/s': figure(rows / 2 / seconds), 'CPU µs/event': figure((1e6 * cpuSeconds) / (rows / 2)),
});
