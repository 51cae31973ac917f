// Whether topics can be read and written, as a broker's metadata tell it, and as far as brokers that are said to be there are.
import { connect } from 'node:net';
import kafkajs, { type Admin } from 'kafkajs';

const { ConfigResourceTypes } = kafkajs;

export interface PartitionState {
  readonly partitionId: number;
  readonly leader: number;
  readonly isr: readonly number[];
}

export interface TopicState {
  readonly name: string;
  readonly partitions: readonly PartitionState[];
}

const placesOf = (topics: readonly TopicState[], isMeant: (partition: PartitionState, topic: string) => boolean): string[] =>
  topics.flatMap(({ name, partitions }) => partitions.filter((partition) => isMeant(partition, name)).map(({ partitionId }) => `${name}/${partitionId}`));

/**
 * Null when all is well; else why not. A partition with a leader can be read, and takes a write with acks=all only while
 * enough replicas are in sync.
 * @param minInSync by topic; none where nobody is going to write.
 * @param away brokers that are in sync no more, whatever the metadata say.
 */
export function unavailable(topics: readonly TopicState[], minInSync: ReadonlyMap<string, number> = new Map(), away: ReadonlySet<number> = new Set()): string | null {
  const leaderless = placesOf(topics, ({ leader }) => leader < 0);
  if (leaderless.length > 0) return `Kafka has no leader for ${leaderless.join(', ')}`;
  const closed = placesOf(topics, ({ isr }, topic) => isr.filter((broker) => !away.has(broker)).length < (minInSync.get(topic) ?? 0));
  if (closed.length === 0) return null;
  const why = away.size === 0 ? '' : `; brokers ${[...away].sort((a, b) => a - b).join(', ')} can't be reached`;
  return `Kafka takes no writes for ${closed.join(', ')}: fewer replicas in sync than min.insync.replicas${why}`;
}

const CONNECTED_WITHIN_MS = 1_000;

const isReachable = ({ host, port }: { readonly host: string; readonly port: number }): Promise<boolean> => new Promise((resolve) => {
  const socket = connect({ host, port, timeout: CONNECTED_WITHIN_MS });
  const told = (is: boolean) => () => {
    socket.destroy();
    resolve(is);
  };
  socket.once('connect', told(true)).once('timeout', told(false)).once('error', told(false));
});

/** Brokers that nobody can connect to. A cluster that has lost its controllers' majority notes no broker's end: those that are left go on counting it in. */
export async function unreachable(admin: Pick<Admin, 'describeCluster'>): Promise<Set<number>> {
  const { brokers } = await admin.describeCluster();
  const there = await Promise.all(brokers.map(isReachable));
  return new Set(brokers.filter((_, index) => there[index] === false).map(({ nodeId }) => nodeId));
}

/** It is changed once in a blue moon, and asking for it is another question to the broker. */
const ASK_AGAIN_MS = 5_000;

/** The topics' min.insync.replicas. What was known before stands as long as a broker doesn't tell. */
export class MinInSync {
  readonly #topics: readonly string[];
  #known: ReadonlyMap<string, number> = new Map();
  #askedAt = -Infinity;

  constructor(topics: readonly string[]) {
    this.#topics = topics;
  }

  async of(admin: Admin): Promise<ReadonlyMap<string, number>> {
    if (performance.now() - this.#askedAt < ASK_AGAIN_MS) return this.#known;
    // Whether it is answered or not: an answer that doesn't come must not make every check late.
    this.#askedAt = performance.now();
    try {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false, resources: this.#topics.map((name) => ({ type: ConfigResourceTypes.TOPIC, name, configNames: ['min.insync.replicas'] })),
      });
      this.#known = new Map(resources.map(({ resourceName, configEntries }) => [resourceName, Number(configEntries[0]?.configValue)]));
    } catch {
      // Whoever may read metadata may not be allowed to read this.
    }
    return this.#known;
  }
}
