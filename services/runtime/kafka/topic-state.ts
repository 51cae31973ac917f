// Whether topics can be read and written, as a broker's metadata tell it.
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
 */
export function unavailable(topics: readonly TopicState[], minInSync: ReadonlyMap<string, number> = new Map()): string | null {
  const leaderless = placesOf(topics, ({ leader }) => leader < 0);
  if (leaderless.length > 0) return `Kafka has no leader for ${leaderless.join(', ')}`;
  const closed = placesOf(topics, ({ isr }, topic) => isr.length < (minInSync.get(topic) ?? 0));
  return closed.length === 0 ? null : `Kafka takes no writes for ${closed.join(', ')}: fewer replicas in sync than min.insync.replicas`;
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
