// The keys that one process seals with in one environment, as many as fit: those that it made, and those that the topic of keys brought
// lately. Whoever's key is not among them gets another one; all of them open, and all are deleted when their owner is forgotten. So how
// much is read at a start, and held, does not grow with history. Who was ever forgotten is known whole. Owners go by their name (key-ring.ts).
import type { LogRecord } from '../runtime/event-log.ts';
import { keyIdOf, readKeysEntry, type Owner } from '../runtime/personal/key-records.ts';
import { nameOf } from '../runtime/personal/key-ring.ts';
import { SEALS_FOR_MS, type Key } from '../runtime/personal/sealed.ts';

export interface Held {
  readonly key: Key;
  readonly madeAt: number;
  /** Its owner was forgotten, or it was deleted. */
  isGone: boolean;
  /** Resolves once the topic has it; null from then on. */
  kept: Promise<unknown> | null;
}

type KeysRecord = Pick<LogRecord, 'offset' | 'key' | 'value'>;

/** Some 600 bytes each. */
export const MOST_HELD = 50_000;
/** What a ticket says that more than one customer opened. */
const SEVERAL = '';

export class SealingKeys {
  /** Oldest first. Which was used last is not kept, as every event would have to: who writes on long after gets another key. */
  readonly #held = new Map<string, Held>();
  /** Of the keys held: whose. */
  readonly #names = new Map<string, string>();
  readonly #openers = new Map<string, string>();
  readonly #erasedAt = new Map<string, number>();
  readonly #max: number;
  #next = 0;

  constructor(max = MOST_HELD) {
    this.#max = max;
  }

  /** What the topic of keys has, in its order; what was taken in already is passed over. @returns the keys that were held of whoever it says is forgotten. */
  apply(record: KeysRecord): readonly Key[] {
    if (record.offset < this.#next) return [];
    this.#next = record.offset + 1;
    // Most are those that this process made itself.
    if (record.value !== null && this.#names.has(keyIdOf(record.key) ?? '')) return [];
    const entry = readKeysEntry(record);
    if (entry?.kind === 'key') this.#adopt({ key: entry.key, madeAt: Date.parse(entry.createdAt), isGone: false, kept: null }, entry);
    if (entry?.kind === 'deleted') this.#end(this.#names.get(entry.keyId) ?? '');
    return entry?.kind === 'erasure' ? this.#forget(entry.integrationId, entry.subjects, Date.parse(entry.erasedAt)) : [];
  }

  /** An erasure of the past: of any offset. */
  applyErasure(record: Pick<KeysRecord, 'key' | 'value'>): void {
    const entry = readKeysEntry(record);
    if (entry?.kind === 'erasure') this.#forget(entry.integrationId, entry.subjects, Date.parse(entry.erasedAt));
  }

  /** Of another process, or of before the start. One that is older than an erasure came back with an older copy of the topic. */
  #adopt(held: Held, owner: Owner): void {
    const name = nameOf(owner);
    if (!this.#held.has(name) && held.madeAt > this.erasedAt(name)) this.put(name, held);
  }

  #end(name: string): Key | undefined {
    const held = this.#held.get(name);
    if (held === undefined) return undefined;
    held.isGone = true;
    this.drop(name, held);
    return held.key;
  }

  /** Clocks differ: whenever the keys that are held were made, they may be deleted with the others. */
  #forget(integrationId: string, subjects: readonly string[], at: number): Key[] {
    return subjects.map((subject) => nameOf({ integrationId, subject })).flatMap((name) => {
      this.#erasedAt.set(name, Math.max(at, this.erasedAt(name)));
      this.#openers.delete(name);
      return this.#end(name) ?? [];
    });
  }

  /** The one that is held and may still seal. */
  find(name: string, now: number): Held | undefined {
    const held = this.#held.get(name);
    return held === undefined || held.madeAt + SEALS_FOR_MS < now ? undefined : held;
  }

  put(name: string, held: Held): void {
    this.drop(name, this.#held.get(name));
    this.#held.set(name, held);
    this.#names.set(held.key.id, name);
    if (this.#held.size <= this.#max) return;
    const [oldest = ''] = this.#held.keys();
    this.drop(oldest, this.#held.get(oldest));
  }

  /** Forgets it, if it is the one that is held. */
  drop(name: string, held: Held | undefined): void {
    if (held === undefined || this.#held.get(name) !== held) return;
    this.#held.delete(name);
    this.#names.delete(held.key.id);
  }

  /** When an owner was forgotten last, in milliseconds since 1970. */
  erasedAt(name: string): number {
    return this.#erasedAt.get(name) ?? -Infinity;
  }

  /** What others say in a ticket is sealed for the customer who opened it, if one did. */
  opened(ticket: string, customer: string): void {
    const known = this.#openers.get(ticket) ?? customer;
    this.#openers.set(ticket, known === customer ? customer : SEVERAL);
    if (this.#openers.size <= this.#max) return;
    const [oldest = ''] = this.#openers.keys();
    this.#openers.delete(oldest);
  }

  /** The name of a ticket's customer, if one is known to have opened it. */
  openerOf(ticket: string): string | undefined {
    return this.#openers.get(ticket) || undefined;
  }
}
