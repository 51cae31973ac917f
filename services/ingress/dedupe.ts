// Recent events, so that a retry is answered `duplicate` without a second append. A courtesy
// to the log's size, not the guarantee: the projections count each event once without it.
// An event that is still on its way makes its retry wait for the same outcome.
import { LRUCache } from 'lru-cache';
import type { LogRecord } from '../runtime/event-log.ts';

export interface DedupeKey {
  readonly integrationId: string;
  readonly eventId: string;
  /** SHA-256 of the body: an event in quarantine may come again corrected, with another body. */
  readonly bodySha256: string;
}

export type Stored = 'accepted' | 'quarantined';

const eventKey = ({ integrationId, eventId }: DedupeKey): string => `${integrationId}\n${eventId.toLowerCase()}`;
const bodyKey = (key: DedupeKey): string => `${eventKey(key)}\n${key.bodySha256}`;

export class DedupeWindow {
  readonly #seen: LRUCache<string, true>;
  readonly #onTheWay = new Map<string, Promise<Stored>>();

  constructor(maxEvents: number) {
    this.#seen = new LRUCache({ max: maxEvents });
  }

  /** Runs `store` unless the event is known; a failure is forgotten, so that the sender's retry is tried anew. */
  async once(key: DedupeKey, store: () => Promise<Stored>): Promise<Stored | 'duplicate'> {
    if (this.#seen.has(eventKey(key)) || this.#seen.has(bodyKey(key))) return 'duplicate';
    const onTheWay = this.#onTheWay.get(eventKey(key));
    if (onTheWay !== undefined) {
      await onTheWay;
      return this.once(key, store);
    }
    const storing = store();
    this.#onTheWay.set(eventKey(key), storing);
    try {
      const stored = await storing;
      this.remember(key, stored);
      return stored;
    } finally {
      this.#onTheWay.delete(eventKey(key));
    }
  }

  remember(key: DedupeKey, stored: Stored): void {
    this.#seen.set(stored === 'accepted' ? eventKey(key) : bodyKey(key), true);
  }

  /** Takes a record of the log's tail in, at start. */
  rebuildFrom(record: LogRecord, stored: Stored): void {
    const { integration_id: integrationId, ce_id: eventId, body_sha256: bodySha256, origin, resolution } = record.headers;
    if (integrationId === undefined || eventId === undefined) return;
    // Poison that a projection found in the log never came through this door, and what was done about an item is none.
    if (stored === 'quarantined' && (origin !== 'http' || resolution !== undefined)) return;
    this.remember({ integrationId, eventId, bodySha256: bodySha256 ?? '' }, stored);
  }
}
