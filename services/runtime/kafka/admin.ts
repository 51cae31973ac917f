// The log's admin side and the connection all Kafka code shares. kafkajs is imported in the
// kafka*.ts files of this folder only.
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import kafkajs, { type Admin, type ISocketFactory, type ITopicConfig, type Kafka, type SASLOptions, type TopicPartitionOffset } from 'kafkajs';
import { anyCause, messageOf, RuntimeError } from '../errors.ts';
import { forgetBrokenResponses } from './broken-responses.ts';
import type { KafkaConnection } from './connection.ts';
import { calmIdleTimers } from './idle-timers.ts';
import { replaceRecordDecoder } from './record-decoder.ts';
import { takeEncodedRecords } from './record-encoder.ts';
import { gapText, missingRecords } from './missing-records.ts';
import { askLeaderBeforeReset } from './out-of-range.ts';
import { closeSilentConnections } from './silent-connections.ts';
import { tellRefusedGroups } from './refused-groups.ts';
import type { ConsumerPosition } from '../event-log.ts';

// A CommonJS module whose names an ES module import can't see one by one.
const { ConfigResourceTypes, Kafka: KafkaClient, logLevel } = kafkajs;

calmIdleTimers();
forgetBrokenResponses();
closeSilentConnections();
askLeaderBeforeReset();
tellRefusedGroups();
replaceRecordDecoder();
takeEncodedRecords();

export type { KafkaConnection };

/** kafkajs reports each retry of a broker that is away as an error; ours are logged where they are decided. */
const quiet = new Set(['Connection error: connect ECONNREFUSED', 'Failed to connect to seed broker']);

const KEEP_ALIVE_MS = 60_000;

/** As kafkajs does it, but for certificates that are renewed meanwhile. */
const overTls = (tls: NonNullable<KafkaConnection['tls']>): ISocketFactory => ({ host, port, onConnect }) =>
  connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls() }, onConnect).setKeepAlive(true, KEEP_ALIVE_MS);

interface ClientOptions {
  readonly requestTimeout?: number;
  /** Told why a connection failed, in the words of TLS or of the network. */
  readonly onTrouble?: (text: string) => void;
}

export function connectKafka({ brokers, clientId, logger, tls, login }: KafkaConnection, { requestTimeout = 5_000, onTrouble }: ClientOptions = {}): Kafka {
  return new KafkaClient({
    clientId,
    brokers: [...brokers],
    ...(tls === undefined ? {} : { ssl: true, socketFactory: overTls(tls) }),
    ...(login === undefined ? {} : { sasl: login as SASLOptions }),
    connectionTimeout: 2_000,
    requestTimeout,
    retry: { initialRetryTime: 100, maxRetryTime: 5_000, retries: 8 },
    logLevel: logLevel.WARN,
    logCreator: () => ({ namespace, level, log }) => {
      if (namespace === 'Connection' && level === logLevel.ERROR) onTrouble?.(log.message.replace(/^Connection error: /, ''));
      if ([...quiet].some((noise) => log.message.startsWith(noise))) return;
      const { error, groupId: group, topic, partition } = log as Readonly<Record<string, unknown>>;
      const fields = { namespace, error, group, topic, partition };
      if (level === logLevel.ERROR) logger.warn(fields, `kafka: ${log.message}`);
      else logger.debug(fields, `kafka: ${log.message}`);
    },
  });
}

/** What kafkajs says when brokers are away, come or go, besides what it calls retriable. */
const away = new Set(['KafkaJSNumberOfRetriesExceeded', 'KafkaJSGroupCoordinatorNotFound', 'KafkaJSLockTimeout', 'KafkaJSTimeout']);

const isAway = (error: unknown): boolean => anyCause(error, ({ name, retriable }) => away.has(name) || retriable === true);

/** Whether it knows us not, or lets us not. */
const isRefusal = (error: unknown): boolean =>
  anyCause(error, ({ name, type }) => name === 'KafkaJSSASLAuthenticationError' || (typeof type === 'string' && type.endsWith('_AUTHORIZATION_FAILED')));

/** Tells an outage of Kafka, as a RuntimeError `LOG_UNAVAILABLE`, and what it refuses, `LOG_REFUSED`, from what is wrong with a question, which stays what it is. */
export function toLogError({ brokers, login }: KafkaConnection, error: unknown): unknown {
  if (error instanceof RuntimeError) return error;
  const at = `Kafka at ${brokers.join(', ')}`;
  if (isRefusal(error)) return new RuntimeError('LOG_REFUSED', `${at}, as ${login?.username ?? 'nobody in particular'}: ${messageOf(error)}`, { cause: error });
  return isAway(error) ? new RuntimeError('LOG_UNAVAILABLE', `${at}: ${messageOf(error)}`, { cause: error }) : error;
}

