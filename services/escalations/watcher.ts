// What ClickHouse knows of the alerts, and which timers are to be told of. Asked in small pieces at a pace, whatever there is
// of history: tickets by their keys, those asked longest ago first, and what is due within a window of time.
import type { ClickHouse } from '../runtime/clickhouse.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Kind } from './alert.ts';
import { foundRecord, sinceRecord, type AlertBook, type BookRecord, type Tracked } from './book.ts';
import { keyOf, ticketFacts, ticketsDue, TICKETS_AT_ONCE, type TicketKey } from './facts.ts';
import { outcomeOf, type TicketFacts } from './outcome.ts';
import type { Desk } from './pager.ts';
import { timerAlerts, type Warnings } from './timers.ts';

export interface WatcherOptions {
  readonly book: AlertBook;
  readonly clickhouse: ClickHouse;
  readonly append: (record: BookRecord) => Promise<void>;
  readonly logger: Logger;
  readonly now: () => number;
}

const MINUTE_MS = 60_000;
/** Of alerts: a young one is about to change, an old one isn't. */
const ASK_EVERY_MS = 3_000;
const ASK_AT_LEAST_EVERY_MS = 60_000;
/** Of timers that are due. */
const LOOK_EVERY_MS = 5_000;
/** How far back a look goes, so that facts that come late are seen; and every so often, after a failure and at the start, by a day. */
const BACK_MS = 10 * MINUTE_MS;
const FAR_BACK_MS = 24 * 60 * MINUTE_MS;
const FAR_EVERY_MS = 10 * MINUTE_MS;

const askEveryMs = ({ alert }: Tracked, now: number): number => Math.min(ASK_AT_LEAST_EVERY_MS, Math.max(ASK_EVERY_MS, (now - alert.seenAt) / 60));

export class Watcher {
  readonly #options: WatcherOptions;
  readonly #failures = new Map<string, string>();
  #asking: Promise<void> | null = null;
  #looking: Promise<void> | null = null;
  #lookedAt = 0;
  #lookedFarAt = 0;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  /** Why ClickHouse isn't asked at the moment; alerts go out without its answers. */
  warnings(): string[] {
    return [...this.#failures.values()];
  }

  /** Begins what is due to be asked; returns at once. */
  ask(desks: readonly Desk[], onNews: () => void): void {
    this.#asking ??= this.#attempt('tickets', () => this.#askTickets(desks)).then(onNews).finally(() => {
      this.#asking = null;
    });
    this.#looking ??= this.#attempt('timers', () => this.#lookForTimers(desks)).then(onNews).finally(() => {
      this.#looking = null;
    });
  }

  async settled(): Promise<void> {
    await Promise.all([this.#asking, this.#looking]);
  }

  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#failures.delete(what);
    } catch (error) {
      if (!this.#failures.has(what)) this.#options.logger.warn({ error: messageOf(error) }, `ClickHouse does not tell of ${what}`);
      this.#failures.set(what, `ClickHouse does not tell of ${what}: ${messageOf(error)}`);
      if (what === 'timers') this.#lookedFarAt = 0;
    }
  }

  async #askTickets(desks: readonly Desk[]): Promise<void> {
    const { book, clickhouse, now } = this.#options;
    const known = new Set(desks.map(({ integrationId }) => integrationId));
    const due = [...book.alerts.values()]
      .filter((tracked) => known.has(tracked.alert.integrationId) && tracked.outcome.overAt === null && now() - tracked.askedAt >= askEveryMs(tracked, now()))
      .sort((a, b) => a.askedAt - b.askedAt);
    const tickets = new Map(due.slice(0, TICKETS_AT_ONCE).map(({ alert }) => [keyOf(alert), alert]));
    const asked = due.filter(({ alert }) => tickets.has(keyOf(alert)));
    // Also when it fails: it is not asked again at once, and nobody waits for the answer.
    const at = now();
    const facts = await ticketFacts(clickhouse, [...tickets.values()]).finally(() => {
      for (const tracked of asked) tracked.askedAt = at;
    });
    for (const tracked of asked) this.#learn(tracked, facts.get(keyOf(tracked.alert)));
  }

  #learn(tracked: Tracked, facts: TicketFacts | undefined): void {
    if (facts !== undefined) tracked.outcome = outcomeOf(tracked.alert, facts);
  }

  async #lookForTimers(desks: readonly Desk[]): Promise<void> {
    const { now } = this.#options;
    if (now() - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now();
    const warned = await this.#warnings(desks);
    if (warned.size === 0) return;
    const isFar = now() - this.#lookedFarAt >= FAR_EVERY_MS;
    if (isFar) this.#lookedFarAt = now();
    for (const ticket of chunks(await this.#ticketsDue(warned, isFar))) await this.#tellOf(ticket, warned);
  }

  #ticketsDue(warned: ReadonlyMap<string, Warnings>, isFar: boolean): Promise<TicketKey[]> {
    const { clickhouse, now } = this.#options;
    const all = [...warned.values()];
    const since = Math.min(...all.map((warnings) => warnings.since));
    const back = isFar ? FAR_BACK_MS : BACK_MS + Math.max(...all.map(({ missedAfterMinutes }) => missedAfterMinutes)) * MINUTE_MS;
    const ahead = Math.max(...all.map(({ on, dueSoonMinutes }) => (on.has('due_soon') ? dueSoonMinutes : 0))) * MINUTE_MS;
    return ticketsDue(clickhouse, [...warned.keys()], { from: Math.max(since, now() - back), to: now() + ahead });
  }

  async #tellOf(tickets: readonly TicketKey[], warned: ReadonlyMap<string, Warnings>): Promise<void> {
    const { book, clickhouse, append, now } = this.#options;
    for (const facts of (await ticketFacts(clickhouse, tickets)).values()) {
      const warnings = warned.get(facts.integrationId);
      if (warnings === undefined) continue;
      for (const alert of timerAlerts(facts, warnings, now())) {
        if (book.alerts.has(alert.id)) continue;
        await append(foundRecord(alert));
        book.add(alert);
        const tracked = book.alerts.get(alert.id);
        if (tracked !== undefined) Object.assign(tracked, { outcome: outcomeOf(alert, facts), askedAt: now() });
      }
    }
  }

  /** By integration, of those whose routes want to hear of timers. */
  async #warnings(desks: readonly Desk[]): Promise<Map<string, Warnings>> {
    const { book, append, now } = this.#options;
    const found = new Map<string, Warnings>();
    for (const { integrationId, section } of desks) {
      const on = new Set(section.routes.flatMap((route) => route.on).filter((kind): kind is Kind => kind !== 'escalated'));
      if (on.size === 0) continue;
      const since = book.since.get(integrationId) ?? now();
      if (!book.since.has(integrationId)) await append(sinceRecord(integrationId, since));
      book.since.set(integrationId, since);
      found.set(integrationId, { on, since, dueSoonMinutes: section.due_soon_minutes, missedAfterMinutes: section.missed_after_minutes });
    }
    return found;
  }
}

const chunks = (tickets: readonly TicketKey[]): TicketKey[][] =>
  Array.from({ length: Math.ceil(tickets.length / TICKETS_AT_ONCE) }, (_, place) => tickets.slice(place * TICKETS_AT_ONCE, (place + 1) * TICKETS_AT_ONCE));
