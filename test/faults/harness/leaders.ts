// Moves the leaders of the events topic to other brokers while all brokers live: the one that led until then answers that it
// doesn't, which is another thing than a broker that is away.
import type { Admin, PartitionMetadata } from 'kafkajs';
import { eventsTopic } from '../../../services/runtime/event-log.ts';
import { connectKafka, type KafkaConnection } from '../../../services/runtime/kafka/admin.ts';
import { waitUntil } from './processes.ts';

const topic = eventsTopic('production');

export async function withAdmin<T>(kafka: KafkaConnection, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = connectKafka(kafka).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

const partitionsOf = async (admin: Admin): Promise<PartitionMetadata[]> => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions ?? [];

const assign = (admin: Admin, partitions: readonly PartitionMetadata[], replicasOf: (partition: PartitionMetadata) => number[]): Promise<unknown> =>
  admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment: partitions.map((partition) => ({ partition: partition.partitionId, replicas: replicasOf(partition) })) }] });

/** Every partition has another leader then, and as many replicas as before. @returns how many moved. */
export const moveLeaders = (kafka: KafkaConnection): Promise<number> => withAdmin(kafka, async (admin) => {
  const before = await partitionsOf(admin);
  const leaderOf = new Map(before.map(({ partitionId, leader }) => [partitionId, leader]));
  const others = ({ replicas, leader }: PartitionMetadata): number[] => replicas.filter((id) => id !== leader);
  await assign(admin, before, others);
  await waitUntil(async () => (await partitionsOf(admin)).every(({ partitionId, leader }) => leader !== leaderOf.get(partitionId)), 'leaders to move', 30_000);
  await assign(admin, before, (partition) => [...others(partition), partition.leader]);
  await inSync(kafka, before[0]?.replicas.length ?? 0);
  return before.length;
});

/** Resolves when so many replicas of each partition are in sync. */
export const inSync = (kafka: KafkaConnection, replicas: number): Promise<void> => withAdmin(kafka, (admin) =>
  waitUntil(async () => (await partitionsOf(admin)).every(({ isr }) => isr.length >= replicas), `${replicas} replicas in sync`, 120_000));
