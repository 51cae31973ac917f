// What a replay seals with: the same keys as the door's. Without an integration that seals, nothing is asked of Kafka.
import { keysTopic } from '../../runtime/event-log.ts';
import type { KafkaConnection } from '../../runtime/kafka/admin.ts';
import { connectProducer, type LogProducer } from '../../runtime/kafka/producer.ts';
import { followKeys, type Keys } from '../../runtime/personal/keys.ts';
import type { KeySource } from '../event/seal.ts';
import type { Integration } from '../../runtime/integrations-file.ts';
import { createKeySource } from '../keys.ts';

export async function keysWithProducer(connection: KafkaConnection, integrations: readonly Integration[]): Promise<{ readonly source: KeySource; readonly stop: () => Promise<void> }> {
  const environments = [...new Set(integrations.filter((integration) => integration.encrypt_personal_data === true).map(({ environment }) => environment))];
  const followed = new Map<string, Keys>();
  for (const environment of environments) followed.set(environment, await followKeys(connection, environment));
  const producer: LogProducer | null = environments.length === 0 ? null : await connectProducer(connection, environments.map(keysTopic));
  return {
    source: createKeySource(new Map([...followed].map(([environment, { ring }]) => [environment, ring])), producer ?? { append: () => Promise.reject(new Error('nothing is sealed')) }),
    stop: async () => {
      await producer?.close();
      for (const keys of followed.values()) await keys.stop();
    },
  };
}
