// Which events were done lately, by identity, so that a copy of one that the log holds twice is
// not done twice. Two generations bound the memory: between `events` and twice as many are known.
import { createHash } from 'node:crypto';
import type { Identity } from '../avro/skim.ts';

/** 16 bytes in a one-byte string: a third of the memory of the ids themselves, and no two alike. */
export function eventKey({ integration_id, ticket_id, event_id }: Identity): string {
  return createHash('sha256').update(JSON.stringify([integration_id, ticket_id, event_id.toLowerCase()])).digest().toString('latin1', 0, 16);
}

export class RecentEvents {
  readonly #events: number;
  #current = new Set<string>();
  #previous = new Set<string>();

  constructor(events: number) {
    this.#events = Math.max(1, events);
  }

  has(key: string): boolean {
    return this.#current.has(key) || this.#previous.has(key);
  }

  add(key: string): void {
    this.#current.add(key);
    if (this.#current.size < this.#events) return;
    this.#previous = this.#current;
    this.#current = new Set();
  }
}
