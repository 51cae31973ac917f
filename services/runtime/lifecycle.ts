// Ordered start, reverse stop with a deadline. A signal stops a service once; a second
// signal, a missed deadline or an unhandled rejection ends it at once with code 1, so that a
// supervisor restarts it: a half-dead process is worse than a dead one.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RuntimeError } from './errors.ts';
import type { Logger } from './logger.ts';

export interface Stoppable {
  readonly name: string;
  stop(): Promise<void>;
}

/** From the signal on; whoever runs it waits longer. */
export const STOP_DEADLINE_MS = 8_000;
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

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** A start that waits for what it needs: meanwhile the service lives, and says what is missing. */
export class Starting {
  readonly #logger: Logger;
  #failure: string | null = 'starting';

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Null once it is done; else what it waits for. */
  failure(): string | null {
    return this.#failure;
  }

  done(): void {
    this.#failure = null;
  }

  /** Takes a step, again and again while what it needs is away. @throws what no waiting mends. */
  async step<T>(take: () => Promise<T>): Promise<T> {
    for (let delayMs = FIRST_PAUSE_MS; ; delayMs = Math.min(LONGEST_PAUSE_MS, 2 * delayMs)) {
      try {
        return await take();
      } catch (error) {
        if (!(error instanceof RuntimeError && error.retriable)) throw error;
        this.#failure = `starting: ${error.message}`;
        this.#logger.warn({ code: error.code, error: error.message, delay_ms: delayMs }, 'the start waits for what it needs');
        await sleep(delayMs);
      }
    }
  }
}

/** Runs `start`, which pushes each started part onto the list; stops them in reverse order on SIGTERM or SIGINT. */
export async function runService(logger: Logger, start: (parts: Stoppable[]) => Promise<void>, deadlineMs = STOP_DEADLINE_MS): Promise<void> {
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
      logger.error({ deadline_ms: deadlineMs }, 'not stopped in time');
      process.exit(1);
    }, deadlineMs).unref();
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
