// A folder as a place for exports. A file is written under a hidden name beside its own, brought to the disk, and renamed.
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { RuntimeError } from '../runtime/errors.ts';
import { isThere, targetError, type Target } from './target.ts';

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '');

/** A disk that is full or away comes back; wrong rights or a file in the way don't. */
const refusals = new Set(['EEXIST', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']);
const isOfDisk = (error: unknown): boolean => error instanceof Error && 'syscall' in error;

/** A rename is on the disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const isPart = (name: string): boolean => name.startsWith('.') && name.endsWith('.part');
/** Nobody writes to a part that has not changed for so long. */
const DEAD_AFTER_MS = 3_600_000;

/** What a process that was killed has left. */
async function removeParts(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter(isPart)) {
    const part = join(folder, name);
    const { mtimeMs } = await stat(part).catch(() => ({ mtimeMs: Infinity }));
    if (Date.now() - mtimeMs > DEAD_AFTER_MS) await rm(part, { force: true });
  }
}

class Folder implements Target {
  readonly name: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.name = root;
  }

  async open(path: string): Promise<Readable | null> {
    return this.#told(async () => {
      const file = await open(join(this.#root, path), 'r').catch((error: unknown): FileHandle | null => {
        if (codeOf(error) === 'ENOENT') return null;
        throw error;
      });
      return file?.createReadStream() ?? null;
    });
  }

  write(path: string, content: Readable): Promise<void> {
    // Not a stream: one that ends early may still be opening its file when that is taken away.
    return this.#placed(path, (part) => writeFile(part, content, { flush: true, mode: 0o640 }), rename);
  }

  async create(path: string, content: string): Promise<boolean> {
    try {
      // Unlike a rename, a link does not replace what is there.
      await this.#placed(path, (part) => writeFile(part, content, { flush: true, mode: 0o640 }), link);
      return true;
    } catch (error) {
      const { cause } = error as { cause?: { code?: unknown; syscall?: unknown } };
      // Over a network the answer to a link may be lost, and the system itself tries again.
      if (cause?.code === 'EEXIST' && cause.syscall === 'link') return (await isThere(this, path, content)) ?? false;
      throw error;
    }
  }

  async list(path: string): Promise<string[]> {
    const folder = join(this.#root, path);
    const entries = await this.#told(() => readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }));
    return entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.')).map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort();
  }

  remove(path: string): Promise<void> {
    return this.#told(() => rm(join(this.#root, path), { force: true }));
  }

  close(): void {
    // Nothing is held open.
  }

  #placed(path: string, fill: (part: string) => Promise<void>, place: (part: string, whole: string) => Promise<void>): Promise<void> {
    const whole = join(this.#root, path);
    const part = join(dirname(whole), `.${basename(whole)}.${randomUUID()}.part`);
    return this.#told(async () => {
      await mkdir(dirname(whole), { recursive: true, mode: 0o750 });
      await removeParts(dirname(whole));
      try {
        await fill(part);
        await place(part, whole);
        await syncFolder(dirname(whole));
      } finally {
        await rm(part, { force: true });
      }
    });
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // What failed on the way here (ClickHouse, a wrong count) is not the folder's.
      if (!isOfDisk(error) || error instanceof RuntimeError) throw error;
      throw targetError(this.name, !refusals.has(codeOf(error)), codeOf(error), error);
    }
  }
}

export const openFolder = (path: string): Target => new Folder(resolve(path));
