// Puts back what a part has lost with its disk. Each part by itself: the others may be whole. Services of the part are stopped.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StreamingClickHouse } from '../../services/runtime/clickhouse.ts';
import { eventsTopic, keysTopic, type LogRecord } from '../../services/runtime/event-log.ts';
import { consumerPositions, placeGroup, restoreOffsets, type KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { topicOffsets } from '../../services/runtime/kafka/topic-offsets.ts';
import { readRanges } from '../../services/runtime/kafka/ranges.ts';
import { rewriter } from '../../services/runtime/kafka/rewrite.ts';
import { bringIntoForce } from '../config/apply.ts';
import { readDeskFile } from '../config/desk-file.ts';
import { count, Progress } from '../facts/progress.ts';
import { projectDir } from '../local/settings.ts';
import { findProjections } from '../projections/find.ts';
import { findCompared } from '../reconcile/compared.ts';
import { Refused } from '../target/refused.ts';
import { readSegment } from './log-files.ts';
import { restoreAlerts, restoreRuleActions } from './memories.ts';
import { parts, segmentsByPlace, type Manifest, type Segment } from './manifest.ts';

export interface Backup {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Records at the log's end that must be those of the backup or archive, which is to follow them. */
const COMPARED = 100;

/** With other partitions a ticket's events would be elsewhere. */
export async function refuseOtherPartitions(connection: KafkaConnection, topics: Readonly<Record<string, number>>): Promise<void> {
  for (const [topic, partitions] of Object.entries(topics)) {
    const now = (await topicOffsets(connection, topic)).length;
    if (now !== partitions) throw new Refused(`${topic} has ${now} partitions, and had ${partitions}: make it anew with as many (TOPIC_PARTITIONS=${partitions} npm run topics), or events would not be where their tickets are`);
  }
}

/** What a partition has at its end, to be compared with what is to follow it. */
export async function lastRecords(connection: KafkaConnection, topic: string, partition: number): Promise<{ next: number; last: ReadonlyMap<number, LogRecord> }> {
  const { low = 0, high = 0 } = (await topicOffsets(connection, topic)).find((entry) => entry.partition === partition) ?? {};
  const last = new Map<number, LogRecord>();
  await readRanges(connection, topic, [{ partition, from: Math.max(low, high - COMPARED), to: high }], (records) => records.forEach((record) => last.set(record.offset, record)));
  return { next: high, last };
}

export const otherLog = (topic: string, partition: number, offset: number): Refused =>
  new Refused(`${topic}/${partition} has another record at offset ${offset} than it had: it was begun anew and has taken events since. Nothing was written to it; infra/backup/README.md says what to do`);

async function restorePartition(connection: KafkaConnection, folder: string, segments: readonly Segment[], onRecords: (count: number) => void): Promise<number> {
  const [first] = segments;
  if (first === undefined) return 0;
  const { topic, partition } = first;
  const { next, last } = await lastRecords(connection, topic, partition);
  const log = await rewriter(connection, { topic, partition, next });
  try {
    for (const segment of segments.filter(({ to }) => to > next - COMPARED)) {
      for await (const records of readSegment(folder, segment)) {
        const other = records.find(({ offset, value }) => last.has(offset) && !Buffer.from(last.get(offset)?.value ?? '').equals(value ?? Buffer.alloc(0)));
        if (other !== undefined) throw otherLog(topic, partition, other.offset);
        await log.write(records);
        onRecords(records.length);
      }
    }
    return log.repeated;
  } finally {
    await log.close();
  }
}

/** Every record at the offset that it had, and every group where it was. What the log still has stays. */
export async function restoreLog(connection: KafkaConnection, { folder, manifest }: Backup): Promise<string> {
  await refuseOtherPartitions(connection, manifest.topics);
  const places = [...segmentsByPlace(manifest).values()];
  const progress = new Progress('written', { total: places.flat().reduce((sum, { from, to }) => sum + to - from, 0), unit: 'records' });
  let repeated = 0;
  for (const segments of places) repeated += await restorePartition(connection, folder, segments, (done) => progress.step(done));
  progress.end();
  for (const { groupId, topic, offsets } of manifest.offsets) {
    const now = await consumerPositions(connection, groupId, topic);
    // A group that has gone on is left where it is.
    const behind = offsets.filter(({ partition, offset }) => (now.find((position) => position.partition === partition)?.committed ?? 0) < offset);
    if (behind.length > 0) await restoreOffsets(connection, { groupId, topic, offsets: behind });
  }
  const alerts = await restoreAlerts(connection, folder, manifest);
  return `the log is written again up to where the backup ends${alerts === 0 ? '' : `, and ${count(alerts)} records of the alerts that were told of`}${repeated === 0 ? '' : `; ${count(repeated)} offsets that it lacked are filled by repetitions`}. What came after it: npm run backup -- log-from-archive`;
}

/** The tables are made of the log: all projections read it from its start again. */
export async function rebuildTables({ clickhouse, connection, environment }: { clickhouse: StreamingClickHouse; connection: KafkaConnection; environment: string }, backup: Backup | null): Promise<string> {
  const desk = backup?.manifest.files.find(({ path }) => path === parts.desk);
  if (backup !== null && desk !== undefined) await bringIntoForce(clickhouse, readDeskFile(join(backup.folder, desk.path)), 'backup');
  const groups = new Map((await findCompared(clickhouse, connection, environment)).map(({ group, topic }) => [group, topic]));
  if (groups.size > 0) groups.set('event-archive-keys', keysTopic(environment));
  if (groups.size === 0) throw new Refused('there are no tables yet: run npm run migrate first');
  const ruleActions = backup === null ? 0 : await restoreRuleActions(clickhouse, backup.folder, backup.manifest);
  for (const [groupId, topic] of groups) await placeGroup(connection, { groupId, topic, from: 'beginning', reset: true });
  const names = (await findProjections()).map(({ projection }) => projection.name).join(', ');
  const records = (await topicOffsets(connection, eventsTopic(environment))).reduce((sum, { low, high }) => sum + high - low, 0);
  return `${desk === undefined ? '' : 'the desk file is in force; '}${ruleActions === 0 ? '' : `${count(ruleActions)} effects of rules on messages are there again; `}${names} will read ${count(records)} records of the log from its start: start them, and npm run reconcile says when all is there`;
}

async function putBack(backup: Backup, name: string, target: string): Promise<void> {
  if (!existsSync(join(backup.folder, name))) throw new Refused(`the backup has no ${name}`);
  if (existsSync(target)) await writeFile(`${target}.before-restore`, await readFile(target), { mode: 0o600 });
  await mkdir(dirname(target), { recursive: true });
  await copyFile(join(backup.folder, name), target);
  await chmod(target, 0o600);
}

/** Schemas under the ids that the log was written with. */
export async function restoreSchemas(backup: Backup, lock: string, env: NodeJS.ProcessEnv): Promise<string> {
  await putBack(backup, parts.schemas, lock);
  const { status } = spawnSync(process.execPath, ['infra/start/run.mjs', 'infra/schemas/schemas.ts', 'restore'], { cwd: projectDir, env, stdio: 'inherit' });
  if (status !== 0) throw new Refused('the registry did not take the schemas; the lock is in its place, so services run from it');
  return 'the registry has its schemas under their ids again';
}

/** The local ClickHouse takes them at the next login. */
export async function restoreUsers(backup: Backup, file: string): Promise<string> {
  await putBack(backup, parts.users, file);
  return `${file} is as in the backup: who logs in next is one of those`;
}

export async function restoreIntegrations(backup: Backup, file: string): Promise<string> {
  if (file === '') throw new Refused('INTEGRATIONS_FILE says where they belong');
  await putBack(backup, parts.integrations, file);
  return `${file} is as in the backup, for its owner's eyes only; a running ingress takes it within a second`;
}
