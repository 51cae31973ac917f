// What a backup is: a folder with the log in files, and what belongs to it. The manifest names every file with its SHA-256; what it
// does not name is of a run that was broken off.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../services/runtime/errors.ts';
import type { CommittedOffsets } from '../../services/runtime/kafka/admin.ts';
import { Refused } from '../target/refused.ts';

export interface BackupFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Records of a partition, from an offset up to another, which is not included. */
export interface Segment extends BackupFile {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export interface Manifest {
  readonly format: 1;
  readonly environment: string;
  readonly created_at: string;
  /** Partitions of each topic. */
  readonly topics: Readonly<Record<string, number>>;
  readonly segments: readonly Segment[];
  /** Where the groups were before the log was read, so that none of them is ahead of it. */
  readonly offsets: readonly CommittedOffsets[];
  readonly files: readonly BackupFile[];
}

export const MANIFEST = 'manifest.json';
/** The lock of the schemas, the integrations with their secrets, who may ask ClickHouse what, and the desk file in force. */
export const parts = { schemas: 'schemas.lock.json', integrations: 'integrations.json', users: 'access.json', desk: 'desk.json' } as const;

export async function describeFile(folder: string, path: string): Promise<BackupFile> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(folder, path)), hash);
  return { path, bytes: (await stat(join(folder, path))).size, sha256: hash.digest('hex') };
}

/** Null when there is none in the folder. @throws Refused when it can't be read. */
export async function readManifest(folder: string): Promise<Manifest | null> {
  const path = join(folder, MANIFEST);
  if (!existsSync(path)) return null;
  try {
    const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
    if ((manifest.format as number) === 1) return manifest;
  } catch (error) {
    throw new Refused(`${path} can't be read: ${messageOf(error)}`);
  }
  throw new Refused(`${path} is of a format that this version of the code does not know`);
}

export async function existingManifest(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  if (manifest === null) throw new Refused(`${folder} holds no backup: it has no ${MANIFEST}`);
  return manifest;
}

/** What of the backup is not as it was written, and where a partition has a hole; empty when it is whole. */
export async function damages(folder: string, manifest: Manifest, onFile: (bytes: number) => void = () => undefined): Promise<string[]> {
  const problems: string[] = [];
  for (const file of [...manifest.segments, ...manifest.files]) {
    const found = existsSync(join(folder, file.path)) ? await describeFile(folder, file.path) : null;
    if (found === null) problems.push(`${file.path} is not there`);
    else if (found.sha256 !== file.sha256) problems.push(`${file.path} is not what was written: its SHA-256 is another`);
    onFile(file.bytes);
  }
  for (const [place, segments] of segmentsByPlace(manifest)) {
    segments.forEach(({ from }, index) => {
      const before = segments[index - 1];
      if (before !== undefined && before.to !== from) problems.push(`${place}: offsets ${before.to} to ${from - 1} are in no file`);
    });
  }
  return problems;
}

export function segmentsByPlace({ segments }: Pick<Manifest, 'segments'>): Map<string, Segment[]> {
  const places = new Map<string, Segment[]>();
  for (const segment of segments.toSorted((a, b) => a.from - b.from)) {
    const place = `${segment.topic}/${segment.partition}`;
    places.set(place, [...(places.get(place) ?? []), segment]);
  }
  return places;
}
