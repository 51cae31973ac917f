// A configuration file that may change while a service runs: read again when it does. A file that can't be used leaves
// what is in force as it was, and is told until it is mended.
import { unwatchFile, watchFile } from 'node:fs';
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';

export interface Reading<T> {
  readonly value: T;
  /** Other files that it was read from, e.g. of secrets. */
  readonly files?: readonly string[];
}

export interface WatchedFileOptions<T> {
  /** As people call what is in it. */
  readonly what: string;
  readonly path: string;
  /** @throws Error that says all that is wrong. */
  readonly read: (before?: T) => Promise<Reading<T>>;
  readonly logger: Logger;
  /** What to log of it; nothing that is secret. */
  readonly shown: (value: T) => object;
}

const CHECK_EVERY_MS = 1_000;
/** What is wrong may be mended elsewhere: a file that it names is there now. */
const AGAIN_AFTER_MS = 5_000;

export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>;
  #current: T;
  #problem: string | null = null;
  #watched = new Set<string>();
  #again: NodeJS.Timeout | undefined;
  readonly #onChange = (): void => void this.#reload();

  private constructor(options: WatchedFileOptions<T>, { value, files = [] }: Reading<T>) {
    this.#options = options;
    this.#current = value;
    this.#watch([options.path, ...files]);
    options.logger.info(options.shown(value), `${options.what} loaded`);
  }

  /** @throws what reading it throws. */
  static async open<T>(options: WatchedFileOptions<T>): Promise<WatchedFile<T>> {
    return new WatchedFile(options, await options.read());
  }

  get current(): T {
    return this.#current;
  }

  /** Why the file as it is now is not in force, for people; empty when it is. */
  warnings(): string[] {
    const { what } = this.#options;
    return this.#problem === null ? [] : [`the ${what} are those of before the last change of their file: ${this.#problem}`];
  }

  close(): void {
    for (const path of this.#watched) unwatchFile(path, this.#onChange);
    this.#watched.clear();
    clearTimeout(this.#again);
  }

  #watch(paths: readonly string[]): void {
    const wanted = new Set(paths);
    for (const path of this.#watched) if (!wanted.has(path)) unwatchFile(path, this.#onChange);
    for (const path of wanted) if (!this.#watched.has(path)) watchFile(path, { interval: CHECK_EVERY_MS }, this.#onChange);
    this.#watched = wanted;
  }

  async #reload(): Promise<void> {
    const { path, what, logger, read, shown } = this.#options;
    clearTimeout(this.#again);
    try {
      const { value, files = [] } = await read(this.#current);
      this.#current = value;
      this.#problem = null;
      if (this.#watched.size > 0) this.#watch([path, ...files]);
      logger.info(shown(value), `${what} reloaded`);
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) logger.error({ error: problem }, `${what} not reloaded; the previous ones stay`);
      this.#problem = problem;
      if (this.#watched.size > 0) this.#again = setTimeout(this.#onChange, AGAIN_AFTER_MS).unref();
    }
  }
}
