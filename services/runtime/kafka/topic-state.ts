// Whether topics can be read and written, as a broker's metadata tell it.

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
