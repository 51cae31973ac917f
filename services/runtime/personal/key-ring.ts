// The keys that there are, as their topic tells them. Two ingresses may make one for the same customer at the same moment: both
// open what they sealed, and the one that came first seals from then on.
import type { LogRecord } from '../event-log.ts';
import { readKeysEntry, type Owner } from './key-records.ts';
import type { Key } from './sealed.ts';

interface Kept {
  readonly key: Key;
  readonly owner: string;
}

const nameOf = ({ integrationId, subject }: Owner): string => `${integrationId}\n${subject}`;

export class KeyRing {
  readonly #byId = new Map<string, Kept>();
  /** Ids by owner, in the topic's order. */
  readonly #owned = new Map<string, string[]>();
  readonly #erasedAt = new Map<string, number>();
  readonly #deleted = new Set<string>();
  #next = 0;

  /** The offset that follows what was taken in. */
  get next(): number {
    return this.#next;
  }

  /** Of the topic's one partition; what was taken in already is passed over, so that it may be read again from its start. */
  apply(record: Pick<LogRecord, 'offset' | 'key' | 'value'>): void {
    if (record.offset < this.#next) return;
    this.#next = record.offset + 1;
    const entry = readKeysEntry(record);
    if (entry === null) return;
    switch (entry.kind) {
      case 'key':
        this.#add(entry.key, nameOf(entry));
        break;
      case 'deleted':
        this.#delete(entry.keyId);
        break;
      case 'erasure':
        for (const subject of entry.subjects) this.#erasedAt.set(nameOf({ ...entry, subject }), Date.parse(entry.erasedAt));
    }
  }

  #add(key: Key, owner: string): void {
    if (this.#byId.has(key.id)) return;
    this.#byId.set(key.id, { key, owner });
    this.#owned.set(owner, [...(this.#owned.get(owner) ?? []), key.id]);
  }

  #delete(keyId: string): void {
    this.#deleted.add(keyId);
    const kept = this.#byId.get(keyId);
    if (kept === undefined) return;
    this.#byId.delete(keyId);
    const others = (this.#owned.get(kept.owner) ?? []).filter((id) => id !== keyId);
    if (others.length === 0) this.#owned.delete(kept.owner);
    else this.#owned.set(kept.owner, others);
  }

  find(keyId: string): Key | undefined {
    return this.#byId.get(keyId)?.key;
  }

  isDeleted(keyId: string): boolean {
    return this.#deleted.has(keyId);
  }

  /** The key that an owner's data is sealed with: the one that came first. */
  sealingKey(owner: Owner): Key | undefined {
    const [first] = this.#owned.get(nameOf(owner)) ?? [];
    return first === undefined ? undefined : this.find(first);
  }

  /** All keys of an owner. */
  keysOf(owner: Owner): readonly Key[] {
    return (this.#owned.get(nameOf(owner)) ?? []).flatMap((id) => this.find(id) ?? []);
  }

  /** Owners of a tenant whose subject begins so. */
  *ownersOf(integrationId: string, beginning: string): Generator<Owner> {
    const start = nameOf({ integrationId, subject: beginning });
    for (const owner of this.#owned.keys()) if (owner.startsWith(start)) yield { integrationId, subject: owner.slice(integrationId.length + 1) };
  }

  /** When an owner was forgotten last, in milliseconds since 1970. */
  erasedAt(owner: Owner): number | undefined {
    return this.#erasedAt.get(nameOf(owner));
  }
}
