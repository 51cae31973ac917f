// Follows the topic of keys: at a start it is read to its end, then what comes is taken in as it comes.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RuntimeError } from '../errors.ts';
import { keysTopic } from '../event-log.ts';
import { deleteGroup, topicOffsets, type KafkaConnection } from '../kafka/admin.ts';
import { startConsumer } from '../kafka/consumer.ts';
import { endNow, type Stoppable } from '../lifecycle.ts';
import { KeyRing } from './key-ring.ts';
import type { Key } from './sealed.ts';

export interface Keys extends Stoppable {
  readonly ring: KeyRing;
  /** Null while the topic is followed; else why not. */
  failure(): string | null;
  /** Resolves when all is taken in that the topic holds now. @throws RuntimeError `LOG_UNAVAILABLE`. */
  caughtUp(): Promise<void>;
  /** Undefined when it was deleted, or never was. @param recordedAt when what it sealed came into the log: a key is older. */
  find(keyId: string, recordedAt: number): Promise<Key | undefined>;
}

const FETCH_BYTES = 10_485_760;
const STUCK_AFTER_MS = 600_000;
/** Without any of it coming. How long it may take in all depends on how many keys there are. */
const SILENT_MS = 60_000;
const LOOK_EVERY_MS = 20;
/** Between the clocks of two machines. */
const CLOCKS_DIFFER_MS = 60_000;

/** @throws RuntimeError `LOG_UNAVAILABLE`, also while the topic is not there. */
export async function followKeys(connection: KafkaConnection, environment: string): Promise<Keys> {
  const topic = keysTopic(environment);
  const ring = new KeyRing();
  const end = async (): Promise<number> => {
    const [position] = await topicOffsets(connection, topic).catch((error: unknown) => {
      throw new RuntimeError('LOG_UNAVAILABLE', `${topic}: ${messageOf(error)}; if there is no such topic: npm run topics`, { cause: error });
    });
    const { low = 0, high = 0 } = position ?? {};
    return low < high ? high : 0;
  };
  // Asked first, so that nothing is begun for a topic that is not there.
  await end();
  const groupId = `${connection.clientId}-keys-${randomUUID()}`;
  // Nothing is ever committed: every process begins at the topic's start.
  const consumer = await startConsumer(connection, {
    groupId, topics: [topic], concurrency: 1, fetchBytes: FETCH_BYTES, isCompacted: true, stuckAfterMs: STUCK_AFTER_MS, onStuck: endNow(connection.logger),
    handle: ({ records }) => {
      for (const record of records) ring.apply(record);
      return Promise.resolve();
    },
  });
  let current = 0;
  const caughtUp = async (): Promise<void> => {
    const asked = Date.now();
    const wanted = await end();
    let [seen, since] = [ring.next, asked];
    while (ring.next < wanted) {
      await sleep(LOOK_EVERY_MS);
      if (ring.next > seen) [seen, since] = [ring.next, Date.now()];
      if (Date.now() - since > SILENT_MS) throw new RuntimeError('LOG_UNAVAILABLE', `${topic} is read up to ${ring.next} of ${wanted}, and nothing came for ${SILENT_MS / 1_000} s`);
    }
    current = Math.max(current, asked);
  };
  const stop = async (): Promise<void> => {
    await consumer.stop();
    await deleteGroup(connection, groupId).catch(() => undefined);
  };
  try {
    await caughtUp();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name: 'keys', ring, caughtUp, stop,
    failure: () => consumer.failure(),
    find: async (keyId, recordedAt) => {
      if (ring.find(keyId) === undefined && recordedAt + CLOCKS_DIFFER_MS > current) await caughtUp();
      return ring.find(keyId);
    },
  };
}

/** For those who may never need them: followed from the first question on. */
export function keysWhenNeeded(connection: KafkaConnection, environment: string): Stoppable & Pick<Keys, 'find'> {
  let keys: Promise<Keys> | null = null;
  const followed = async (): Promise<Keys> => {
    const following = (keys ??= followKeys(connection, environment));
    // Whoever asks after a failure tries anew.
    return following.catch((error: unknown) => {
      if (keys === following) keys = null;
      throw error;
    });
  };
  return {
    name: 'keys',
    find: async (keyId, recordedAt) => (await followed()).find(keyId, recordedAt),
    stop: async () => (await keys?.catch(() => null))?.stop(),
  };
}
