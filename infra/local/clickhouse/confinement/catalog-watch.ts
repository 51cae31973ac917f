// Whether what there is in the engine may have changed. Every statement goes through this process, so what was read after the last
// one that could change anything is still so: a catalog costs 20 ms to read, and an analyst's question needs it before it may run.

export class CatalogWatch {
  #running = 0;
  #version = 0;

  /** For a statement that may make, change or drop tables, views or functions. */
  async changing<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    this.#version++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#version++;
    }
  }

  /** For a statement that goes on changing things after it has answered (RESTORE … ASYNC): from then on nothing is known. */
  changingUnseen(): void {
    this.#running++;
  }

  /** Another number after each change; null while one is under way. */
  get version(): number | null {
    return this.#running > 0 ? null : this.#version;
  }
}
