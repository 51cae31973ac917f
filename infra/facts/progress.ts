// One line that says how far a long task is, how fast, and when it ends: rewritten in place on a
// terminal, a plain line every few seconds elsewhere.
interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
}

const PLAIN_EVERY_MS = 3_000;
const REDRAW_EVERY_MS = 200;

export const count = (value: number): string => value.toLocaleString('en-US');

/** 75 → `1 m 15 s`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} m ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

export class Progress {
  readonly #screen: Screen;
  readonly #what: string;
  readonly #total: number;
  readonly #unit: string;
  readonly #now: () => number;
  readonly #startedAt: number;
  #done = 0;
  /** Done by an earlier run: it counts for the share, not for the rate. */
  readonly #before: number;
  #drawnAt: number;

  constructor(what: string, { total, before = 0, unit = 'tickets' }: { total: number; before?: number; unit?: string }, screen: Screen = process.stderr, now: () => number = Date.now) {
    [this.#what, this.#total, this.#before, this.#unit, this.#screen, this.#now] = [what, total, before, unit, screen, now];
    this.#done = before;
    this.#startedAt = now();
    this.#drawnAt = this.#startedAt;
  }

  /** How many a second in this run. */
  get rate(): number {
    return (this.#done - this.#before) / Math.max(0.001, (this.#now() - this.#startedAt) / 1_000);
  }

  step(done: number): void {
    this.#done += done;
    if (this.#now() - this.#drawnAt >= (this.#screen.isTTY === true ? REDRAW_EVERY_MS : PLAIN_EVERY_MS)) this.#draw();
  }

  /** The last line stays. */
  end(): void {
    this.#draw();
    if (this.#screen.isTTY === true) this.#screen.write('\n');
  }

  #draw(): void {
    this.#drawnAt = this.#now();
    const left = Math.max(0, this.#total - this.#done);
    const share = this.#total === 0 ? 100 : Math.min(100, Math.floor((this.#done / this.#total) * 100));
    const eta = left === 0 || this.rate === 0 ? [] : [`${duration(left / this.rate)} to go`];
    const line = [`${this.#what} ${count(this.#done)} of ${count(Math.max(this.#total, this.#done))} ${this.#unit} (${share} %)`, `${count(Math.round(this.rate))}/s`, ...eta].join(' · ');
    this.#screen.write(this.#screen.isTTY === true ? `\r\u001b[K${line}` : `${line}\n`);
  }
}
