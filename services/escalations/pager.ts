// Tells the destinations what is to be told. Each has a turn of its own, so that none waits for another; what was told is
// written down before anything else is told there. Only the leader tells.
import { messageOf } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { NotNow, Refused } from '../destinations/failures.ts';
import { nothingSent, type AlertBook, type BookRecord, type Sent, type Tracked } from './book.ts';
import type { Channel } from './destinations/channel.ts';
import { after, nextWork, type Work } from './plan.ts';
import type { EscalationsSection } from './section.ts';

export interface PagerOptions {
  readonly book: AlertBook;
  readonly append: (record: BookRecord) => Promise<void>;
  readonly isLeading: () => boolean;
  readonly logger: Logger;
  readonly onSent: (labels: { readonly destination: string; readonly step: string; readonly outcome: 'sent' | 'refused' | 'failed' }) => void;
  readonly now: () => number;
}

export interface Desk {
  readonly integrationId: string;
  readonly section: EscalationsSection;
  readonly channels: readonly Channel[];
}

interface Turn {
  /** By whose settings; null when there are none any more. */
  desk: Desk | null;
  isBusy: boolean;
  failures: number;
  notBefore: number;
  renewedAt: number;
  failure: string | null;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export class Pager {
  readonly #options: PagerOptions;
  readonly #turns = new Map<string, Turn>();
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();

  constructor(options: PagerOptions) {
    this.#options = options;
  }

  /** Why a destination isn't told what it should be, or null. */
  failure(): string | null {
    return [...this.#turns.values()].find(({ failure }) => failure !== null)?.failure ?? null;
  }

  /** Gives every destination a turn that has none; returns at once. */
  tell(desks: readonly Desk[]): void {
    const wanted = new Set(desks.flatMap(({ integrationId, channels }) => channels.map(({ name }) => `${integrationId}/${name}`)));
    for (const [place, turn] of this.#turns) if (!wanted.has(place)) this.#leave(place, turn);
    for (const desk of desks) for (const channel of desk.channels) this.#begin(desk, channel);
  }

  /** Lets what is on its way end for a while. */
  async stop(withinMs: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(new Error('the service stops')), withinMs);
    await Promise.allSettled(this.#running);
    clearTimeout(timer);
  }

  /** One that is busy ends by itself; until then nobody else gets its place. */
  #leave(place: string, turn: Turn): void {
    Object.assign(turn, { desk: null, failure: null });
    if (!turn.isBusy) this.#turns.delete(place);
  }

  #begin(desk: Desk, channel: Channel): void {
    const place = `${desk.integrationId}/${channel.name}`;
    const turn = this.#turns.get(place) ?? { desk, isBusy: false, failures: 0, notBefore: 0, renewedAt: 0, failure: null };
    this.#turns.set(place, turn);
    // Settings that somebody has just mended are tried at once.
    if (turn.desk !== desk && JSON.stringify(turn.desk?.section) !== JSON.stringify(desk.section)) Object.assign(turn, { failures: 0, notBefore: 0 });
    turn.desk = desk;
    if (turn.isBusy || turn.notBefore > this.#options.now()) return;
    turn.isBusy = true;
    const running = this.#turn(desk, channel, turn).finally(() => {
      turn.isBusy = false;
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  async #turn(desk: Desk, channel: Channel, turn: Turn): Promise<void> {
    const { isLeading, logger, now } = this.#options;
    try {
      while (turn.desk === desk && isLeading() && !this.#abort.signal.aborted) {
        const work = nextWork(this.#alertsOf(desk), channel.manner, { section: desk.section, destination: channel.name, now: now() });
        if (work === null) break;
        await this.#deliver(channel, work);
        Object.assign(turn, { failures: 0, failure: null });
      }
      if (turn.desk === desk) await this.#renew(desk, channel, turn);
    } catch (error) {
      // What the settings before came to says nothing of those that are in force.
      if (turn.desk !== desk) return;
      turn.failures += 1;
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (turn.failures - 1));
      turn.notBefore = now() + Math.max(pause, error instanceof NotNow ? error.retryAfterMs : 0);
      turn.failure = `${desk.integrationId}: ${messageOf(error)}`;
      if (!this.#abort.signal.aborted) logger.warn({ integration_id: desk.integrationId, destination: channel.name, error: messageOf(error), failures: turn.failures }, 'a destination is away; its alerts wait');
    }
  }

  #alertsOf({ integrationId }: Desk): Tracked[] {
    return [...this.#options.book.alerts.values()].filter(({ alert }) => alert.integrationId === integrationId);
  }

  async #deliver(channel: Channel, work: Work): Promise<void> {
    const { logger, onSent, now } = this.#options;
    const { name: destination } = channel;
    const { step, tracked } = work;
    const sentOf = (one: Tracked): Sent => one.sent.get(destination) ?? nothingSent;
    const mayBeRepeated = tracked.some((one) => sentOf(one).trying === step);
    // Written down before, since the receiver can't tell: whoever comes after a crash has to say so.
    if (!channel.isKeyed) await this.#note(destination, tracked, (sent) => ({ ...sent, trying: step }));
    try {
      const reference = await channel.send({ ...work, now: now(), signal: this.#abort.signal, mayBeRepeated });
      onSent({ destination, step, outcome: 'sent' });
      await this.#note(destination, tracked, (sent) => after(sent, step, now(), reference));
    } catch (error) {
      if (error instanceof Refused && tracked.length > 1) {
        // One of them is at fault: the others go by themselves.
        if (!channel.isKeyed) await this.#note(destination, tracked, (sent) => ({ ...sent, trying: mayBeRepeated ? step : undefined }));
        for (const one of tracked) await this.#deliver(channel, { step, tracked: [one] });
        return;
      }
      if (error instanceof Refused) {
        onSent({ destination, step, outcome: 'refused' });
        logger.error({ destination, step, alerts: tracked.map(({ alert }) => alert.id), error: error.message }, 'a destination refused an alert for good; it is not sent there again');
        return this.#note(destination, tracked, (sent) => ({ ...sent, stage: 'refused', trying: undefined }));
      }
      onSent({ destination, step, outcome: 'failed' });
      if (error instanceof NotNow && !error.sent) await this.#note(destination, tracked, (sent) => ({ ...sent, trying: mayBeRepeated ? step : undefined }));
      throw error;
    }
  }

  /** In memory at once, so that nothing is told twice while Kafka is away. */
  async #note(destination: string, tracked: readonly Tracked[], change: (sent: Sent) => Sent): Promise<void> {
    for (const one of tracked) one.sent.set(destination, change(one.sent.get(destination) ?? nothingSent));
    await this.#write(tracked.map((one) => this.#options.book.toldRecord(one)));
  }

  async #write(records: readonly BookRecord[]): Promise<void> {
    const { append, isLeading } = this.#options;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, 2 * pause)) {
      try {
        await Promise.all(records.map(append));
        return;
      } catch (error) {
        // Whoever leads now reads what is written; nothing more is told from here.
        if (!isLeading() || this.#abort.signal.aborted) throw error;
        this.#options.logger.warn({ error: messageOf(error) }, 'what was told could not be written down yet');
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  async #renew(desk: Desk, channel: Channel, turn: Turn): Promise<void> {
    const { renew, name } = channel;
    const now = this.#options.now();
    if (renew === undefined || now - turn.renewedAt < renew.everyMs || !this.#options.isLeading()) return;
    const open = this.#alertsOf(desk).filter(({ sent }) => ['fired', 'acknowledged'].includes(sent.get(name)?.stage ?? ''));
    if (open.length > 0) await renew.send(open, { now, signal: this.#abort.signal });
    Object.assign(turn, { renewedAt: now, failures: 0, failure: null });
  }
}
