// What a replay seals with: the same keys as the door's. Without an integration that seals, nothing is asked of Kafka.
import { erasuresTopic, keysTopic } from '../../runtime/event-log.ts';
import type { KafkaConnection } from '../../runtime/kafka/admin.ts';
import { connectProducer } from '../../runtime/kafka/producer.ts';
import type { KeySource } from '../event/seal.ts';
import type { Integration } from '../../runtime/integrations-file.ts';
import { followSealingKeys, type FollowedKeys } from '../follow-keys.ts';
import { createKeySource } from '../keys.ts';

export async function keysWithProducer(connection: KafkaConnection, integrations: readonly Integration[]): Promise<{ readonly source: KeySource; readonly stop: () => Promise<void> }> {
  const environments = [...new Set(integrations.filter((integration) => integration.encrypt_personal_data === true).map(({ environment }) => environment))];
  if (environments.length === 0) return { source: createKeySource(new Map(), { append: () => Promise.reject(new Error('nothing is sealed')) }), stop: () => Promise.resolve() };
  const producer = await connectProducer(connection, environments.flatMap((environment) => [keysTopic(environment), erasuresTopic(environment)]));
  const followed = new Map<string, FollowedKeys>();
  for (const environment of environments) followed.set(environment, await followSealingKeys(connection, environment, producer));
  return {
    source: createKeySource(new Map([...followed].map(([environment, { keys }]) => [environment, keys])), producer),
    stop: async () => {
      for (const keys of followed.values()) await keys.stop();
      await producer.close();
    },
  };
}