/** @throws RuntimeError `LOG_UNAVAILABLE` for an outage of Kafka, `LOG_REFUSED` for what its ACLs don't allow */
export async function orUnavailable<T>(connection: KafkaConnection, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toLogError(connection, error);
  }
}

export const withAdmin = <T>(connection: KafkaConnection, work: (admin: Admin) => Promise<T>): Promise<T> => orUnavailable(connection, async () => {
  const admin = connectKafka(connection).admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
});

export interface TopicSettings {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly config: Readonly<Record<string, string>>;
}

/** After this long at most, producers and consumers notice that a topic has got more partitions. */
export const METADATA_MAX_AGE_MS = 5_000;

export interface TopicReport {
  readonly name: string;
  readonly created: boolean;
  readonly partitions: number;
  /** Settings that differ from the wanted ones: `name: is → wanted`. */
  readonly differences: readonly string[];
}

/** Creates the topics that are missing and reports how existing ones differ; it never alters one that exists. */
export const ensureTopics = (connection: KafkaConnection, topics: readonly TopicSettings[]): Promise<TopicReport[]> =>
  withAdmin(connection, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const missing = topics.filter((topic) => !existing.has(topic.name));
    await admin.createTopics({ waitForLeaders: true, topics: missing.map(toTopicConfig) });
    return Promise.all(topics.map((topic) => describeTopic(admin, topic, missing.includes(topic))));
  });

const toTopicConfig = (topic: TopicSettings): ITopicConfig => ({
  topic: topic.name,
  numPartitions: topic.partitions,
  replicationFactor: topic.replicas,
  configEntries: Object.entries(topic.config).map(([name, value]) => ({ name, value })),
});

async function describeTopic(admin: Admin, topic: TopicSettings, created: boolean): Promise<TopicReport> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic.name] });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic.name, configNames: Object.keys(topic.config) }],
  });
  const actual = new Map(resources[0]?.configEntries.map((entry) => [entry.configName, entry.configValue]));
  const differences = Object.entries(topic.config)
    .filter(([name, wanted]) => actual.get(name) !== wanted)
    .map(([name, wanted]) => `${name}: ${actual.get(name) ?? 'unset'} → ${wanted}`);
  return { name: topic.name, created, partitions: topics[0]?.partitions.length ?? 0, differences };
}

/** Adds partitions to topics that have fewer. What that means for the order of events: infra/topics/topics.ts. */
export const addPartitions = (connection: KafkaConnection, topics: readonly { name: string; partitions: number }[]): Promise<void> =>
  withAdmin(connection, async (admin) => {
    await admin.createPartitions({ topicPartitions: topics.map(({ name, partitions }) => ({ topic: name, count: partitions })) });
  });

/** How far a consumer group is, per partition; -1 where it never committed. */
async function offsetsOf(admin: Admin, groupId: string, topic: string): Promise<ConsumerPosition[]> {
  // In this order: the log's end is then never before a commit that is seen.
  const groups = await admin.fetchOffsets({ groupId, topics: [topic] });
  const ends = await admin.fetchTopicOffsets(topic);
  const committed = new Map(groups[0]?.partitions.map((entry) => [entry.partition, entry]));
  return ends.map(({ partition, low, high }) => ({
    topic,
    partition,
    committed: Number(committed.get(partition)?.offset ?? -1),
    note: committed.get(partition)?.metadata ?? '',
    low: Number(low),
    end: Number(high),
  }));
}

const groupOffsets = (connection: KafkaConnection, groupId: string, topic: string): Promise<ConsumerPosition[]> =>
  withAdmin(connection, (admin) => offsetsOf(admin, groupId, topic));

/** The same; a partition without a commit counts from its start. */
export async function positionsOf(admin: Admin, groupId: string, topic: string): Promise<ConsumerPosition[]> {
  const positions = await offsetsOf(admin, groupId, topic);
  return positions.map((position) => ({ ...position, committed: Math.max(position.committed, position.low) }));
}

export const consumerPositions = (connection: KafkaConnection, groupId: string, topic: string): Promise<ConsumerPosition[]> =>
  withAdmin(connection, (admin) => positionsOf(admin, groupId, topic));

/** Says what a group can't read any more because its next offset is not in the log: which partition, how many records, what to do. */
export async function reportMissing(connection: KafkaConnection, groupId: string, topic: string): Promise<void> {
  const { logger } = connection;
  try {
    for (const gap of missingRecords(await groupOffsets(connection, groupId, topic))) logger.error({ group: groupId, topic, ...gap }, gapText(groupId, topic, gap));
  } catch (error) {
    logger.debug({ group: groupId, topic, error: messageOf(error) }, 'offsets not compared with the log');
  }
}

