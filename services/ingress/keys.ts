// The keys that this process seals with: those of the topic, and new ones, which are in the topic before anything that is sealed
// with them is acknowledged.
import { LRUCache } from 'lru-cache';
import { keysTopic } from '../runtime/event-log.ts';
import type { LogProducer } from '../runtime/kafka/producer.ts';
import { keyRecord } from '../runtime/personal/key-records.ts';
import type { KeyRing } from '../runtime/personal/key-ring.ts';
import { newKey, type Key } from '../runtime/personal/sealed.ts';
import { RuntimeError } from '../runtime/errors.ts';
import type { KeyOwner, KeySource } from './event/seal.ts';

/** New ones that the topic has not brought back yet. */
const MOST_NEW = 10_000;

export function createKeySource(rings: ReadonlyMap<string, KeyRing>, producer: Pick<LogProducer, 'append'>): KeySource {
  const fresh = new LRUCache<string, { readonly made: Promise<Key>; readonly at: number }>({ max: MOST_NEW });
  const make = (owner: KeyOwner, name: string): Promise<Key> => {
    const [key, now] = [newKey(), new Date()];
    const made = producer.append(keysTopic(owner.environment), keyRecord(key, owner, now)).then(() => key);
    // It may still have landed; whoever tries again makes another.
    made.catch(() => fresh.delete(name));
    fresh.set(name, { made, at: now.getTime() });
    return made;
  };
  return {
    keyFor: (owner, happenedAt) => {
      const ring = rings.get(owner.environment);
      if (ring === undefined) throw new RuntimeError('CONFIG_INVALID', `no keys are followed for ${owner.environment}`);
      const erasedAt = ring.erasedAt(owner) ?? -Infinity;
      if (happenedAt <= erasedAt) return newKey();
      const known = ring.sealingKey(owner);
      // Most are known; what follows is for those that the topic has not brought back yet.
      if (known !== undefined && fresh.size === 0) return known;
      const name = `${owner.environment}\n${owner.integrationId}\n${owner.subject}`;
      if (known !== undefined) {
        fresh.delete(name);
        return known;
      }
      const making = fresh.get(name);
      if (making === undefined || making.at <= erasedAt) return make(owner, name);
      // Clocks differ: that it was made after the erasure does not say that it was not deleted with it.
      return making.made.then((key) => (ring.isDeleted(key.id) ? make(owner, name) : key));
    },
  };
}
