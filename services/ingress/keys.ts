// Gives out the keys to seal with, and makes those that are missing: they are in the topic of keys before anything that is sealed with
// them is acknowledged.
import { keysTopic } from '../runtime/event-log.ts';
import type { LogProducer } from '../runtime/kafka/producer.ts';
import { keyRecord, type Owner } from '../runtime/personal/key-records.ts';
import { nameOf, subjectIn } from '../runtime/personal/key-ring.ts';
import { discardedKey, newKey, type Key } from '../runtime/personal/sealed.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { TICKET, type KeySource, type SealedFor } from './event/seal.ts';
import type { Held, SealingKeys } from './sealing-keys.ts';

export function createKeySource(environments: ReadonlyMap<string, SealingKeys>, producer: Pick<LogProducer, 'append'>): KeySource {
  const make = (keys: SealingKeys, environment: string, owner: Owner): Held => {
    const [name, key, now] = [nameOf(owner), newKey(), new Date()];
    const held: Held = { key, madeAt: now.getTime(), isGone: false, kept: null };
    held.kept = producer.append(keysTopic(environment), keyRecord(key, owner, now)).then(() => {
      held.kept = null;
    });
    // It may still have landed; whoever tries again makes another.
    held.kept.catch(() => keys.drop(name, held));
    keys.put(name, held);
    return held;
  };
  const keyFor = (wanted: SealedFor): Key | Promise<Key> => {
    const { environment, integrationId, happenedAt, opens } = wanted;
    const keys = environments.get(environment);
    if (keys === undefined) throw new RuntimeError('CONFIG_INVALID', `no keys are followed for ${environment}`);
    const own = nameOf(wanted);
    const name = (wanted.subject.startsWith(TICKET) ? keys.openerOf(own) : undefined) ?? own;
    if (happenedAt <= keys.erasedAt(name) || (name !== own && happenedAt <= keys.erasedAt(own))) return discardedKey();
    if (opens !== undefined) keys.opened(nameOf({ integrationId, subject: opens }), name);
    const held = keys.find(name, Date.now()) ?? make(keys, environment, { integrationId, subject: subjectIn(name, integrationId) });
    // While it was on its way its owner may have been forgotten.
    return held.kept === null ? held.key : held.kept.then(() => (held.isGone ? keyFor(wanted) : held.key));
  };
  return { keyFor };
}
