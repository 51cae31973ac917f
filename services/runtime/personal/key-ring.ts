// The keys that there are, as their topic tells them, from its start or from somewhere on. An owner may have several: each opens what it sealed.
import type { LogRecord } from '../event-log.ts';
import { readKeysEntry, type Owner } from './key-records.ts';
import type { Key } from './sealed.ts';

/** Of an environment. */
export const nameOf = ({ integrationId, subject }: Owner): string => `${integrationId}\n${subject}`;

/** Of a name of the integration's. */
export const subjectIn = (name: string, integrationId: string): string => name.slice(integrationId.length + 1);

const KEY_BYTES = 32;
const FIRST_SLOTS = 1_024;

/** Bytes of keys by slot: a buffer of its own for each would be several times as much. */
class Slab {
  #bytes = Buffer.alloc(FIRST_SLOTS * KEY_BYTES);

  put(slot: number, key: Buffer): void {
    if ((slot + 1) * KEY_BYTES > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    key.copy(this.#bytes, slot * KEY_BYTES, 0, KEY_BYTES);
  }

  at(slot: number): Buffer {
    return this.#bytes.subarray(slot * KEY_BYTES, (slot + 1) * KEY_BYTES);
  }

  wipe(slot: number): void {
    this.at(slot).fill(0);
  }
}

export class KeyRing {
  readonly #slots = new Map<string, number>();
  readonly #slab = new Slab();
  readonly #owners: string[] = [];
  /** Ids by owner, in the topic's order; most have one. */
  readonly #owned = new Map<string, string | readonly string[]>();
  readonly #erasedAt = new Map<string, number>();
  readonly #deleted = new Set<string>();
  #next: number;

  /** @param from the first offset that is taken in. */
  constructor(from = 0) {
    this.#next = from;
  }

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

  #add({ id, bytes }: Key, owner: string): void {
    if (this.#slots.has(id) || bytes.length !== KEY_BYTES) return;
    this.#deleted.delete(id);
    const slot = this.#owners.length;
    this.#slab.put(slot, bytes);
    this.#slots.set(id, slot);
    this.#owners.push(owner);
    const others = this.#idsOf(owner);
    this.#owned.set(owner, others.length === 0 ? id : [...others, id]);
  }

  #delete(keyId: string): void {
    this.#deleted.add(keyId);
    const slot = this.#slots.get(keyId);
    if (slot === undefined) return;
    this.#slots.delete(keyId);
    this.#slab.wipe(slot);
    const owner = this.#owners[slot] ?? '';
    const others = this.#idsOf(owner).filter((id) => id !== keyId);
    if (others.length === 0) this.#owned.delete(owner);
    else this.#owned.set(owner, others);
  }

  #idsOf(owner: string): readonly string[] {
    const ids = this.#owned.get(owner) ?? [];
    return typeof ids === 'string' ? [ids] : ids;
  }

  find(keyId: string): Key | undefined {
    const slot = this.#slots.get(keyId);
    return slot === undefined ? undefined : { id: keyId, bytes: this.#slab.at(slot) };
  }

  /** As far as what was taken in says. */
  isDeleted(keyId: string): boolean {
    return this.#deleted.has(keyId);
  }

  /** All keys of an owner. */
  keysOf(owner: Owner): readonly Key[] {
    return this.#idsOf(nameOf(owner)).flatMap((id) => this.find(id) ?? []);
  }

  /** Owners of a tenant whose subject begins so. */
  *ownersOf(integrationId: string, beginning: string): Generator<Owner> {
    const start = nameOf({ integrationId, subject: beginning });
    for (const owner of this.#owned.keys()) if (owner.startsWith(start)) yield { integrationId, subject: subjectIn(owner, integrationId) };
  }

  /** When an owner was forgotten last, in milliseconds since 1970. */
  erasedAt(owner: Owner): number | undefined {
    return this.#erasedAt.get(nameOf(owner));
  }
}
