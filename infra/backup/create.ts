// Makes a backup, or brings one up to date: what of the log is in the folder already is not read again.
import { copyFile, chmod, mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { StreamingClickHouse } from '../../services/runtime/clickhouse.ts';
import { eventsTopic, quarantineTopic } from '../../services/runtime/event-log.ts';
import { committedOffsets, type KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { topicOffsets, type OffsetRange } from '../../services/runtime/kafka/topic-offsets.ts';
import { readLive } from '../config/apply.ts';
import { Progress } from '../facts/progress.ts';
import { writeWhole } from '../local/supervisor/state-file.ts';
import { Refused } from '../target/refused.ts';
import { writeSegment } from './log-files.ts';
import { removeOldMemories, writeMemories } from './memories.ts';
import { describeFile, MANIFEST, parts, readManifest, segmentsByPlace, type BackupFile, type Manifest, type Segment } from './manifest.ts';

export interface Source {
  readonly clickhouse: StreamingClickHouse;
  readonly connection: KafkaConnection;
  readonly environment: string;
  readonly schemasLock: string;
  readonly integrationsFile: string;
  /** Of the local ClickHouse. */
  readonly usersFile: string;
}

interface Missing {
  readonly topic: string;
  readonly range: OffsetRange;
}

/** What the folder lacks of a topic. @throws Refused when the log is another one than that of the backup. */
async function missingOf({ connection }: Source, topic: string, backup: Manifest | null): Promise<{ partitions: number; missing: Missing[] }> {
  const places = segmentsByPlace(backup ?? { segments: [] });
  const offsets = await topicOffsets(connection, topic);
  const missing = offsets.map(({ partition, low, high }): Missing => {
    const kept = places.get(`${topic}/${partition}`)?.at(-1)?.to ?? 0;
    if (kept > high) throw new Refused(`the backup has ${topic}/${partition} up to offset ${kept}, and the log ends at ${high}: it has lost its end, or is another log. Restore it from the backup, or take another folder`);
    if (low > kept && kept > 0) throw new Refused(`${topic}/${partition} begins at offset ${low}, and the backup ends at ${kept}: what lies between is gone. Take another folder`);
    return { topic, range: { partition, from: Math.max(low, kept), to: high } };
  });
  return { partitions: offsets.length, missing: missing.filter(({ range }) => range.to > range.from) };
}

async function writeLog(source: Source, folder: string, missing: readonly Missing[]): Promise<Segment[]> {
  const progress = new Progress('kept', { total: missing.reduce((sum, { range }) => sum + range.to - range.from, 0), unit: 'records' });
  const segments: Segment[] = [];
  for (const { topic, range } of missing) segments.push(await writeSegment(source.connection, folder, { topic, range, onRecords: (count) => progress.step(count) }));
  progress.end();
  return segments;
}

/** Small things, each as it is now. Integrations hold secrets: like everything here they are for the owner's eyes only. */
async function writeFiles({ clickhouse, schemasLock, integrationsFile, usersFile }: Source, folder: string): Promise<BackupFile[]> {
  const paths: string[] = [];
  for (const [name, from] of [[parts.schemas, schemasLock], [parts.integrations, integrationsFile], [parts.users, usersFile]] as const) {
    if (from === '' || !existsSync(from)) continue;
    await copyFile(from, join(folder, name));
    await chmod(join(folder, name), 0o600);
    paths.push(name);
  }
  const live = await readLive(clickhouse);
  if (live.version > 0) {
    await writeFile(join(folder, parts.desk), live.content, { mode: 0o600 });
    paths.push(parts.desk);
  }
  return Promise.all(paths.map((path) => describeFile(folder, path)));
}

/** Offsets of the groups first, then the log: so no group is ahead of what is kept, and what it reads again changes nothing. */
export async function createBackup(source: Source, folder: string): Promise<Manifest> {
  const before = await readManifest(folder);
  if (before !== null && before.environment !== source.environment) throw new Refused(`${folder} is a backup of ${before.environment}, not of ${source.environment}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const topics = [eventsTopic(source.environment), quarantineTopic(source.environment)];
  const offsets = await committedOffsets(source.connection, topics);
  const ofTopics = await Promise.all(topics.map(async (topic) => ({ topic, ...(await missingOf(source, topic, before)) })));
  const segments = [...(before?.segments ?? []), ...(await writeLog(source, folder, ofTopics.flatMap(({ missing }) => missing)))];
  const manifest: Manifest = {
    format: 1,
    environment: source.environment,
    created_at: new Date().toISOString(),
    topics: Object.fromEntries(ofTopics.map(({ topic, partitions }) => [topic, partitions])),
    segments,
    offsets,
    files: [...await writeFiles(source, folder), ...await writeMemories(source, folder)],
  };
  await writeWhole(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`);
  await removeOldMemories(folder, manifest);
  return manifest;
}
