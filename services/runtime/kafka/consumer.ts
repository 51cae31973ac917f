// Reads the log, at least once, in partition order. An offset is committed only while the partition
// is still ours (kafkajs accepts commits for partitions it lost, its issue 1046).
//
// Handlers do not throw for an outage: they wait inside, while a timer here keeps the group
// membership alive. The handler commits through its batch when its effects are durable, which may be
// after it has returned.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { PartitionHeld } from '../projection/breaker.ts';
import { messageOf, RuntimeError } from '../errors.ts';
import { connectKafka, METADATA_MAX_AGE_MS, reportMissing, type KafkaConnection } from './admin.ts';
import { offsetsSince, topicOffsets } from './topic-offsets.ts';
import { Membership } from './membership.ts';
import { gapText, missingRecords } from './missing-records.ts';
import { readRanges } from './ranges.ts';
import { toRecord } from './record.ts';
import { StuckBatches } from './stuck.ts';
import type { LogRecord, ManualBatch } from '../event-log.ts';
import type { Stoppable } from '../lifecycle.ts';

export interface ConsumerOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Batches handed out at once; one per partition at the most. */
  readonly concurrency: number;
  /**
   * Of a broker's answer to a fetch, which may be larger by a batch of records. The next one is fetched when all of it is done: about
   * four times as much is in memory at once, for each broker, however far behind the group is.
   */
  readonly fetchBytes: number;
  /** A fetch is answered when as much is there, or after as long: unless told otherwise when anything is, or after a second. */
  readonly together?: { readonly bytes: number; readonly ms: number };
  readonly handle: (batch: ManualBatch) => Promise<void>;
  /** Records of a compacted topic go in the normal course of things: what isn't there any more is not missing. */
  readonly isCompacted?: boolean;
  /** A batch has been in hand for longer than `stuckAfterMs` without a word: only a new process helps. */
  readonly onStuck: (error: RuntimeError) => void;
  readonly stuckAfterMs: number;
}

/** Reads as a member of a group until it is stopped. */
export interface LogConsumer extends Stoppable {
  /** Null while it is a member; else why not. */
  failure(): string | null;
}

const HEARTBEAT_MS = 3_000;
/** After which the group goes on without a member that was killed. Others wait for it that long when they join, and twice if it was killed while it joined. */
const SESSION_TIMEOUT_MS = 10_000;
/** How long the group waits for its members when one comes or goes. A flush looks between its steps whether it is waited for. */
const REBALANCE_TIMEOUT_MS = 10_000;
/** Longer than a session: a member's request waits for that of a dead one, and giving up earlier would leave another dead one behind. */
const REQUEST_TIMEOUT_MS = SESSION_TIMEOUT_MS + 5_000;
const MAX_BYTES_PER_PARTITION = 8_388_608;
const COMMIT_ATTEMPTS = 4;
const COMMIT_RETRY_MS = 200;
const LOOK_EVERY_MS = 1_000;

export async function startConsumer(connection: KafkaConnection, options: ConsumerOptions): Promise<LogConsumer> {
  const { groupId, topics } = options;
  const kafka = connectKafka(connection, { requestTimeout: REQUEST_TIMEOUT_MS });
  const group: Group = { generation: 0, next: new Map(), inHand: new StuckBatches(), latest: null };
  const membership = new Membership({
    groupId,
    logger: connection.logger,
    create: () => newConsumer(kafka, options),
    begin: async (consumer) => {
      // Now, since kafkajs goes on at the log's start, commits that, and says neither from where nor what it skips.
      if (options.isCompacted !== true) for (const topic of topics) await reportMissing(connection, groupId, topic);
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        // A batch that ends after the group was rejoined would move the new generation's position past what it did not do.
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: options.concurrency,
        eachBatch: (payload) => {
          if (options.isCompacted !== true) noteGap(connection, groupId, { group, payload });
          return handleBatch({ consumer, group }, payload, options);
        },
      });
    },
    onJoined: () => {
      group.generation += 1;
      group.next.clear();
    },
    isBusy: () => !group.inHand.isEmpty,
  });
  await membership.start();
  const watch = setInterval(() => endIfStuck(group.inHand, options), LOOK_EVERY_MS).unref();
  return {
    name: 'consumer',
    failure: () => membership.failure(),
    stop: () => {
      clearInterval(watch);
      return membership.stop();
    },
  };
}