/** Where a group is to begin: at the log's start, at its end, or with what was appended since. */
export interface GroupStart {
  readonly groupId: string;
  readonly topic: string;
  readonly from: 'beginning' | 'latest' | Date;
  /** Whether partitions that have a committed offset are moved too. */
  readonly reset: boolean;
}

/**
 * Commits where a group begins, so that what arrives before its first own commit is not lost to a
 * second "latest". A group with members can't be moved.
 * @throws RuntimeError `GROUP_IN_USE`.
 */
export const placeGroup = (connection: KafkaConnection, { groupId, topic, from, reset }: GroupStart): Promise<void> =>
  withAdmin(connection, async (admin) => {
    const [groups, ends] = await Promise.all([admin.fetchOffsets({ groupId, topics: [topic] }), admin.fetchTopicOffsets(topic)]);
    const unplaced = new Set(groups[0]?.partitions.filter((entry) => Number(entry.offset) < 0).map((entry) => entry.partition));
    // A partition without a commit is read from its beginning anyway.
    const targets = ends.filter(({ partition }) => reset || (from !== 'beginning' && unplaced.has(partition)));
    if (targets.length === 0) return;
    const since = from instanceof Date ? await admin.fetchTopicOffsetsByTimestamp(topic, from.getTime()) : [];
    await waitUntilEmpty(admin, groupId);
    const wanted = targets.map(({ partition, low, high }) => ({
      topic,
      partition,
      offset: from === 'beginning' ? low : from === 'latest' ? high : (since.find((entry) => entry.partition === partition)?.offset ?? high),
    }));
    await commitAsMember(connection, groupId, wanted);
    // kafkajs says nothing when it could not commit because it was just losing its membership.
    const [after] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const placed = new Map(after?.partitions.map((entry) => [entry.partition, entry.offset]));
    if (wanted.some(({ partition, offset }) => placed.get(partition) !== offset)) throw new RuntimeError('LOG_UNAVAILABLE', `Kafka did not take the start offsets of ${groupId}`);
  });

/** A member for a moment, as only members commit (kafkajs's own setOffsets does the same, and takes 5 s). */
async function commitAsMember(connection: KafkaConnection, groupId: string, offsets: TopicPartitionOffset[]): Promise<void> {
  const consumer = connectKafka(connection).consumer({ groupId, maxWaitTimeInMs: 50, allowAutoTopicCreation: false });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...new Set(offsets.map(({ topic }) => topic))] });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: () => Promise.resolve() });
    await consumer.commitOffsets(offsets);
  } finally {
    await consumer.disconnect();
  }
}

/** A member that was killed stays in its group until its session ends. */
async function waitUntilEmpty(admin: Admin, groupId: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const { groups } = await admin.describeGroups([groupId]);
    if ((groups[0]?.members.length ?? 0) === 0) return;
    if (attempt === 15) throw new RuntimeError('GROUP_IN_USE', `the consumer group ${groupId} has members; stop them, or read as another group`);
    await sleep(1_000);
  }
}

export const deleteGroup = (connection: KafkaConnection, groupId: string): Promise<void> =>
  withAdmin(connection, async (admin) => {
    await admin.deleteGroups([groupId]);
  });

/** What groups have committed for these topics. */
export interface CommittedOffsets {
  readonly groupId: string;
  readonly topic: string;
  readonly offsets: readonly { readonly partition: number; readonly offset: number }[];
}

/** Of all groups that have committed anything. */
export const committedOffsets = (connection: KafkaConnection, topics: readonly string[]): Promise<CommittedOffsets[]> =>
  withAdmin(connection, async (admin) => {
    const { groups } = await admin.listGroups();
    const found: CommittedOffsets[] = [];
    for (const { groupId } of groups) {
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] })) {
        const offsets = partitions.map(({ partition, offset }) => ({ partition, offset: Number(offset) })).filter(({ offset }) => offset >= 0);
        if (offsets.length > 0) found.push({ groupId, topic, offsets });
      }
    }
    return found;
  });

/** Commits these offsets for a group without members. @throws RuntimeError `GROUP_IN_USE`. */
export const restoreOffsets = (connection: KafkaConnection, { groupId, topic, offsets }: CommittedOffsets): Promise<void> =>
  withAdmin(connection, async (admin) => {
    await waitUntilEmpty(admin, groupId);
    await commitAsMember(connection, groupId, offsets.map(({ partition, offset }) => ({ topic, partition, offset: String(offset) })));
  });
