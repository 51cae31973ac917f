// Recent events, so that a retry is answered as the first was without a second append. A courtesy
// to the log's size, not the guarantee: the projections count each event once without it.
// An event that is still on its way makes its retry wait for the same outcome.
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { LogRecord } from '../runtime/event-log.ts';
import type { Answer, Refused } from './outcome.ts';

/** An event is the same only within its environment: another one has a log of its own. */
export interface DedupeKey {
  readonly environment: string;
  readonly integrationId: string;
  readonly eventId: string;
  /** Of the body, when it is asked for: an event in quarantine may come again corrected, with another body. */
  readonly bodyHash: () => string;
}

export type Stored = 'accepted' | 'quarantined';

/** A sender may have anything for an id: a longer name is kept as a hash, which none that is kept as it is looks like. */
const LONGEST_KEPT = 200;

function eventKey({ environment, integrationId, eventId }: DedupeKey): string {
  const key = JSON.stringify([environment, integrationId, eventId.toLowerCase()]);
  return key.length <= LONGEST_KEPT ? key : hash('sha256', key, 'base64');
}

const bodyKey = (event: string, { bodyHash }: DedupeKey): string => event + bodyHash();

export class DedupeWindow {
  readonly #max: number;
  /** By event: true once it was accepted, and while it is on its way what comes of it. */
  readonly #events = new Map<string, true | Promise<unknown>>();
  /** Those that were accepted, oldest first from where the next one takes a place. */
  readonly #accepted: string[] = [];
  #next = 0;
  /** What is in quarantine, by event and body: most of the time that is nothing. */
  readonly #quarantined: LRUCache<string, true>;

  constructor(maxEvents: number) {
    this.#max = maxEvents;
    this.#quarantined = new LRUCache({ max: maxEvents });
  }

  /** Runs `store` unless the event is known. A refusal or a failure is forgotten, so that the sender's retry is tried anew. */
  async once(key: DedupeKey, store: () => Promise<Stored | Refused>): Promise<Answer['status'] | Refused> {
    const event = eventKey(key);
    const known = this.#events.get(event);
    if (known === true) return 'duplicate';
    if (this.#quarantined.size > 0 && this.#quarantined.has(bodyKey(event, key))) return 'quarantined';
    if (known !== undefined) {
      await known;
      return this.once(key, store);
    }
    const storing = store();
    this.#events.set(event, storing);
    try {
      const stored = await storing;
      if (stored === 'accepted') this.#accept(event);
      else this.#events.delete(event);
      if (stored === 'quarantined') this.#quarantined.set(bodyKey(event, key), true);
      return stored;
    } catch (error) {
      this.#events.delete(event);
      throw error;
    }
  }

  remember(key: DedupeKey, stored: Stored): void {
    const event = eventKey(key);
    if (stored === 'quarantined') this.#quarantined.set(bodyKey(event, key), true);
    else if (this.#events.get(event) !== true) this.#accept(event);
  }

  #accept(event: string): void {
    this.#events.set(event, true);
    const oldest = this.#accepted[this.#next];
    if (oldest !== undefined) this.#events.delete(oldest);
    this.#accepted[this.#next] = event;
    this.#next = (this.#next + 1) % this.#max;
  }

  /** Takes a record of an environment's log or quarantine in, at start. */
  rebuildFrom({ headers }: LogRecord, environment: string, stored: Stored): void {
    const { integration_id: integrationId, ce_id: eventId, body_sha256: bodyHash = '', origin, resolution } = headers;
    if (integrationId === undefined || eventId === undefined) return;
    // Poison that a projection found in the log never came through this door, and what was done about an item is none.
    if (stored === 'quarantined' && (origin !== 'http' || resolution !== undefined)) return;
    this.remember({ environment, integrationId, eventId, bodyHash: () => bodyHash }, stored);
  }
}
