// One run: the quarantine topic first, since it explains what tables lack; then the log; then what lies outside of it; then facts.
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamingClickHouse } from '../../services/runtime/clickhouse.ts';
import { eventsTopic, quarantineTopic } from '../../services/runtime/event-log.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { offsetsSince, type OffsetRange } from '../../services/runtime/kafka/topic-offsets.ts';
import { eventRows } from '../../services/runtime/projection/landing.ts';
import { quarantineRows } from '../../services/runtime/projection/quarantine-landing.ts';
import type { SchemaLookup } from '../../services/runtime/registry/registry.ts';
import { dropDatabase, owning, readDiary, refuseSecond } from '../facts/diary.ts';
import { readInventory } from '../quarantine/inventory.ts';
import { findCompared, tableOf, type Compared } from './compared.ts';
import type { Run, Scope } from './context.ts';
import { compareFacts, type Depth } from './facts.ts';
import type { Report } from './findings.ts';
import { lostFromLog, outsideOfLog } from './outside.ts';
import { openQuarantine, type Quarantine } from './quarantine.ts';
import { repairAlsoLanded } from './repair.ts';
import { createScratch, SCRATCH } from './scratch.ts';
import { compareTopic } from './windows.ts';

export interface Options {
  readonly scope: Scope;
  readonly repair: boolean;
  readonly facts: Depth;
  /** Offsets that are compared together; by the size of the log when 0. */
  readonly windowRecords: number;
}

export interface Parts {
  readonly clickhouse: StreamingClickHouse;
  readonly connection: KafkaConnection;
  readonly environment: string;
  readonly schemas: SchemaLookup;
}

/** Large enough that few windows differ only for copies, small enough for memory: a window that differs is looked at as a whole. */
const [LEAST_WINDOW, LARGEST_WINDOW, WINDOWS] = [20_000, 100_000, 100];

/** What of a topic is compared: as far as it went when its groups were asked. */
async function rangesOf(parts: Parts, { scope }: Options, compared: readonly Compared[], topic: string): Promise<OffsetRange[]> {
  const positions = compared.filter((item) => item.topic === topic).flatMap((item) => [...item.positions.values()]);
  const since = scope.since === undefined ? [] : await offsetsSince(parts.connection, topic, scope.since);
  const ranges = new Map<number, OffsetRange>();
  for (const { partition, low, end } of positions) {
    if (topic === eventsTopic(parts.environment) && scope.partition !== undefined && scope.partition !== partition) continue;
    const from = Math.max(low, since.find((range) => range.partition === partition)?.from ?? 0);
    ranges.set(partition, { partition, from, to: Math.max(end, ranges.get(partition)?.to ?? 0) });
  }
  return [...ranges.values()].sort((a, b) => a.partition - b.partition);
}

async function prepare(parts: Parts, options: Options, report: Report): Promise<Run> {
  const compared = await findCompared(parts.clickhouse, parts.connection, parts.environment);
  const topics = [quarantineTopic(parts.environment), eventsTopic(parts.environment)];
  const ranges = new Map(await Promise.all(topics.map(async (topic) => [topic, await rangesOf(parts, options, compared, topic)] as const)));
  const records = [...ranges.values()].flat().reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
  const windowRecords = options.windowRecords > 0 ? options.windowRecords : Math.min(LARGEST_WINDOW, Math.max(LEAST_WINDOW, Math.ceil(records / WINDOWS)));
  const [quarantineLanding, eventLanding] = [quarantineRows(), eventRows(parts.schemas)];
  return {
    ...parts, scope: options.scope, repair: options.repair, windowRecords, report, compared,
    toLandingOf: (topic) => (topic === quarantineTopic(parts.environment) ? quarantineLanding : eventLanding),
    rangesOf: (topic) => ranges.get(topic) ?? [],
  };
}

async function compareQuarantine(run: Run): Promise<Quarantine> {
  await compareTopic(run, quarantineTopic(run.environment), null);
  return openQuarantine(run);
}

/** Longer than a replay takes from the log to its note. */
const REPLAY_MS = 2_000;

/** An item that is being replayed is pending until that is noted: what still is, a moment later, stays so. */
async function compareLanded(run: Run, quarantine: Quarantine): Promise<void> {
  const found = await quarantine.alsoLanded();
  if (found.length === 0) return;
  await sleep(REPLAY_MS);
  const pending = new Set((await readInventory(run.connection, run.environment, () => false)).filter(({ status }) => status === 'pending').map(({ item }) => item.id));
  const still = found.filter(({ id }) => pending.has(id));
  if (run.repair) await repairAlsoLanded(run, still);
  run.report.add(still.map((item) => item.finding), run.repair);
}

/** How far each group is behind: no loss, and no finding. */
const lagsOf = ({ compared }: Run): string[] => compared.flatMap((item) => {
  const lag = [...item.positions.values()].reduce((sum, { committed, end }) => sum + Math.max(0, end - committed), 0);
  return lag === 0 ? [] : [`${item.group} has ${lag} records of ${item.topic} before it, which ${tableOf(item)} may lack: that is lag, no loss`];
});

/** @returns what was looked at, a line each. */
async function lookAtAll(run: Run, options: Options): Promise<string[]> {
  const { report } = run;
  const quarantine = await compareQuarantine(run);
  const records = await compareTopic(run, eventsTopic(run.environment), quarantine);
  await compareLanded(run, quarantine);
  report.add(lostFromLog(run));
  for (const compared of run.compared) for await (const rows of outsideOfLog(run, compared)) report.add(rows);
  const told: string[] = [];
  for (const compared of run.compared) {
    if (compared.found.projection.facts.length > 0) told.push(await compareFacts(run, compared, options.facts));
  }
  return [`${records} records of ${eventsTopic(run.environment)} compared with ${run.compared.map(tableOf).join(', ')}`, ...told, ...lagsOf(run)];
}

/** @returns what was looked at, a line each. */
export async function reconcile(parts: Parts, options: Options, report: Report): Promise<string[]> {
  const { clickhouse } = parts;
  refuseSecond(await readDiary(clickhouse, SCRATCH), 'tables are being compared with the log');
  const run = await prepare(parts, options, report);
  await createScratch(clickhouse, run.compared);
  return owning(clickhouse, SCRATCH, () => lookAtAll(run, options)).finally(() => dropDatabase(clickhouse, SCRATCH).catch(() => undefined));
}
