// What the log and the quarantine held last, so that the retry of an event of before the start is known as one.
import { RuntimeError } from '../runtime/errors.ts';
import { eventsTopic, quarantineTopic, type LogRecord } from '../runtime/event-log.ts';
import type { KafkaConnection } from '../runtime/kafka/admin.ts';
import { readTail } from '../runtime/kafka/consumer.ts';
import type { Starting } from '../runtime/lifecycle.ts';
import { DedupeWindow } from './dedupe.ts';

/** Waits for Kafka. A user who may only write knows nothing of before. */
export async function recentEvents(connection: KafkaConnection, { environments, count, starting }: { readonly environments: readonly string[]; readonly count: number; readonly starting: Starting }): Promise<DedupeWindow> {
  const window = new DedupeWindow(count);
  const read = async (topic: string, visit: (record: LogRecord) => void): Promise<void> => {
    try {
      await starting.step(() => readTail(connection, topic, count, visit));
    } catch (error) {
      if (!(error instanceof RuntimeError && error.code === 'LOG_REFUSED')) throw error;
      connection.logger.warn({ topic, error: error.message }, 'recent events are not known, as this user may only write: a retry of one is appended again, and counts once all the same');
    }
  };
  for (const environment of environments) {
    await read(eventsTopic(environment), (record) => window.rebuildFrom(record, environment, 'accepted'));
    await read(quarantineTopic(environment), (record) => window.rebuildFrom(record, environment, 'quarantined'));
  }
  return window;
}
