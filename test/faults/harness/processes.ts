// Services as processes that can be killed, frozen, stopped and started again. One that ends though nobody asked is noted, and
// started again at once, as a supervisor would; without its growing pauses, so that fifty kills take a minute.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectDir, runner } from '../../../infra/local/settings.ts';
import { endWithThisProcess } from '../../system/data-folder.ts';

/** Ends a run that hangs, and nothing else: on a busy machine a start takes a minute. What must be quick is judged by the seconds that it took. */
const READY_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 25;
/** Asking Kafka for all positions takes it some ms. */
const COUNT_EVERY_MS = 150;

export interface ServiceOptions {
  /** Of the process; two of one service have two names. */
  readonly name: string;
  /** File to run, and its arguments. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly port: number;
  readonly logFile: string;
  /** Modules that Node loads first, such as another clock. */
  readonly preload?: readonly string[];
}

/** How one ended that nobody had asked to. */
export interface Ended {
  readonly name: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Service {
  readonly name: string;
  readonly url: string;
  readonly logFile: string;
  readonly #options: ServiceOptions;
  readonly #onEnded: (ended: Ended) => void;
  #child: ChildProcess | null = null;
  #isWanted = false;
  #expectsEnd = false;
  #extra: NodeJS.ProcessEnv = {};
  /** Highest resident memory seen, of all its processes. */
  peakMb = 0;

  constructor(options: ServiceOptions, onEnded: (ended: Ended) => void) {
    this.name = options.name;
    this.url = `http://127.0.0.1:${options.port}`;
    this.logFile = options.logFile;
    this.#options = options;
    this.#onEnded = onEnded;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Started, and again whenever it ends, until `stop`. Resolves when it is ready. @param env holds for all further starts. */
  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    this.begin(env);
    await this.untilReady();
  }

  /** The same without waiting. */
  begin(env: NodeJS.ProcessEnv = {}): void {
    this.#isWanted = true;
    this.#extra = env;
    this.#spawn();
  }

  #spawn(): void {
    if (this.#child !== null) return;
    const { args, env, port, logFile, preload = [] } = this.#options;
    const log = openSync(logFile, 'a');
    // What is loaded first is TypeScript.
    const imports = preload.length === 0 ? [] : ['tsx', ...preload].flatMap((module) => ['--import', module]);
    const own = { ...env, HEALTH_PORT: String(port), INGRESS_PORT: String(port), ...this.#extra };
    const child = spawn(process.execPath, [...imports, runner, ...args], { cwd: projectDir, env: own, stdio: ['ignore', log, log] });
    this.#child = child;
    this.#expectsEnd = false;
    let forget = (): void => undefined;
    child.once('spawn', () => (forget = endWithThisProcess(child.pid ?? 0)));
    child.once('exit', (code, signal) => {
      forget();
      this.#child = null;
      if (!this.#expectsEnd) this.#onEnded({ name: this.name, code, signal });
      if (this.#isWanted) this.#spawn();
    });
  }

  /** Sends a signal; what it ends is started again. SIGKILL resolves when it is dead. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') this.#expectsEnd = true;
    const ended = signal === 'SIGKILL' ? once(child, 'exit') : Promise.resolve();
    child.kill(signal);
    await ended;
  }

  /** For one that a failpoint is going to end: that is expected, and it is not started again. Resolves when it has ended. */
  async dies(withinMs = READY_WITHIN_MS): Promise<void> {
    this.#isWanted = false;
    this.#expectsEnd = true;
    await waitUntil(() => Promise.resolve(this.#child === null), `${this.name} to die`, withinMs);
  }

  /** SIGTERM, and not started again. @returns its exit code. */
  async stop(): Promise<number | null> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === null) return null;
    this.#expectsEnd = true;
    const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const [code] = await Promise.race([ended, sleep(15_000).then(() => [null] as const)]);
    if (this.#child === child) {
      child.kill('SIGKILL');
      await ended;
    }
    return code;
  }

  /** Gone at once, and not started again. */
  async remove(): Promise<void> {
    this.#isWanted = false;
    await this.kill('SIGKILL');
  }

  async isReady(): Promise<boolean> {
    const answer = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(4_000) }).catch(() => null);
    await answer?.arrayBuffer();
    return answer?.ok === true;
  }

  untilReady(withinMs = READY_WITHIN_MS): Promise<void> {
    return waitUntil(() => this.isReady(), `${this.name} to be ready`, withinMs).catch((error: unknown) => {
      throw new Error(`${String(error)}; the end of its log:\n${this.logEnd()}`);
    });
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.url}/metrics`)).text();
  }

  logEnd(lines = 15): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  lookAtMemory(): void {
    const { pid } = this;
    if (pid === undefined) return;
    try {
      this.peakMb = Math.max(this.peakMb, Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024);
    } catch {
      // It has just ended, or this is no Linux.
    }
  }
}

/** @throws Error after the time, with the last failure as its cause. */
export async function waitUntil(check: () => Promise<boolean>, what: string, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      if (await check()) return;
    } catch (error) {
      last = error;
    }
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`waited ${Math.round(withinMs / 1_000)} s in vain for ${what}`, { cause: last });
}

/** Waits for as long as they become fewer. @throws Error when they have not for so long. */
export async function untilNone(count: () => Promise<number>, what: string, stalledAfterMs: number): Promise<void> {
  let [fewest, at] = [Infinity, performance.now()];
  for (;;) {
    const left = await count().catch(() => Infinity);
    if (left === 0) return;
    if (left < fewest) [fewest, at] = [left, performance.now()];
    if (performance.now() - at > stalledAfterMs) throw new Error(`${fewest} ${what}, and no fewer for ${Math.round(stalledAfterMs / 1_000)} s`);
    await sleep(COUNT_EVERY_MS);
  }
}
