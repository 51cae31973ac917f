// Owns a data folder and every process that works on it. One supervisor per folder: two Kafkas on one
// folder destroy it. What a dead supervisor left behind is ended at the next start, and by the
// watchdog at once.
import { spawn, type ChildProcess } from 'node:child_process';
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isSameProcess, type ProcessIdentity } from './identity.ts';
import type { OnProgress } from '../progress.ts';
import { tracked } from '../progress.ts';
import { projectDir, SetupError } from '../settings.ts';
import { readState, writeWhole } from './state-file.ts';
import { Interrupted, signalGroup, SupervisedProcess, type ProcessSpec } from './supervised.ts';

export interface SupervisorOptions {
  dataDir: string;
  autoRestart?: boolean;
  onProgress?: OnProgress;
}

/** Environment variables by which a process reaches a stack: URLs with their credentials, and the files that go with them. */
export type Connection = Readonly<Record<string, string>>;

/** What is noted in the data folder about a running supervisor. */
export interface RunningState {
  supervisor: ProcessIdentity;
  processes: { name: string; title: string; identity: ProcessIdentity }[];
  /** Not there before it is known which ports are free. */
  connection?: Connection;
}

const stateFile = (dataDir: string): string => join(dataDir, 'supervisor.json');
const lockFile = (dataDir: string): string => join(dataDir, 'supervisor.lock');
export const logFile = (dataDir: string, name: string): string => join(dataDir, 'logs', `${name}.log`);

