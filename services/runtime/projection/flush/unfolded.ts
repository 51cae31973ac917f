// What is landed and has no facts yet: the tickets that were touched, and how far each partition is done once their facts
// are written. Offsets are committed only then, so a crash lands two minutes of records again at most and nothing has to be
// searched for. What it holds is bounded by events, and of a batch it is the way to commit it, without its records.
import type { ManualBatch } from '../../event-log.ts';
import { placeOf } from '../breaker.ts';
import type { Ticket, TouchedTicket } from '../facts.ts';
import { idHash } from '../id-hash.ts';
import type { LandingRow } from '../landing.ts';
import type { KeptBatch } from './triage.ts';

/**
 * Far behind, facts wait for as long as this, or for as many events: a ticket's next ones are likely among them, and it is
 * computed once for all of them. Where that takes long, it waits longer, so that it is the smaller part of the work. So many
 * events are about 250,000 tickets, and a crash lands them again, which takes less than the wait.
 */
const FOLD_AFTER_MS = 120_000;
const FOLD_SHARE = 3;
const FOLD_AFTER_EVENTS = 3_000_000;

interface Done {
  readonly commit: ManualBatch['commit'];
  /** The next offset to read. */
  readonly next: number;
}

interface Touched extends TouchedTicket {
  readonly landed: number[];
}

const touched = (integration_id: string, ticket_id: string): Touched => ({ integration_id, ticket_id, landed: [] });

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** As they lie in the tables: tickets that are computed together are then read from the same places. */
const inKeyOrder = (a: Ticket, b: Ticket): number => compare(a.integration_id, b.integration_id) || compare(a.ticket_id, b.ticket_id);

export class Unfolded {
  /** Types of events that a ticket's timeline keeps; null where there are no facts. */
  readonly #types: ReadonlySet<string> | null;
  /** By tenant and ticket. */
  readonly #tenants = new Map<string, Map<string, Touched>>();
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
    if (last !== undefined && handled.length > 0) this.#done.set(placeOf(batch), { commit: batch.commit, next: next?.offset ?? last.offset + 1 });
  }

  #touch({ identity, eventType }: LandingRow, types: ReadonlySet<string>): void {
    if (identity === undefined) return;
    const ticket = this.#ticket(identity);
    if (types.has(eventType)) ticket.landed.push(idHash(identity.event_id));
  }

  #ticket({ integration_id, ticket_id }: Ticket): Touched {
    const tickets = this.#tenants.get(integration_id) ?? new Map<string, Touched>();
    if (tickets.size === 0) this.#tenants.set(integration_id, tickets);
    const known = tickets.get(ticket_id);
    if (known !== undefined) return known;
    const ticket = touched(integration_id, ticket_id);
    tickets.set(ticket_id, ticket);
    return ticket;
  }

  /** Tickets whose facts are missing for another reason. */
  addTickets(tickets: readonly Ticket[]): void {
    for (const ticket of tickets) this.#ticket(ticket);
  }

  get isEmpty(): boolean {
    return this.#tenants.size === 0 && this.#done.size === 0;
  }

  /** When it has waited long enough, in milliseconds from now. */
  dueInMs(): number {
    return this.#events >= FOLD_AFTER_EVENTS ? 0 : Math.max(0, this.#since + this.#waitMs - Date.now());
  }

  tickets(): TouchedTicket[] {
    return [...this.#tenants.values()].flatMap((tickets) => [...tickets.values()]).sort(inKeyOrder);
  }

  folded(tickets: readonly TouchedTicket[]): void {
    for (const { integration_id, ticket_id } of tickets) {
      const ofTenant = this.#tenants.get(integration_id);
      ofTenant?.delete(ticket_id);
      if (ofTenant?.size === 0) this.#tenants.delete(integration_id);
    }
    if (this.#tenants.size === 0) this.#events = 0;
  }

  /**
   * Once all tickets are folded. A commit that fails stays to be tried again.
   * @param foldMs how long the folding took. @returns why a commit failed.
   */
  async commit(foldMs: number): Promise<unknown> {
    this.#since = Date.now();
    this.#waitMs = Math.max(FOLD_AFTER_MS, FOLD_SHARE * foldMs);
    const results = await Promise.allSettled([...this.#done].map(async ([place, done]) => {
      await done.commit(done.next, '');
      this.#done.delete(place);
    }));
    return results.find((result) => result.status === 'rejected')?.reason;
  }
}
