// What is landed and has no facts yet: the tickets that were touched, and how far each partition is done once their facts
// are written. Offsets are committed only then, so a crash lands a few seconds of records again and nothing has to be
// searched for. Of a partition only the newest batch is held, since a batch holds its records.
import type { ManualBatch } from '../../event-log.ts';
import { placeOf } from '../breaker.ts';
import type { Ticket, TouchedTicket } from '../facts.ts';
import type { LandingRow } from '../landing.ts';
import type { KeptBatch } from './triage.ts';

/**
 * Far behind, facts wait for as long as this, or for as many events: a ticket's next ones are likely among them. Where folding
 * takes long, it waits longer, so that it is the smaller part of the work.
 */
const FOLD_AFTER_MS = 10_000;
const FOLD_SHARE = 3;
const FOLD_AFTER_EVENTS = 200_000;

interface Done {
  readonly batch: ManualBatch;
  /** The next offset to read. */
  readonly next: number;
}

const keyOf = ({ integration_id, ticket_id }: Ticket): string => `${integration_id}\0${ticket_id}`;

export class Unfolded {
  /** Types of events that a ticket's timeline keeps; null where there are no facts. */
  readonly #types: ReadonlySet<string> | null;
  readonly #tickets = new Map<string, TouchedTicket & { readonly landed: Set<string> }>();
  readonly #done = new Map<string, Done>();
  #events = 0;
  #since = 0;
  #waitMs = FOLD_AFTER_MS;

  constructor(types: readonly string[] | null) {
    this.#types = types === null ? null : new Set(types);
  }

  add({ batch, landed, handled, next }: KeptBatch): void {
    if (this.#done.size === 0) this.#since = Date.now();
    if (this.#types !== null) for (const row of landed) this.#touch(row, this.#types);
    this.#events += landed.length;
    const last = batch.records.at(-1);
    if (last !== undefined && handled.length > 0) this.#done.set(placeOf(batch), { batch, next: next?.offset ?? last.offset + 1 });
  }

  #touch({ identity, eventType }: LandingRow, types: ReadonlySet<string>): void {
    if (identity === undefined) return;
    const key = keyOf(identity);
    const ticket = this.#tickets.get(key) ?? { integration_id: identity.integration_id, ticket_id: identity.ticket_id, landed: new Set() };
    if (types.has(eventType)) ticket.landed.add(identity.event_id);
    this.#tickets.set(key, ticket);
  }

  /** Tickets whose facts are missing for another reason. */
  addTickets(tickets: readonly Ticket[]): void {
    for (const ticket of tickets) this.#tickets.set(keyOf(ticket), { ...ticket, landed: new Set() });
  }

  get isEmpty(): boolean {
    return this.#tickets.size === 0 && this.#done.size === 0;
  }

  /** When it has waited long enough, in milliseconds from now. */
  dueInMs(): number {
    return this.#events >= FOLD_AFTER_EVENTS ? 0 : Math.max(0, this.#since + this.#waitMs - Date.now());
  }

  tickets(): TouchedTicket[] {
    return [...this.#tickets.values()];
  }

  folded(tickets: readonly TouchedTicket[]): void {
    for (const ticket of tickets) this.#tickets.delete(keyOf(ticket));
    if (this.#tickets.size === 0) this.#events = 0;
  }

  /**
   * Once all tickets are folded. A commit that fails stays to be tried again.
   * @param foldMs how long the folding took. @returns why a commit failed.
   */
  async commit(foldMs: number): Promise<unknown> {
    this.#since = Date.now();
    this.#waitMs = Math.max(FOLD_AFTER_MS, FOLD_SHARE * foldMs);
    const results = await Promise.allSettled([...this.#done].map(async ([place, done]) => {
      await done.batch.commit(done.next, '');
      this.#done.delete(place);
    }));
    return results.find((result) => result.status === 'rejected')?.reason;
  }
}