const newConsumer = (kafka: Kafka, { groupId, fetchBytes, together = { bytes: 1, ms: 1_000 } }: ConsumerOptions): Consumer => kafka.consumer({
  groupId,
  sessionTimeout: SESSION_TIMEOUT_MS,
  rebalanceTimeout: REBALANCE_TIMEOUT_MS,
  heartbeatInterval: HEARTBEAT_MS,
  maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
  maxBytes: fetchBytes,
  minBytes: together.bytes,
  maxWaitTimeInMs: together.ms,
  metadataMaxAge: METADATA_MAX_AGE_MS,
  allowAutoTopicCreation: false,
  // It tries again for about 15 s, which outlasts a broker's restart, and is then begun anew: it would go on asking a coordinator that moved.
  retry: { initialRetryTime: 200, maxRetryTime: 2_000, retries: 10, restartOnFailure: () => Promise.resolve(false) },
});

function endIfStuck(inHand: StuckBatches, { stuckAfterMs, onStuck }: ConsumerOptions): void {
  const longest = inHand.longest();
  if (longest === null || longest.silentMs <= stuckAfterMs) return;
  onStuck(new RuntimeError('HANDLER_STUCK', `a batch of ${longest.place} is in hand and got nowhere for ${Math.round(longest.silentMs / 1_000)} s`));
}

/** kafkajs rejoins while handlers still run, and would commit for them in the group's next generation. */
interface Group {
  generation: number;
  /** Offset that follows what was read, by topic and partition. */
  readonly next: Map<string, number>;
  readonly inHand: StuckBatches;
  /** All that are of one generation commit the same way. */
  latest: EachBatchPayload | null;
}

/** Records that are deleted while the group runs: what comes next is not what follows. Going back is our own doing. */
function noteGap({ logger }: KafkaConnection, groupId: string, { group, payload }: { group: Group; payload: EachBatchPayload }): void {
  const { topic, partition, messages, highWatermark } = payload.batch;
  const [first, last] = [messages[0], messages.at(-1)];
  if (first === undefined || last === undefined) return;
  const place = `${topic}/${partition}`;
  const position = { partition, committed: group.next.get(place) ?? -1, low: Number(first.offset), end: Number(highWatermark) };
  for (const gap of missingRecords([position])) logger.error({ group: groupId, topic, ...gap }, gapText(groupId, topic, gap));
  group.next.set(place, Number(last.offset) + 1);
}

