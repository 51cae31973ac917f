// A disk that is soon full: a file system in memory, mounted where a part keeps its data. Mounting needs root.
import { execFile, spawn } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CHUNK = Buffer.alloc(65_536);

export class SmallDisk {
  readonly #folder: string;
  readonly #filler: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#filler = join(folder, 'filler');
  }

  /** @throws Error where mounting is not permitted. */
  static async mount(folder: string, megabytes: number): Promise<SmallDisk> {
    await mkdir(folder, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'ticketstream-test', folder]);
    // It goes with this process, however that ends.
    const remover = spawn('sh', ['-c', 'cat > /dev/null; umount -l "$1" 2> /dev/null', 'sh', folder], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    remover.unref();
    if (remover.stdin instanceof Socket) remover.stdin.unref();
    return new SmallDisk(folder);
  }

  /** Takes all that is left of it. */
  async fill(): Promise<void> {
    const file = await open(this.#filler, 'a');
    try {
      for (let size = CHUNK.length; size > 0; ) size = await file.write(CHUNK, 0, size).then(() => size, () => Math.floor(size / 2));
    } finally {
      await file.close();
    }
  }

  async free(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  async unmount(): Promise<void> {
    await run('umount', ['-l', this.#folder]).catch(() => undefined);
  }
}

/** Why this machine can't have one, or null. */
export async function noSmallDisk(folder: string): Promise<string | null> {
  try {
    await (await SmallDisk.mount(folder, 1)).unmount();
    return null;
  } catch {
    return 'a small disk can’t be mounted here: that needs root';
  }
}
