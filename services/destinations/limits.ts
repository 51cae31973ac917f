// How fast a vendor may be asked: so many requests within so many milliseconds, in any such window, for each of several keys
// (an API key, a token, a chat). All clients of a process that name the same key share it. A request goes out when all of its
// windows have room at once; libraries that put one throttle behind another let bunches through the first that waits.
import { setTimeout as sleep } from 'node:timers/promises';
import { NotNow } from './failures.ts';

export interface Limit {
  /** Whose limit it is; may be a secret, and is shown nowhere. */
  readonly key: string;
  readonly requests: number;
  readonly perMs: number;
}

/** A vendor that asks for a longer pause is away: nobody waits for it in a handler. */
const LONGEST_PAUSE_MS = 5_000;

/** The requests of one key. Times are milliseconds of any one clock. */
export class Window {
  readonly #limit: Limit;
  /** When the last ones went out, in order. */
  readonly #sent: number[] = [];
  #closedUntil = 0;

  constructor(limit: Limit) {
    this.#limit = limit;
  }

  pauseMs(now: number): number {
    return Math.max(0, this.#closedUntil - now);
  }

  /** How long until there is room for one more. */
  waitMs(now: number): number {
    const { requests, perMs } = this.#limit;
    const oldest = this.#sent.at(-requests);
    return Math.max(this.pauseMs(now), oldest === undefined ? 0 : oldest + perMs - now);
  }

  take(now: number): void {
    this.#sent.push(now);
    if (this.#sent.length > 2 * this.#limit.requests) this.#sent.splice(0, this.#limit.requests);
  }

  /** Whether it holds nobody up, as a new one would not. */
  isIdle(now: number): boolean {
    return this.pauseMs(now) === 0 && (this.#sent.at(-1) ?? -Infinity) + this.#limit.perMs <= now;
  }

  close(until: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, until);
  }
}

const windows = new Map<string, Window>();
/** Every customer's chat is a key: from here on, those that are idle are forgotten. */
const MANY = 1_000;

function windowOf(limit: Limit): Window {
  const id = JSON.stringify([limit.key, limit.requests, limit.perMs]);
  const known = windows.get(id);
  if (known !== undefined) return known;
  const now = performance.now();
  if (windows.size >= MANY) for (const [other, window] of windows) if (window.isIdle(now)) windows.delete(other);
  const window = new Window(limit);
  windows.set(id, window);
  return window;
}

export class Limits {
  readonly #limits: readonly Limit[];

  constructor(limits: readonly Limit[]) {
    this.#limits = limits;
  }

  /** Resolves when a request may go out. @throws NotNow when the vendor asked for a long pause, or the signal's reason. */
  async turn(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      const [now, windows] = [performance.now(), this.#limits.map(windowOf)];
      const pause = Math.max(0, ...windows.map((window) => window.pauseMs(now)));
      if (pause > LONGEST_PAUSE_MS) throw new NotNow(`asked for a pause of another ${Math.ceil(pause / 1_000)} s`, { retryAfterMs: pause, sent: false });
      const wait = Math.max(0, ...windows.map((window) => window.waitMs(now)));
      if (wait === 0) {
        for (const window of windows) window.take(now);
        return;
      }
      await sleep(Math.ceil(wait), undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  }

  /** The vendor asked for a pause. */
  pause(ms: number): void {
    for (const window of this.#limits.map(windowOf)) window.close(performance.now() + ms);
  }
}
