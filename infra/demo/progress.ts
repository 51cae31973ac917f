// One line that says how far the demo is: rewritten in place on a terminal, a plain line every
// few seconds elsewhere.
import type { Ledger } from './ledger.ts';

interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

const PLAIN_EVERY_MS = 3_000;
/** Without news a log needs a sign of life only now and then. */
const UNCHANGED_EVERY_MS = 15_000;
const REDRAW_EVERY_MS = 200;

export const count = (value: number): string => value.toLocaleString('en-US');

export class ProgressLine {
  readonly #screen: Screen;
  readonly #ledger: Ledger;
  readonly #now: () => number;
  #held = 0;
  #before = 0;
  #failure: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #startedAt: number;
  #sendingEndedAt: number | null = null;
  #drawn = { line: '', at: 0 };

  constructor(screen: Screen, ledger: Ledger, now: () => number) {
    this.#screen = screen;
    this.#ledger = ledger;
    this.#now = now;
    this.#startedAt = now();
  }

  /** @param before events that every projection held before anything was sent */
  start(before: number): void {
    [this.#before, this.#held, this.#startedAt] = [before, before, this.#now()];
    this.#timer = setInterval(() => this.#draw(), this.#isTerminal ? REDRAW_EVERY_MS : PLAIN_EVERY_MS);
  }

  arrived(held: number): void {
    [this.#held, this.#failure] = [held, null];
  }

  /** ClickHouse could not be asked. */
  unreachable(failure: string): void {
    this.#failure = failure;
  }

  /** Events that every projection holds. */
  get held(): number {
    return this.#held;
  }

  /** Accepted, and not yet in every projection. */
  get lag(): number {
    return Math.max(0, this.#before + this.#ledger.counts.accepted - this.#held);
  }

  /** From here on the rate stays: waiting for ClickHouse is not sending. */
  sendingEnded(): void {
    this.#sendingEndedAt = this.#now();
  }

  /** Prints a line of somebody else without tearing this one. */
  note(line: string): void {
    this.#screen.write(`${this.#isTerminal ? '\r\u001b[K' : ''}${line}\n`);
  }

  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#drawn.at = 0;
    this.#draw();
    if (this.#isTerminal) this.#screen.write('\n');
  }

  get secondsOfSending(): number {
    return Math.max(0.001, ((this.#sendingEndedAt ?? this.#now()) - this.#startedAt) / 1_000);
  }

  get #isTerminal(): boolean {
    return this.#screen.isTTY === true;
  }

  #draw(): void {
    const line = this.#text();
    const [{ line: last, at }, now] = [this.#drawn, this.#now()];
    if (!this.#isTerminal && line === last && now - at < UNCHANGED_EVERY_MS) return;
    this.#drawn = { line, at: now };
    const width = this.#screen.columns !== undefined && this.#screen.columns > 20 ? this.#screen.columns - 1 : line.length;
    this.#screen.write(this.#isTerminal ? `\r\u001b[K${line.slice(0, width)}` : `${line}\n`);
  }

  #text(): string {
    const { counts, settled, late, retries, waiting } = this.#ledger;
    return [
      `sent ${count(settled)} (${count(Math.round(settled / this.secondsOfSending))}/s)`,
      `accepted ${count(counts.accepted)}`,
      `duplicates ${count(counts.duplicate)}`,
      `late ${count(late)}`,
      `retried ${count(retries)}${waiting > 0 ? ` (${count(waiting)} wait)` : ''}`,
      `dropped ${count(counts.dropped)}`,
      ...(counts.quarantined > 0 ? [`quarantined ${count(counts.quarantined)}`] : []),
      `in ClickHouse ${count(this.#held)} · lag ${count(this.lag)}`,
      ...(this.#failure === null ? [] : [`ClickHouse: ${this.#failure.slice(0, 60)}`]),
    ].join(' · ');
  }
}
