// One child process: start it, wait until it answers, restart it with back-off when it crashes, stop
// it with a deadline. It runs in a process group of its own: a Ctrl-C in the terminal reaches only the
// supervisor, which decides the order, and a group can be ended as a whole.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { followLines } from './log-tail.ts';

export interface ProcessSpec {
  name: string;
  title: string;
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Everything that it prints goes here. */
  logFile: string;
  /** Gets each line of it too, a moment after it is printed. */
  onLine?: (line: string) => void;
  /** Runs before every start. */
  prepare?: () => Promise<void>;
  /** Whether it does its work by now; asked again until it does. */
  isReady: () => Promise<boolean>;
  readyWithinMs: number;
  /** From SIGTERM to SIGKILL. */
  stopWithinMs: number;
  /** Lower stops earlier; equal ones stop together. */
  stopOrder: number;
}

export type ProcessState = 'stopped' | 'starting' | 'ready' | 'waiting to restart';

export interface ProcessObserver {
  spawned: (pid: number) => void;
  exited: (pid: number) => void;
  crashed: (detail: string) => void;
  restarted: (elapsedMs: number) => void;
}

export class StartFailure extends Error {
  override readonly name = 'StartFailure';
}

/** The start was given up because somebody asked for a stop meanwhile. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

const firstBackOffMs = 500;
const longestBackOffMs = 10_000;
/** Whoever lives as long as this has recovered: the next crash starts the back-off anew. */
const recoveredAfterMs = 30_000;

export class SupervisedProcess {
  readonly spec: ProcessSpec;
  autoRestart: boolean;
  state: ProcessState = 'stopped';
  readonly #observer: ProcessObserver;
  #child: ChildProcess | undefined;
  #exit: Promise<string> = Promise.resolve('');
  #backOffMs = firstBackOffMs;
  /** Each start and stop begins a new one; what belongs to an older one gives up. */
  #generation = 0;

  constructor(spec: ProcessSpec, observer: ProcessObserver, autoRestart: boolean) {
    this.spec = spec;
    this.#observer = observer;
    this.autoRestart = autoRestart;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it is ready; throws StartFailure, with the end of its log, when it doesn't get there. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`${this.spec.name} already runs`);
    const generation = ++this.#generation;
    await this.#launch(generation);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it, by force when it takes longer than its deadline, and doesn't start it again. */
  async stop(withinMs = this.spec.stopWithinMs): Promise<void> {
    this.#generation += 1;
    this.state = 'stopped';
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    signalGroup(pid, 'SIGTERM');
    // A stopped process (SIGSTOP) hears nothing before it goes on.
    signalGroup(pid, 'SIGCONT');
    const deadline = new AbortController();
    const force = sleep(withinMs, undefined, { signal: deadline.signal }).then(
      () => signalGroup(pid, 'SIGKILL'),
      () => undefined,
    );
    await this.#exit;
    deadline.abort();
    await force;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  forceKill(): void {
    this.#generation += 1;
    this.state = 'stopped';
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL');
  }

  async #launch(generation: number): Promise<void> {
    this.state = 'starting';
    try {
      await this.spec.prepare?.();
      if (generation === this.#generation) {
        this.#spawn(generation);
        await this.#untilReady(generation);
      }
    } catch (error) {
      if (generation !== this.#generation) throw this.#interruption();
      await this.stop();
      throw error;
    }
    if (generation !== this.#generation) throw this.#interruption();
    this.state = 'ready';
  }

  #spawn(generation: number): void {
    const { command, args, cwd, env, logFile, onLine } = this.spec;
    const log = openSync(logFile, 'a');
    const startedAt = Date.now();
    const ended = new AbortController();
    if (onLine !== undefined) {
      followLines(logFile, { from: fstatSync(log).size, onLine, until: ended.signal }).catch(() => onLine(`${logFile} can't be read`));
    }
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', log, log] });
    this.#child = child;
    closeSync(log);
    const pid = child.pid;
    if (pid !== undefined) this.#observer.spawned(pid);
    this.#exit = new Promise((done) => {
      child.once('error', (error) => done(error.message));
      child.once('exit', (code, signal) => done(signal === null ? `exit code ${String(code)}` : `ended by ${signal}`));
    });
    void this.#exit.then((how) => {
      ended.abort();
      if (pid !== undefined) {
        // What a crashed process leaves of its own children would hold its ports.
        signalGroup(pid, 'SIGKILL');
        this.#observer.exited(pid);
      }
      if (this.#child === child) this.#child = undefined;
      if (Date.now() - startedAt > recoveredAfterMs) this.#backOffMs = firstBackOffMs;
      if (generation === this.#generation && this.state === 'ready') this.#afterCrash(generation, how);
    });
  }

  async #untilReady(generation: number): Promise<void> {
    const deadline = Date.now() + this.spec.readyWithinMs;
    let ended: string | undefined;
    void this.#exit.then((how) => (ended = how));
    while (generation === this.#generation) {
      const isReady = await this.spec.isReady().catch(() => false);
      if (ended !== undefined) throw this.#failure(ended);
      if (isReady) return;
      if (Date.now() > deadline) throw this.#failure(`not ready after ${this.spec.readyWithinMs / 1000} s`);
      await sleep(50);
    }
  }

  #interruption(): Interrupted {
    return new Interrupted(`${this.spec.title} was stopped while it started`);
  }

  #failure(what: string): StartFailure {
    const { title, logFile } = this.spec;
    return new StartFailure(`${title} did not start: ${what}. The end of ${logFile}:\n${endOf(logFile)}`);
  }

  #afterCrash(generation: number, how: string): void {
    this.state = this.autoRestart ? 'waiting to restart' : 'stopped';
    this.#observer.crashed(this.autoRestart ? `${how}; restart in ${this.#backOffMs / 1000} s` : how);
    if (this.autoRestart) void this.#restartAfterCrash(generation);
  }

  async #restartAfterCrash(generation: number): Promise<void> {
    const begun = Date.now();
    await sleep(this.#backOffMs);
    this.#backOffMs = Math.min(this.#backOffMs * 2, longestBackOffMs);
    if (generation !== this.#generation) return;
    const next = ++this.#generation;
    try {
      await this.#launch(next);
      if (next === this.#generation) this.#observer.restarted(Date.now() - begun);
    } catch (error) {
      // #launch has stopped it, which is the latest generation as long as nobody else did something.
      if (error instanceof Interrupted || this.#generation !== next + 1) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#afterCrash(this.#generation, message.split('\n')[0] ?? '');
    }
  }
}

/** To a process and all that it started; no error when nobody is left. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: the group has ended meanwhile.
  }
}

function endOf(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.slice(-15).map((line) => `  ${line}`).join('\n');
}
