// Does Kafka answer now? Asked when somebody asks, so it costs nothing while nobody does, and the
// answer is not what became of the last event: it changes without one.
import { messageOf } from '../errors.ts';
import type { Stoppable } from '../lifecycle.ts';
import type { KafkaConnection } from './admin.ts';
import { createQuickAdmin } from './quick-admin.ts';
import { MinInSync, unavailable } from './topic-state.ts';

export interface LogProbe extends Stoppable {
  /** Null when the topics can be read, and written where that was asked for, by a broker's own answer just now; else why not. */
  check(): Promise<string | null>;
}

export function createLogProbe(connection: KafkaConnection, topics: readonly string[], { written = false } = {}): LogProbe {
  const admin = createQuickAdmin(connection);
  const minInSync = new MinInSync(topics);
  let told: string | null = null;
  const ask = (): Promise<string | null> => admin.ask(async (asked) => {
    const { topics: states } = await asked.fetchTopicMetadata({ topics: [...topics] });
    return unavailable(states, written ? await minInSync.of(asked) : undefined);
  });
  return {
    name: 'log probe',
    check: async () => {
      const reason = await ask().catch(messageOf);
      if ((reason === null) !== (told === null)) connection.logger.warn({ reason }, reason === null ? 'Kafka answers again' : 'not ready');
      told = reason;
      return reason;
    },
    stop: () => admin.stop(),
  };
}
