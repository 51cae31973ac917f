// Does Kafka answer now? Asked when somebody asks, so it costs nothing while nobody does, and the
// answer is not what became of the last event: it changes without one.
//
// A client library tries again for long, and a connection to a broker that froze looks open. So
// each question has a deadline and no second try, and after a failure the next one connects anew.
import type { Admin } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { Stoppable } from '../lifecycle.ts';
import { connectKafka, type KafkaConnection } from './admin.ts';
import { MinInSync, unavailable } from './topic-state.ts';

export interface LogProbe extends Stoppable {
  /** Null when the topics can be read, and written where that was asked for, by a broker's own answer just now; else why not. */
  check(): Promise<string | null>;
}

const DEADLINE_MS = 1_500;

export function createLogProbe(connection: KafkaConnection, topics: readonly string[], { written = false } = {}): LogProbe {
  // Its failures are told by its answer, once; the library would log each of them.
  const quiet = { ...connection, logger: connection.logger.child({}, { level: 'silent' }) };
  let admin: Admin | null = null;
  const minInSync = new MinInSync(topics);
  let told: string | null = null;
  const leave = async (): Promise<void> => {
    const left = admin;
    admin = null;
    await left?.disconnect().catch(() => undefined);
  };
  const ask = async (): Promise<string | null> => {
    if (admin === null) {
      const connecting = connectKafka(quiet).admin({ retry: { retries: 0 } });
      admin = connecting;
      await connecting.connect();
    }
    const { topics: states } = await admin.fetchTopicMetadata({ topics: [...topics] });
    return unavailable(states, written ? await minInSync.of(admin) : undefined);
  };
  const late = async (): Promise<string> => {
    await sleep(DEADLINE_MS, undefined, { ref: false });
    return `Kafka does not answer: nothing within ${DEADLINE_MS} ms`;
  };
  return {
    name: 'log probe',
    check: async () => {
      const reason = await Promise.race([ask().catch((error: unknown) => `Kafka does not answer: ${messageOf(error)}`), late()]);
      if (reason !== null) void leave();
      if ((reason === null) !== (told === null)) connection.logger.warn({ reason }, reason === null ? 'Kafka answers again' : 'not ready');
      told = reason;
      return reason;
    },
    stop: leave,
  };
}
