// Ordered start, reverse stop with a deadline. A signal stops a service once; a second
// signal, a missed deadline or an unhandled rejection ends it at once with code 1, so that a
// supervisor restarts it: a half-dead process is worse than a dead one.
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';

export interface Stoppable {
  readonly name: string;
  stop(): Promise<void>;
}

const STOP_DEADLINE_MS = 8_000;
/** One Ctrl-C under `npm run` arrives twice: from the terminal and, milliseconds later, from npm. */
const SAME_KEY_PRESS_MS = 1_000;

/** For what only a new process mends. */
export const endNow = (logger: Logger) => (error: Error): never => {
  logger.fatal({ error: error.message }, 'the process ends, so that a new one takes over');
  process.exit(1);
};

export async function stopAll(parts: readonly Stoppable[], logger: Logger): Promise<void> {
  for (const part of parts.toReversed()) {
    try {
      await part.stop();
    } catch (error) {
      logger.error({ part: part.name, error: messageOf(error) }, 'stopping failed');
    }
  }
}

/** Runs `start`, which pushes each started part onto the list; stops them in reverse order on SIGTERM or SIGINT. */
export async function runService(logger: Logger, start: (parts: Stoppable[]) => Promise<void>): Promise<void> {
  const parts: Stoppable[] = [];
  let stoppingSince: number | null = null;
  const stop = async (signal: string, code: number): Promise<void> => {
    if (stoppingSince !== null) {
      if (Date.now() - stoppingSince > SAME_KEY_PRESS_MS) process.exit(1);
      return;
    }
    stoppingSince = Date.now();
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error({ deadline_ms: STOP_DEADLINE_MS }, 'not stopped in time');
      process.exit(1);
    }, STOP_DEADLINE_MS).unref();
    await stopAll(parts, logger);
    logger.info('stopped');
    process.exit(code);
  };
  process.on('SIGTERM', () => void stop('SIGTERM', 0));
  process.on('SIGINT', () => void stop('SIGINT', 0));
  process.on('unhandledRejection', (reason) => {
    logger.fatal({ error: reason instanceof Error ? reason.stack : String(reason) }, 'unhandled rejection');
    process.exit(1);
  });
  try {
    await start(parts);
    logger.info('started');
  } catch (error) {
    logger.fatal({ error: messageOf(error) }, 'start failed');
    await stopAll(parts, logger);
    process.exit(1);
  }
}
