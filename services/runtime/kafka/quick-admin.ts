// Questions to Kafka that are worth an answer now or none: with a deadline and without a second try. A client library
// tries again for long, and a connection to a broker that froze looks open; so after a failure the next one connects anew.
// While nobody asks it costs nothing.
import type { Admin } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { Stoppable } from '../lifecycle.ts';
import { connectKafka, type KafkaConnection } from './admin.ts';

export interface QuickAdmin extends Stoppable {
  /** @throws Error that says that Kafka does not answer, and why. */
  ask<T>(question: (admin: Admin) => Promise<T>): Promise<T>;
}

/** Later than that is no answer. */
export const ANSWERS_WITHIN_MS = 1_500;

export function createQuickAdmin(connection: KafkaConnection): QuickAdmin {
  // Its failures are told by its answer, once; the library would log each of them.
  const quiet = { ...connection, logger: connection.logger.child({}, { level: 'silent' }) };
  let admin: Promise<Admin> | null = null;
  /** What a connection failed for last: the library goes on trying, and would say nothing of it in time. */
  let trouble = '';
  const connect = async (): Promise<Admin> => {
    const connecting = connectKafka(quiet, { onTrouble: (text) => { trouble = text; } }).admin({ retry: { retries: 0 } });
    await connecting.connect();
    return connecting;
  };
  const leave = async (): Promise<void> => {
    const left = admin;
    admin = null;
    await left?.then((connected) => connected.disconnect()).catch(() => undefined);
  };
  const late = async (): Promise<never> => {
    await sleep(ANSWERS_WITHIN_MS, undefined, { ref: false });
    throw new Error(`nothing within ${ANSWERS_WITHIN_MS} ms${trouble === '' ? '' : `: ${trouble}`}`);
  };
  return {
    name: 'quick admin',
    ask: async (question) => {
      const connecting = (admin ??= connect());
      try {
        const answer = await Promise.race([connecting.then(question), late()]);
        trouble = '';
        return answer;
      } catch (error) {
        if (admin === connecting) void leave();
        throw new Error(`Kafka does not answer: ${messageOf(error)}`, { cause: error });
      }
    },
    stop: leave,
  };
}
