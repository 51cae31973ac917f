// Something of the board that people change now and then: its lists, its fields, its members. Kept for a while.

const JUST_NOW_MS = 2_000;

export class Cached<T> {
  readonly #load: (signal?: AbortSignal) => Promise<T>;
  readonly #forMs: number;
  #value: Promise<T> | null = null;
  #loadedAt = 0;

  constructor(load: (signal?: AbortSignal) => Promise<T>, forMs = 60_000) {
    this.#load = load;
    this.#forMs = forMs;
  }

  /** Who comes while it is being loaded waits for the same answer; a failure is not kept. */
  get(): Promise<T> {
    if (this.#value !== null && Date.now() - this.#loadedAt < this.#forMs) return this.#value;
    const value = this.#load();
    this.#value = value;
    this.#loadedAt = Date.now();
    value.catch(() => {
      if (this.#value === value) this.#value = null;
    });
    return value;
  }

  /** For what proved wrong. @returns whether it may be another when it is read again: what was read just now is as it is. */
  forget(): boolean {
    if (this.#value === null || Date.now() - this.#loadedAt < JUST_NOW_MS) return false;
    this.#value = null;
    return true;
  }
}
