// The ingress's way out: it says that it is not ready and goes on taking events for a while, so that whoever asks for its readiness
// sends no more before it closes; and each answer asks its connection to end, so that none is in use then. Closing at once would
// refuse what was already on its way.
import { setTimeout as sleep } from 'node:timers/promises';

export class Drain {
  #begun = false;

  get hasBegun(): boolean {
    return this.#begun;
  }

  /** Why it is not ready any more; null before. */
  reason(): string | null {
    return this.#begun ? 'stopping: it takes what still comes, and then no more' : null;
  }

  async run(forMs: number): Promise<void> {
    this.#begun = true;
    await sleep(forMs);
  }
}
