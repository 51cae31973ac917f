// Where the partitions of a topic begin and end.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { anyCause } from '../errors.ts';
import { withAdmin, type KafkaConnection } from './admin.ts';

const LEADER_COMES_MS = 10_000;
const LOOK_FOR_LEADER_MS = 200;
const leaderMoves: ReadonlySet<unknown> = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** A topic that was just made, or whose broker just went, has its leader a moment later; kafkajs tells whoever asks meanwhile at once that it failed. */
async function withLeaders<T>(connection: KafkaConnection, work: (admin: Admin) => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + LEADER_COMES_MS; ;) {
    try {
      return await withAdmin(connection, work);
    } catch (error) {
      if (!isLeaderMoving(error) || Date.now() > deadline) throw error;
      await sleep(LOOK_FOR_LEADER_MS);
    }
  }
}

const isLeaderMoving = (error: unknown): boolean => anyCause(error, ({ type }) => leaderMoves.has(type));

/** First and next offset of each partition. */
export const topicOffsets = (connection: KafkaConnection, topic: string): Promise<{ partition: number; low: number; high: number }[]> =>
  withLeaders(connection, async (admin) =>
    (await admin.fetchTopicOffsets(topic)).map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) })));

/** Offsets of a partition, `to` excluded. */
export interface OffsetRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** What was appended since, by Kafka's own timestamps. */
export const offsetsSince = (connection: KafkaConnection, topic: string, since: Date): Promise<OffsetRange[]> =>
  withLeaders(connection, async (admin) => {
    const [ends, starts] = await Promise.all([admin.fetchTopicOffsets(topic), admin.fetchTopicOffsetsByTimestamp(topic, since.getTime())]);
    const from = new Map(starts.map(({ partition, offset }) => [partition, Number(offset)]));
    return ends.map(({ partition, high }) => ({ partition, from: from.get(partition) ?? Number(high), to: Number(high) }));
  });
