// Does Kafka answer now? Asked when somebody asks, so it costs nothing while nobody does, and the
// answer is not what became of the last event: it changes without one.
import { messageOf } from '../errors.ts';
import type { Stoppable } from '../lifecycle.ts';
import type { KafkaConnection } from './admin.ts';
import { createQuickAdmin } from './quick-admin.ts';

export interface LogProbe extends Stoppable {
  /** Null when every partition of the topics has a leader, by a broker's own answer just now; else why not. */
  check(): Promise<string | null>;
}

export function createLogProbe(connection: KafkaConnection, topics: readonly string[]): LogProbe {
  const admin = createQuickAdmin(connection);
  let told: string | null = null;
  const leaderless = async (): Promise<string | null> => {
    const metadata = await admin.ask((asked) => asked.fetchTopicMetadata({ topics: [...topics] }));
    const without = metadata.topics.flatMap(({ name, partitions }) => partitions.filter(({ leader }) => leader < 0).map(({ partitionId }) => `${name}/${partitionId}`));
    return without.length === 0 ? null : `Kafka has no leader for ${without.join(', ')}`;
  };
  return {
    name: 'log probe',
    check: async () => {
      const reason = await leaderless().catch(messageOf);
      if ((reason === null) !== (told === null)) connection.logger.warn({ reason }, reason === null ? 'Kafka answers again' : 'not ready');
      told = reason;
      return reason;
    },
    stop: () => admin.stop(),
  };
}
