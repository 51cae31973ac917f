// Gives out the keys to seal with, and makes those that are missing: they are in the topic of keys before anything that is sealed with
// them is acknowledged.
import { keysTopic } from '../runtime/event-log.ts';
import type { LogProducer } from '../runtime/kafka/producer.ts';
import { keyRecord, type Owner } from '../runtime/personal/key-records.ts';
import { discardedKey, newKey, type Key } from '../runtime/personal/sealed.ts';
import { RuntimeError } from '../runtime/errors.ts';
import type { KeySource, SealedFor } from './event/seal.ts';
import type { Held, SealingKeys } from './sealing-keys.ts';

export function createKeySource(environments: ReadonlyMap<string, SealingKeys>, producer: Pick<LogProducer, 'append'>): KeySource {
  const make = (keys: SealingKeys, environment: string, owner: Owner): Held => {
    const [key, now] = [newKey(), new Date()];
    const held: Held = { key, madeAt: now.getTime(), isGone: false, kept: null };
    held.kept = producer.append(keysTopic(environment), keyRecord(key, owner, now)).then(() => {
      held.kept = null;
    });
    // It may still have landed; whoever tries again makes another.
    held.kept.catch(() => keys.drop(owner, held));
    keys.put(owner, held);
    return held;
  };
  const keyFor = (wanted: SealedFor): Key | Promise<Key> => {
    const keys = environments.get(wanted.environment);
    if (keys === undefined) throw new RuntimeError('CONFIG_INVALID', `no keys are followed for ${wanted.environment}`);
    const owner = keys.openerOf(wanted);
    if (wanted.happenedAt <= Math.max(keys.erasedAt(wanted), keys.erasedAt(owner))) return discardedKey();
    if (wanted.opens !== undefined) keys.opened({ ...wanted, subject: wanted.opens }, wanted.subject);
    const held = keys.find(owner, Date.now()) ?? make(keys, wanted.environment, owner);
    // While it was on its way its owner may have been forgotten.
    return held.kept === null ? held.key : held.kept.then(() => (held.isGone ? keyFor(wanted) : held.key));
  };
  return { keyFor };
}
