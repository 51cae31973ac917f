// Several processes of the ingress on one machine and one port. The first one takes no webhooks: it starts the others, gives each
// new connection to the next of them, and starts another one for one that ends. Each of the others is an ingress as it is
// alone, with a dedupe window of its own, as ingresses on several machines have; the limits are for all together (README).
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { RateLimiterClusterMaster } from 'rate-limiter-flexible';
import { runService, STOP_DEADLINE_MS } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logger.ts';
import { gatherMetrics } from '../runtime/metrics/of-processes.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** What they take to stop, and a little more. */
const DEADLINE_MS = STOP_DEADLINE_MS + 1_000;
const STARTED = 'started';

/** Whether this process takes the place of one that ended: it takes connections once it can take events, which the others do meanwhile. */
export const isReplacement = (env: NodeJS.ProcessEnv): boolean => cluster.isWorker && env['INGRESS_PLACE'] === 'replacement';

/** Told to the process that started this one, if one did. */
export const tellStarted = (): void => void process.send?.(STARTED);

class Processes {
  readonly #logger: Logger;
  #pauseMs = FIRST_PAUSE_MS;
  #isStopping = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Resolves once it has started. @throws Error when it ends before that, unless it is a replacement: that is tried again. */
  start(place: 'first' | 'replacement' = 'first'): Promise<void> {
    const worker = cluster.fork({ INGRESS_PLACE: place });
    let hasStarted = false;
    return new Promise((resolve, reject) => {
      worker.on('message', (message) => {
        if (message !== STARTED) return;
        hasStarted = true;
        this.#logger.info({ pid: worker.process.pid }, 'a process of the ingress takes webhooks');
        this.#pauseMs = FIRST_PAUSE_MS;
        resolve();
      });
      worker.once('exit', (code: number, signal: string) => {
        if (this.#isStopping) return;
        if (hasStarted || place === 'replacement') this.#replace(worker, signal || code);
        else reject(new Error('a process of the ingress did not start: it says above why'));
      });
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(Object.values(cluster.workers ?? {}).map(async (worker) => {
      if (worker?.process.kill('SIGTERM') === true) await once(worker, 'exit');
    }));
  }

  #replace(worker: Worker, how: string | number): void {
    this.#logger.error({ pid: worker.process.pid, how, pause_ms: this.#pauseMs }, 'a process of the ingress ended; another one takes its place');
    setTimeout(() => {
      if (!this.#isStopping) void this.start('replacement');
    }, this.#pauseMs);
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * this.#pauseMs);
  }
}

export async function runProcesses(count: number, logger: Logger): Promise<void> {
  gatherMetrics();
  // Counts what the rate limits allow, for all together.
  new RateLimiterClusterMaster();
  const processes = new Processes(logger);
  await runService(logger, async (parts) => {
    parts.push({ name: 'processes', stop: () => processes.stop() });
    await Promise.all(Array.from({ length: count }, () => processes.start()));
  }, DEADLINE_MS);
}
