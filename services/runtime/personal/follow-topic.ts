// Follows the one partition of the topic of keys, as a group of its own that is deleted at the end.
import { randomUUID } from 'node:crypto';
import type { LogRecord } from '../event-log.ts';
import { deleteGroup, restoreOffsets, type KafkaConnection } from '../kafka/admin.ts';
import { startConsumer, type ConsumerOptions } from '../kafka/consumer.ts';
import { endNow, type Stoppable } from '../lifecycle.ts';

const FETCH_BYTES = 10_485_760;
const STUCK_AFTER_MS = 600_000;

export interface Followed {
  readonly topic: string;
  /** The first offset that is taken; null for all that there is. */
  readonly from: number | null;
  readonly together?: ConsumerOptions['together'];
  readonly take: (records: readonly LogRecord[]) => void;
}

export interface Following extends Stoppable {
  /** Null while the topic is followed; else why not. */
  failure(): string | null;
}

export async function followTopic(connection: KafkaConnection, { topic, from, together, take }: Followed): Promise<Following> {
  const groupId = `${connection.clientId}-keys-${randomUUID()}`;
  // Nothing more is ever committed: every process begins anew.
  if (from !== null) await restoreOffsets(connection, { groupId, topic, offsets: [{ partition: 0, offset: from }] });
  const consumer = await startConsumer(connection, {
    groupId, topics: [topic], concurrency: 1, fetchBytes: FETCH_BYTES, ...(together === undefined ? {} : { together }), isCompacted: true, stuckAfterMs: STUCK_AFTER_MS, onStuck: endNow(connection.logger),
    handle: ({ records }) => {
      take(records);
      return Promise.resolve();
    },
  });
  return {
    name: 'keys',
    failure: () => consumer.failure(),
    stop: async () => {
      await consumer.stop();
      await deleteGroup(connection, groupId).catch(() => undefined);
    },
  };
}