export class Supervisor {
  readonly dataDir: string;
  readonly #onProgress: OnProgress;
  readonly #autoRestart: boolean;
  readonly #processes = new Map<string, SupervisedProcess>();
  readonly #identities = new Map<string, ProcessIdentity>();
  #watchdog: ChildProcess | undefined;
  #noting: Promise<void> = Promise.resolve();
  #connection: Connection | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: SupervisorOptions) {
    this.dataDir = options.dataDir;
    this.#onProgress = options.onProgress ?? (() => undefined);
    this.#autoRestart = options.autoRestart ?? true;
  }

  /** Takes the data folder, or says who has it. */
  static async open(options: SupervisorOptions): Promise<Supervisor> {
    const supervisor = new Supervisor(options);
    await mkdir(join(options.dataDir, 'logs'), { recursive: true });
    await takeLock(options.dataDir);
    await endLeftovers(options.dataDir);
    supervisor.#startWatchdog();
    supervisor.#note();
    return supervisor;
  }

  get(name: string): SupervisedProcess {
    const found = this.#processes.get(name);
    if (found === undefined) throw new Error(`nothing named ${name} is supervised here`);
    return found;
  }

  pids(): Record<string, number> {
    return Object.fromEntries([...this.#identities].map(([name, identity]) => [name, identity.pid]));
  }

  /** Tells commands that look into the data folder where the stack is. */
  isReachedBy(connection: Connection): void {
    this.#connection = connection;
    this.#note();
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Resolves when the process is ready. */
  async start(spec: ProcessSpec): Promise<void> {
    if (this.isStopping) throw new Interrupted('everything is being stopped');
    await keepOneOlderLog(spec.logFile);
    const { name, title } = spec;
    const note = (doing: string, detail: string): void =>
      this.#onProgress({ title, doing, state: 'note', elapsedMs: 0, detail });
    const supervised = new SupervisedProcess(spec, {
      spawned: (pid) => {
        this.#watchdog?.stdin?.write(`+ ${spec.stopOrder}:${pid}\n`);
        const identity = identify(pid);
        if (identity !== undefined) this.#identities.set(name, identity);
        this.#note();
      },
      exited: (pid) => {
        this.#watchdog?.stdin?.write(`- ${spec.stopOrder}:${pid}\n`);
        if (this.#identities.get(name)?.pid === pid) this.#identities.delete(name);
        this.#note();
      },
      crashed: (detail) => note('crashed', `${detail} (log: ${spec.logFile})`),
      restarted: (elapsedMs) => note('runs again', `after ${(elapsedMs / 1000).toFixed(1)} s`),
    }, this.#autoRestart);
    this.#processes.set(name, supervised);
    await tracked(this.#onProgress, { title, doing: 'start' }, () => supervised.start());
  }

  /** Ends everything in stop order and gives the data folder back. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** For the impatient: ends everything at once. */
  forceKill(): void {
    for (const supervised of this.#processes.values()) supervised.forceKill();
  }

  async #stopAll(): Promise<void> {
    const orders = new Set([...this.#processes.values()].map((supervised) => supervised.spec.stopOrder));
    for (const order of [...orders].sort((a, b) => a - b)) {
      const together = [...this.#processes.values()].filter((supervised) => supervised.spec.stopOrder === order);
      await Promise.all(together.map((supervised) => supervised.stop()));
    }
    await this.#noting;
    this.#watchdog?.stdin?.end();
    await rm(stateFile(this.dataDir), { force: true });
    await rm(lockFile(this.dataDir), { force: true });
  }

  #startWatchdog(): void {
    this.#watchdog = spawn('sh', [join(projectDir, 'infra/local/supervisor/watchdog.sh')], {
      detached: true, stdio: ['pipe', 'ignore', 'ignore'],
    });
    // Without a watchdog the stack works all the same; only a kill -9 then leaves processes behind.
    this.#watchdog.on('error', () => undefined);
    this.#watchdog.stdin?.on('error', () => undefined);
    this.#watchdog.unref();
  }

  #note(): void {
    const supervisor = identify(process.pid);
    if (supervisor === undefined) return;
    this.#noting = this.#noting.then(async () => {
      const processes = [...this.#processes.values()].flatMap(({ spec: { name, title } }) => {
        const identity = this.#identities.get(name);
        return identity === undefined ? [] : [{ name, title, identity }];
      });
      const state: RunningState = { supervisor, processes, ...(this.#connection === undefined ? {} : { connection: this.#connection }) };
      await writeWhole(stateFile(this.dataDir), JSON.stringify(state, null, 2));
    }).catch(() => undefined);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isIdentity = (value: unknown): value is ProcessIdentity => isObject(value) && typeof value['pid'] === 'number' && typeof value['mark'] === 'string';
const isRunningState = (value: unknown): value is RunningState => isObject(value) && isIdentity(value['supervisor']) &&
  Array.isArray(value['processes']) && value['processes'].every((entry) => isObject(entry) && isIdentity(entry['identity'])) &&
  (value['connection'] === undefined || isObject(value['connection']));

/** Whether the note about the supervisor can't be read; who runs is then known by the lock alone. */
export const isStateDamaged = async (dataDir: string): Promise<boolean> => (await readState(stateFile(dataDir), isRunningState)) === 'damaged';

/** What runs on the data folder now, or undefined. */
export async function runningState(dataDir: string): Promise<RunningState | undefined> {
  const state = await readState(stateFile(dataDir), isRunningState);
  if (typeof state !== 'string' && isSameProcess(state.supervisor)) return state;
  const holder = await readState(lockFile(dataDir), isIdentity);
  return typeof holder !== 'string' && isSameProcess(holder) ? { supervisor: holder, processes: [] } : undefined;
}

async function takeLock(dataDir: string): Promise<void> {
  const running = await runningState(dataDir);
  if (running !== undefined) {
    throw new SetupError([`the stack on ${dataDir} already runs (pid ${running.supervisor.pid}); to stop it: npm run stack -- stop`]);
  }
  const file = lockFile(dataDir);
  const own = `${file}.${process.pid}`;
  await rm(file, { force: true });
  try {
    // A link and not a new file: whoever sees the lock also sees whose it is.
    await writeFile(own, JSON.stringify(identify(process.pid)));
    await link(own, file);
  } catch (error) {
    throw new SetupError([`can't take the data folder ${dataDir}: ${String(error)}`]);
  } finally {
    await rm(own, { force: true });
  }
}

/** Ends the processes of a supervisor that has died, after checking that the pids are still theirs. */
export async function endLeftovers(dataDir: string): Promise<number> {
  const state = await readState(stateFile(dataDir), isRunningState);
  const left = (typeof state === 'string' ? [] : state.processes).map(({ identity }) => identity).filter(isSameProcess);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const alive = left.filter(isSameProcess);
    for (const { pid } of alive) signalGroup(pid, signal);
    for (let tries = 0; tries < 25 && alive.some(isSameProcess); tries += 1) await sleep(200);
  }
  return left.length;
}

async function keepOneOlderLog(file: string): Promise<void> {
  await rename(file, `${file}.1`).catch(() => undefined);
  await writeFile(file, '');
}
