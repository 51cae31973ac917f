// Follows the topic of keys: at a start it is read to its end, whole or from some time on; then what comes is taken in as it comes.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RuntimeError } from '../errors.ts';
import { keysTopic } from '../event-log.ts';
import type { KafkaConnection } from '../kafka/admin.ts';
import { offsetsSince, topicOffsets } from '../kafka/topic-offsets.ts';
import { readRanges } from '../kafka/ranges.ts';
import type { Stoppable } from '../lifecycle.ts';
import { followTopic } from './follow-topic.ts';
import { KeyRing } from './key-ring.ts';
import { DISCARDED, SEALS_FOR_MS, type Key } from './sealed.ts';

export interface Keys extends Stoppable {
  readonly ring: KeyRing;
  /** Resolves when all is taken in that the topic holds now. @throws RuntimeError `LOG_UNAVAILABLE`. */
  caughtUp(): Promise<void>;
  /** Undefined when it was deleted, or never was. @param recordedAt when what it sealed came into the log: a key is older. */
  find(keyId: string, recordedAt: number): Promise<Key | undefined>;
}

/** Without any of it coming. How long it may take in all depends on how many keys there are. */
const SILENT_MS = 60_000;
const LOOK_EVERY_MS = 20;
/** Between the clocks of two machines. */
const CLOCKS_DIFFER_MS = 60_000;

/** Where the topic is now. */
async function positionOf(connection: KafkaConnection, topic: string): Promise<{ readonly low: number; readonly end: number }> {
  const [position] = await topicOffsets(connection, topic).catch((error: unknown) => {
    throw new RuntimeError('LOG_UNAVAILABLE', `${topic}: ${messageOf(error)}; if there is no such topic: npm run topics`, { cause: error });
  });
  const { low = 0, high = 0 } = position ?? {};
  return { low, end: low < high ? high : 0 };
}

/** What came before a time, read when it is first asked for. Whoever asks after a failure tries anew. */
function keysBefore(connection: KafkaConnection, topic: string, range: { readonly from: number; readonly to: number }): () => Promise<KeyRing> {
  let ring: Promise<KeyRing> | null = null;
  const read = async (): Promise<KeyRing> => {
    const older = new KeyRing();
    await readRanges(connection, topic, [{ partition: 0, ...range }], (records) => records.forEach((record) => older.apply(record)));
    return older;
  };
  return () => {
    const reading = (ring ??= read());
    return reading.catch((error: unknown) => {
      if (ring === reading) ring = null;
      throw error;
    });
  };
}

/** @param since what is older is read only when a key is not found. @throws RuntimeError `LOG_UNAVAILABLE`, also while the topic is not there. */
export async function followKeys(connection: KafkaConnection, environment: string, since?: Date): Promise<Keys> {
  const topic = keysTopic(environment);
  // Asked first, so that nothing is begun for a topic that is not there.
  const { low } = await positionOf(connection, topic);
  const [{ from } = { from: low }] = since === undefined ? [] : await offsetsSince(connection, topic, since);
  const ring = new KeyRing(from);
  const before = keysBefore(connection, topic, { from: low, to: from });
  const following = await followTopic(connection, { topic, from: from > low ? from : null, take: (records) => records.forEach((record) => ring.apply(record)) });
  let current = 0;
  const caughtUp = async (): Promise<void> => {
    const asked = Date.now();
    const { end } = await positionOf(connection, topic);
    let [seen, at] = [ring.next, asked];
    while (ring.next < end) {
      await sleep(LOOK_EVERY_MS);
      if (ring.next > seen) [seen, at] = [ring.next, Date.now()];
      if (Date.now() - at > SILENT_MS) throw new RuntimeError('LOG_UNAVAILABLE', `${topic} is read up to ${ring.next} of ${end}, and nothing came for ${SILENT_MS / 1_000} s`);
    }
    current = Math.max(current, asked);
  };
  try {
    await caughtUp();
  } catch (error) {
    await following.stop();
    throw error;
  }
  return {
    ...following, ring, caughtUp,
    find: async (keyId, recordedAt) => {
      if (keyId === DISCARDED) return undefined;
      if (ring.find(keyId) === undefined && recordedAt + CLOCKS_DIFFER_MS > current) await caughtUp();
      const key = ring.find(keyId);
      return key !== undefined || ring.isDeleted(keyId) || from <= low ? key : (await before()).find(keyId);
    },
  };
}

/**
 * For those who may never need them: followed from the first question on, and from as long before what it is about as a key seals. So what
 * is read and held grows with what the consumer reads of the log, not with history.
 */
export function keysWhenNeeded(connection: KafkaConnection, environment: string): Stoppable & Pick<Keys, 'find'> {
  let keys: Promise<Keys> | null = null;
  const followed = async (recordedAt: number): Promise<Keys> => {
    const following = (keys ??= followKeys(connection, environment, new Date(Math.max(0, recordedAt - SEALS_FOR_MS - CLOCKS_DIFFER_MS))));
    // Whoever asks after a failure tries anew.
    return following.catch((error: unknown) => {
      if (keys === following) keys = null;
      throw error;
    });
  };
  return {
    name: 'keys',
    find: async (keyId, recordedAt) => (await followed(recordedAt)).find(keyId, recordedAt),
    stop: async () => (await keys?.catch(() => null))?.stop(),
  };
}
