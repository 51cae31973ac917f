// Does Kafka answer now? Asked when somebody asks, so it costs nothing while nobody does, and the
// answer is not what became of the last event: it changes without one.
//
// One answer that is late is no outage: a service that says so at once is taken out of its load balancer while it works, and in
// a rolling restart it may be the only one there is.
import { messageOf } from '../errors.ts';
import type { Stoppable } from '../lifecycle.ts';
import type { KafkaConnection } from './admin.ts';
import { ANSWERS_WITHIN_MS, createQuickAdmin } from './quick-admin.ts';
import { MinInSync, unavailable, unreachable } from './topic-state.ts';

export interface LogProbe extends Stoppable {
  /** Null when the topics can be read, and written where that was asked for, by a broker's own answer just now; else why not. */
  check(): Promise<string | null>;
}

/** One answer may be late, the next one may not. */
const PATIENCE_MS = 1.5 * ANSWERS_WITHIN_MS;

/** What Kafka said last counts until it has said nothing for a while. */
export function patiently(ask: () => Promise<string | null>, now: () => number = () => performance.now()): () => Promise<string | null> {
  let last: { readonly said: string | null; readonly at: number } | null = null;
  return async () => {
    try {
      const said = await ask();
      last = { said, at: now() };
      return said;
    } catch (error) {
      return last === null || now() - last.at > PATIENCE_MS ? messageOf(error) : last.said;
    }
  };
}

export function createLogProbe(connection: KafkaConnection, topics: readonly string[], { written = false } = {}): LogProbe {
  const admin = createQuickAdmin(connection);
  const minInSync = new MinInSync(topics);
  let told: string | null = null;
  const ask = patiently(() => admin.ask(async (asked) => {
    const { topics: states } = await asked.fetchTopicMetadata({ topics: [...topics] });
    if (!written) return unavailable(states);
    const needed = await minInSync.of(asked);
    // One that answers is enough where one is enough.
    const isReplicated = [...needed.values()].some((replicas) => replicas > 1);
    return unavailable(states, needed, isReplicated ? await unreachable(asked) : undefined);
  }));
  return {
    name: 'log probe',
    check: async () => {
      const reason = await ask();
      if ((reason === null) !== (told === null)) connection.logger.warn({ reason }, reason === null ? 'Kafka answers again' : 'not ready');
      told = reason;
      return reason;
    },
    stop: () => admin.stop(),
  };
}