async function handleBatch({ consumer, group }: { consumer: Consumer; group: Group }, payload: EachBatchPayload, options: ConsumerOptions): Promise<void> {
  const { topic, partition, messages } = payload.batch;
  const last = messages.at(-1);
  if (last === undefined) return;
  const { generation } = group;
  const sameGroup = (): boolean => payload.isRunning() && group.generation === generation;
  const owned = (): boolean => sameGroup() && !payload.isStale();
  const watched = group.inHand.begin(`${topic}/${partition}`);
  const membership: Held = { lost: null };
  group.latest = payload;
  const heartbeat = setInterval(() => {
    payload.heartbeat().catch((error: unknown) => {
      membership.lost ??= error;
    });
  }, HEARTBEAT_MS);
  try {
    await options.handle({
      topic,
      partition,
      records: messages.map((message) => toRecord(topic, partition, message)),
      lag: Math.max(0, Number(payload.batch.highWatermark) - Number(last.offset) - 1),
      owned: () => owned() && membership.lost === null,
      generation,
      alive: watched.alive,
      commit: committerOf(group, membership, { topic, partition, generation }),
      rewind: (offset) => {
        if (!sameGroup()) return;
        consumer.seek({ topic, partition, offset: String(offset) });
        // What comes next begins there, which is no gap.
        group.next.set(`${topic}/${partition}`, offset);
      },
    });
  } catch (error) {
    // Ownership was lost while the handler waited: the new owner repeats this batch.
    if (error instanceof RuntimeError && error.code === 'OWNERSHIP_LOST') {
      if (membership.lost !== null) throw toError(membership.lost);
      return;
    }
    if (error instanceof PartitionHeld) {
      if (owned()) waitAt(consumer, payload, error);
      return;
    }
    // kafkajs stops for good without a word on TypeError and its like; a plain Error makes it retry.
    throw new Error(`batch ${topic}/${partition} from ${messages[0]?.offset ?? '?'}: ${messageOf(error)}`, { cause: error });
  } finally {
    clearInterval(heartbeat);
    watched.end();
  }
  if (sameGroup()) payload.resolveOffset(last.offset);
  if (membership.lost !== null) throw toError(membership.lost);
  if (owned()) await payload.heartbeat();
}

/** Whether a heartbeat has said, while the batch was in hand, that it is ours no longer. */
interface Held {
  lost: unknown;
}

/**
 * Commits for a batch in a few attempts, each only as long as the partition is ours. Not by kafkajs's consumer.commitOffsets():
 * that tries for half a minute while the group waits for this member, and would commit in the group's next generation. It is
 * made here since it may be held for long after its batch, whose records it must not hold.
 */
function committerOf(group: Group, membership: Held, { topic, partition, generation }: { topic: string; partition: number; generation: number }): ManualBatch['commit'] {
  return async (next, note) => {
    const topics = [{ topic, partitions: [{ partition, offset: String(next), metadata: note }] }];
    for (let attempt = 1; group.generation === generation && group.latest?.isRunning() === true && membership.lost === null; attempt++) {
      try {
        await group.latest.commitOffsetsIfNecessary({ topics });
        return;
      } catch (error) {
        if (attempt === COMMIT_ATTEMPTS) throw error;
        await sleep(attempt * COMMIT_RETRY_MS);
      }
    }
  };
}

/**
 * Goes back to where the partition is held and pauses it. Waiting inside the handler would do for
 * one partition, but kafkajs fetches nothing more from a broker until every batch of its last
 * answer is handled: all other partitions would wait too.
 */
function waitAt(consumer: Consumer, payload: EachBatchPayload, { offset, retryAfterMs }: PartitionHeld): void {
  const { batch } = payload;
  const resume = payload.pause();
  setTimeout(resume, retryAfterMs).unref();
  consumer.seek({ topic: batch.topic, partition: batch.partition, offset: String(offset) });
}

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const eachOf = (visit: (record: LogRecord) => void) => (records: readonly LogRecord[]): void => records.forEach((record) => visit(record));

/** Visits the last `count` records of a topic, in partition order, up to where it ended at the start. */
export async function readTail(connection: KafkaConnection, topic: string, count: number, visit: (record: LogRecord) => void): Promise<void> {
  const offsets = await topicOffsets(connection, topic);
  const filled = offsets.filter(({ low, high }) => high > low).length;
  const perPartition = Math.ceil(count / Math.max(1, filled));
  await readRanges(connection, topic, offsets.map(({ partition, low, high }) => ({ partition, from: Math.max(low, high - perPartition), to: high })), eachOf(visit));
}

/** Visits what was appended to a topic since then, in partition order, up to where it ended at the start. */
export async function readSince(connection: KafkaConnection, topic: string, since: Date, visit: (record: LogRecord) => void): Promise<void> {
  await readRanges(connection, topic, await offsetsSince(connection, topic, since), eachOf(visit));
}
