// Puts one downloaded part into the cache folder as a whole or not at all: it is built in a folder
// beside its place and renamed into it. Two clones that install at the same time take turns by a lock;
// if both build all the same, the first rename wins and the second one's work is thrown away.
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../supervisor/identity.ts';

export interface CachedPart {
  /** Folder name in the cache: part-version. */
  folder: string;
  build: (intoDir: string) => Promise<void>;
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}

/** Where this process builds a part. */
export const buildingDir = (cacheDir: string, folder: string): string => join(cacheDir, `.${folder}.${process.pid}`);

/** The folder of the part, built first when it isn't there. */
export async function install(cacheDir: string, part: CachedPart): Promise<string> {
  const place = join(cacheDir, part.folder);
  if (await exists(place)) return place;
  await mkdir(cacheDir, { recursive: true });
  const unlock = await lock(join(cacheDir, `.${part.folder}.lock`));
  try {
    if (await exists(place)) return place;
    await removeLeftovers(cacheDir, part.folder);
    const building = buildingDir(cacheDir, part.folder);
    await mkdir(building);
    try {
      await part.build(building);
      await rename(building, place).catch(async (error: unknown) => {
        if (!(await exists(place))) throw error;
      });
    } finally {
      await rm(building, { recursive: true, force: true });
    }
    return place;
  } finally {
    await unlock();
  }
}

/** Waits until the lock file is ours; the lock of a process that has died, or that names none, is taken over. */
async function lock(path: string): Promise<() => Promise<void>> {
  const own = `${path}.${randomUUID()}`;
  // A link and not a new file: whoever sees the lock also sees whose it is.
  await writeFile(own, String(process.pid));
  try {
    for (;;) {
      const isOurs = await link(own, path).then(() => true, (error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
        return false;
      });
      if (isOurs) return () => rm(path, { force: true });
      const holder = Number(await readFile(path, 'utf8').catch(() => String(process.pid)));
      if (!Number.isInteger(holder) || holder < 1 || !isAlive(holder)) await rm(path, { force: true });
      else await sleep(300);
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** Half-built folders of installers that were killed. */
async function removeLeftovers(cacheDir: string, folder: string): Promise<void> {
  const prefix = `.${folder}.`;
  for (const entry of await readdir(cacheDir)) {
    const pid = Number(entry.slice(prefix.length));
    if (!entry.startsWith(prefix) || !Number.isInteger(pid) || isAlive(pid)) continue;
    await rm(join(cacheDir, entry), { recursive: true, force: true });
  }
}
