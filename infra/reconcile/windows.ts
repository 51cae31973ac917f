// Goes through a topic: partition by partition, window by window, each landed into the scratch database and compared with every
// table that should have it. What is found is looked at a second time.
import type { Poison } from '../../services/runtime/avro/record-reader.ts';
import type { LogRecord } from '../../services/runtime/event-log.ts';
import type { OffsetRange } from '../../services/runtime/kafka/topic-offsets.ts';
import { readRanges } from '../../services/runtime/kafka/ranges.ts';
import { Progress } from '../facts/progress.ts';
import { tableOf, type Compared } from './compared.ts';
import type { Run } from './context.ts';
import { compareWindow, storedSums, type Exceptions, type Window } from './differences.ts';
import type { Finding } from './findings.ts';
import { unquarantined, type Quarantine } from './quarantine.ts';
import { repairPoison, repairWindow } from './repair.ts';
import { Lander, SCRATCH, truncate } from './scratch.ts';
import { lookAndRepair } from './second-look.ts';

type Sums = ReadonlyMap<string, { rows: number; checksum: string }>;

interface Topic {
  readonly run: Run;
  readonly tables: readonly Compared[];
  readonly sums: ReadonlyMap<string, Sums>;
  /** What is in quarantine; the quarantine topic itself has none. */
  readonly quarantine: Quarantine | null;
}

async function collect(found: AsyncIterable<readonly Finding[]>): Promise<Finding[]> {
  const all: Finding[] = [];
  for await (const some of found) all.push(...some);
  return all;
}

async function closeWindow({ run, tables, sums, quarantine }: Topic, window: Window, poison: readonly Poison[]): Promise<void> {
  const { clickhouse, report, repair, windowRecords } = run;
  const exceptions: Exceptions = {
    ...((await quarantine?.offsetsOf(window)) ?? { quarantined: new Map(), everQuarantined: new Set() }),
    unreadable: new Map(poison.map(({ record, reason }) => [record.offset, reason])),
  };
  for (const compared of tables) {
    const stored = sums.get(tableOf(compared))?.get(`${window.partition}/${Math.floor(window.from / windowRecords)}`);
    const look = (): Promise<Finding[]> => collect(compareWindow(run, compared, { window, stored, exceptions }));
    await lookAndRepair(run, look, (found) => repairWindow(run, compared, found));
  }
  if (quarantine !== null) {
    const lost = await unquarantined(run, poison, exceptions);
    if (repair) await repairPoison(run, lost);
    report.add(lost.map((item) => item.finding), repair);
    await truncate(clickhouse, tables.map(({ name }) => name));
  }
}

/** Windows of a range, on multiples of their size. */
function windowsOf({ partition, from, to }: OffsetRange, size: number): Window[] {
  const windows: Window[] = [];
  for (let start = from; start < to; start = (Math.floor(start / size) + 1) * size) windows.push({ partition, from: start, to: Math.min(to, (Math.floor(start / size) + 1) * size) });
  return windows;
}

/** @returns records read. */
export async function compareTopic(run: Run, topic: string, quarantine: Quarantine | null): Promise<number> {
  const tables = run.compared.filter((compared) => compared.topic === topic);
  const ranges = run.rangesOf(topic);
  const sums = new Map<string, Sums>();
  for (const compared of tables) sums.set(tableOf(compared), await storedSums(run, compared));
  const total = ranges.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
  const progress = new Progress(`${topic}: compared`, { total, unit: 'records' });
  const lander = new Lander(SCRATCH, run.clickhouse, run.toLandingOf(topic));
  const windows = ranges.flatMap((range) => windowsOf(range, run.windowRecords));
  const close = async (): Promise<void> => {
    const poison = await lander.finish();
    const window = windows.shift();
    if (window !== undefined) await closeWindow({ run, tables, sums, quarantine }, window, poison);
  };
  const isBefore = (window: Window, { partition, offset }: LogRecord): boolean => window.partition !== partition || window.to <= offset;
  const take = async (records: readonly LogRecord[]): Promise<void> => {
    for (let [rest, first] = [records, records[0]]; first !== undefined; first = rest[0]) {
      while (windows[0] !== undefined && isBefore(windows[0], first)) await close();
      const end = windows[0]?.to ?? Infinity;
      const inside = rest.filter(({ offset }) => offset < end);
      await lander.add(inside);
      rest = rest.slice(inside.length);
    }
    progress.step(records.length);
  };
  await readRanges(run.connection, topic, ranges, take, 'in turn');
  while (windows.length > 0) await close();
  if (total > 0) progress.end();
  return total;
}
