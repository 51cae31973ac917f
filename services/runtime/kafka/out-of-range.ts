// A broker that a partition is brought back to has nothing of it yet, and answers "offset out of range" to whoever still takes it
// for the leader. kafkajs 2.2.4 believes it (its issue 1119): it commits the log's start and reads everything again. So the partition's leader is
// asked first. What it has is fetched from it, from where the group is; only what is in the log no longer sends the group back.
import { setTimeout as sleep } from 'node:timers/promises';
import { createRequire } from 'node:module';

interface Place {
  readonly topic: string;
  readonly partition: number;
}

interface TopicOffsets {
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
}

export interface ConsumerGroup {
  readonly cluster: {
    refreshMetadata(): Promise<void>;
    /** Where the log begins, or where it ends. */
    fetchTopicsOffset(topics: readonly { topic: string; partitions: readonly { partition: number }[]; fromBeginning: boolean }[]): Promise<readonly TopicOffsets[]>;
  };
  readonly offsetManager: { nextOffset(topic: string, partition: number): { toString(): string } };
  recoverFromOffsetOutOfRange(place: Place): Promise<void>;
}

/** A leader that has just become one may not know yet how much of its log is everybody's. */
const LOOKS = 3;
const LOOK_AGAIN_MS = 500;

async function rangeOf({ cluster }: ConsumerGroup, { topic, partition }: Place): Promise<{ readonly low: number; readonly high: number }> {
  await cluster.refreshMetadata();
  const at = async (fromBeginning: boolean): Promise<number> =>
    Number((await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning }]))[0]?.partitions[0]?.offset);
  return { low: await at(true), high: await at(false) };
}

async function isInLog(group: ConsumerGroup, place: Place): Promise<boolean> {
  const next = Number(group.offsetManager.nextOffset(place.topic, place.partition).toString());
  for (let look = 1; ; look++) {
    const { low, high } = await rangeOf(group, place);
    if (next < low || look === LOOKS) return next >= low && next <= high;
    if (next <= high) return true;
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Of a group whose own way is to go back to the log's start. */
export const askingItsLeader = (reset: ConsumerGroup['recoverFromOffsetOutOfRange']): ConsumerGroup['recoverFromOffsetOutOfRange'] =>
  async function (this: ConsumerGroup, place: Place): Promise<void> {
    if (!(await isInLog(this, place))) await reset.call(this, place);
  };

let isDone = false;

export function askLeaderBeforeReset(): void {
  if (isDone) return;
  isDone = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup };
  const reset: ConsumerGroup['recoverFromOffsetOutOfRange'] = Reflect.get(prototype, 'recoverFromOffsetOutOfRange');
  prototype.recoverFromOffsetOutOfRange = askingItsLeader(reset);
}
