// A stack to measure: of this checkout or of another one of the project, started by that checkout's own commands, on free
// ports and a fresh data folder. Services are processes of this one, so that each can be started, watched and stopped alone.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deskIntegrations } from '../../infra/demo/desk/desk.ts';
import { portVariables, projectDir, type StackPorts } from '../../infra/local/settings.ts';
import { nodeFlags } from '../../infra/start/services.ts';
import { runningState } from '../../infra/local/supervisor/supervisor.ts';
import { connectClickHouse, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { endWithThisProcess, removeWithThisProcess } from '../system/data-folder.ts';
import { freePorts } from '../system/free-ports.ts';
import { benchDesk } from './history-desk.ts';
import { launcherOf, watchProcess, type Used } from './processes.ts';

export const secretOf = (integrationId: string): string => `${integrationId}-secret`;

export const projections = ['queue-analytics', 'agent-analytics', 'event-archive'] as const;
export const services = ['ingress', ...projections] as const;
export type Service = (typeof services)[number] | 'dashboard';
/** The tenant of history.sql that events may be sent for, besides those of the demo's desk. */
export const BENCH_TENANT = 'bench-50k';

/** Variables that would lead to somebody's own stack. */
const elsewhere = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'CLICKHOUSE_URL', 'CLICKHOUSE_USER', 'CLICKHOUSE_PASSWORD', 'SCHEMAS_LOCK', 'ENVIRONMENT', 'CONSUMER_GROUP'];

const serviceFile = 'infra/start/service.ts';
const READY_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 25;

async function commitOf(checkout: string): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', checkout, 'describe', '--always', '--dirty=+']);
  return stdout.trim();
}

async function environmentOn(dataDir: string, ingressPort: number, isSealed: boolean): Promise<NodeJS.ProcessEnv> {
  const [kafka, kafkaController, registry, clickhouse] = await freePorts(4);
  const ports: Readonly<Record<keyof StackPorts, number | undefined>> = { kafka, kafkaController, registry, clickhouse };
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !elsewhere.includes(name)));
  const file = join(dataDir, 'integrations.json');
  const integrations = [...deskIntegrations, BENCH_TENANT].map((id) => ({ integration_id: id, environment: 'production', secrets: [secretOf(id)], ...(isSealed ? { encrypt_personal_data: true } : {}) }));
  await writeFile(file, JSON.stringify(integrations), { mode: 0o600 });
  return {
    ...own, ...Object.fromEntries(Object.entries(portVariables).map(([part, { variable }]) => [variable, String(ports[part as keyof StackPorts])])),
    DATA_DIR: dataDir, INTEGRATIONS_FILE: file, INGRESS_PORT: String(ingressPort), LOG_LEVEL: 'warn',
    // For its Kafka engine, the peer of catch-up.
    CLICKHOUSE_EXTERNAL_ACCESS: 'on',
  };
}

export interface Finished extends Used {
  readonly seconds: number;
  readonly output: string;
}

/** A checkout, or one whose integrations have personal data sealed. */
export type Wanted = string | { readonly checkout: string; readonly isSealed: boolean };

interface Child {
  readonly process: ChildProcess;
  readonly logFile: string;
}

export class BenchStack {
  readonly checkout: string;
  /** Short name of the commit that runs, with a + when files were changed since. */
  readonly commit: string;
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clickhouse: ClickHouse;
  readonly clickhouseUrl: string;
  readonly ingressUrl: string;
  readonly #children = new Map<string, Child>();
  readonly #healthPorts = new Map<string, number>();
  #parts: Readonly<Record<string, number>> = {};

  private constructor(checkout: string, commit: string, env: NodeJS.ProcessEnv) {
    [this.checkout, this.commit, this.env, this.dataDir] = [checkout, commit, env, env['DATA_DIR'] ?? ''];
    this.ingressUrl = `http://127.0.0.1:${env['INGRESS_PORT'] ?? ''}`;
    this.clickhouseUrl = `http://127.0.0.1:${env['CLICKHOUSE_PORT'] ?? ''}`;
    this.clickhouse = connectClickHouse(this.clickhouseUrl);
  }

  /** Kafka, registry and ClickHouse with topics, schemas, tables and a desk; no service yet. */
  static async start(wanted: Wanted = projectDir): Promise<BenchStack> {
    const { checkout, isSealed } = typeof wanted === 'string' ? { checkout: wanted, isSealed: false } : wanted;
    const dataDir = await mkdtemp(join(tmpdir(), 'ticketstream-bench-'));
    removeWithThisProcess(dataDir);
    const [ingressPort = 0] = await freePorts(1);
    const stack = new BenchStack(checkout, `${await commitOf(checkout)}${isSealed ? ', sealing' : ''}`, await environmentOn(dataDir, ingressPort, isSealed));
    console.error(`${stack.commit}: starting its stack…`);
    try {
      await stack.#begin();
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    await mkdir(join(this.dataDir, 'bench'));
    const { process: child, logFile } = await this.#spawn('stack', 'infra/local/local.ts', ['start'], this.env);
    await this.#until('stack', child, async () => (await readFile(logFile, 'utf8')).includes('The stack is ready'));
    await this.refreshParts();
    for (const command of ['topics', 'schemas', 'migrate']) await this.run(`infra/${command}/${command}.ts`);
    const desk = join(this.dataDir, 'bench', 'desk.json');
    await writeFile(desk, JSON.stringify(benchDesk(deskIntegrations)));
    await this.run('infra/config/config.ts', 'apply', desk);
  }

  /** Parts that ended are started again by their supervisor, under other pids. */
  async refreshParts(): Promise<void> {
    const running = await runningState(this.dataDir);
    this.#parts = Object.fromEntries((running?.processes ?? []).map(({ name, identity }) => [name, identity.pid]));
  }

  /** As package.json starts it: a service has flags of its own. */
  async #spawn(name: string, file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Child> {
    const logFile = join(this.dataDir, 'bench', `${name}.log`);
    const log = openSync(logFile, 'w');
    const flags = file === serviceFile ? nodeFlags : [];
    const child = spawn(process.execPath, [...flags, ...launcherOf(this.checkout), file, ...args], { cwd: this.checkout, env, stdio: ['ignore', log, log] });
    await once(child, 'spawn');
    endWithThisProcess(child.pid ?? 0);
    this.#children.set(name, { process: child, logFile });
    return { process: child, logFile };
  }

  async #until(name: string, child: ChildProcess, isDone: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await isDone())) {
      const log = this.#children.get(name)?.logFile ?? '';
      if (child.exitCode !== null) throw new Error(`${name} of ${this.commit} ended with ${child.exitCode}:\n${(await readFile(log, 'utf8')).slice(-3_000)}`);
      if (Date.now() > deadline) throw new Error(`${name} of ${this.commit} is not ready after ${READY_WITHIN_MS / 1_000} s; log: ${log}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Runs a command of the checkout on this stack to its end. @throws Error with its output when it fails. */
  async run(file: string, ...args: string[]): Promise<Finished> {
    const began = performance.now();
    const { process: child, logFile } = await this.#spawn('command', file, args, this.env);
    const used = watchProcess(child.pid ?? 0);
    if (child.exitCode === null) await once(child, 'exit');
    const { cpuSeconds, peakMb } = used();
    const output = await readFile(logFile, 'utf8');
    if (child.exitCode !== 0) throw new Error(`${file} ${args.join(' ')} of ${this.commit} ended with ${child.exitCode}:\n${output.slice(-3_000)}`);
    return { seconds: (performance.now() - began) / 1_000, output, cpuSeconds, peakMb };
  }

  /** Starts a file of the checkout beside the services, and waits for nothing. */
  async startProcess(name: string, file: string, { args = [], env = {} }: { args?: readonly string[]; env?: NodeJS.ProcessEnv } = {}): Promise<void> {
    await this.#spawn(name, file, args, { ...this.env, HEALTH_PORT: '0', ...env });
  }

  /** @throws Error with the end of its log when a process that was started, and not stopped, has ended. */
  async assertRunning(name: string): Promise<void> {
    const child = this.#children.get(name);
    if (child === undefined || child.process.exitCode === null) return;
    throw new Error(`${name} of ${this.commit} ended with ${child.process.exitCode}:\n${(await readFile(child.logFile, 'utf8')).slice(-3_000)}`);
  }

  /** @returns milliseconds until it was ready. */
  async startService(name: Service, env: NodeJS.ProcessEnv = {}): Promise<number> {
    const [healthPort = 0] = name === 'ingress' ? [Number(this.env['INGRESS_PORT'])] : await freePorts(1);
    this.#healthPorts.set(name, healthPort);
    const began = performance.now();
    await this.#startAndWait(name, name, healthPort, env);
    return performance.now() - began;
  }

  /** One more ingress on this stack, which stops with it. */
  async startIngress(as: string, env: NodeJS.ProcessEnv): Promise<{ port: number; pid: number }> {
    const [port = 0] = await freePorts(1);
    return { port, pid: await this.#startAndWait(as, 'ingress', port, { ...env, INGRESS_PORT: String(port) }) };
  }

  async #startAndWait(as: string, name: Service, healthPort: number, env: NodeJS.ProcessEnv): Promise<number> {
    const { process: child } = await this.#spawn(as, serviceFile, [name], { ...this.env, HEALTH_PORT: String(healthPort), ...env });
    await this.#until(as, child, () => fetch(`http://127.0.0.1:${healthPort}/health/ready`).then((answer) => answer.ok, () => false));
    return child.pid ?? 0;
  }

  async startServices(names: readonly Service[] = services): Promise<void> {
    await Promise.all(names.map((name) => this.startService(name)));
  }

  /** Of a service that runs. */
  healthUrl(name: Service): string {
    return `http://127.0.0.1:${this.#healthPorts.get(name) ?? 0}`;
  }

  async stopService(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#children.get(name)?.process;
    this.#children.delete(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async stopServices(): Promise<void> {
    await Promise.all([...this.#children.keys()].filter((name) => name !== 'stack').map((name) => this.stopService(name)));
  }

  /** ClickHouse, Kafka, registry and what else runs. */
  pids(): Record<string, number> {
    const running = [...this.#children].filter(([name, { process: child }]) => !['stack', 'command'].includes(name) && child.exitCode === null);
    return { ...this.#parts, ...Object.fromEntries(running.flatMap(([name, { process: { pid } }]) => (pid === undefined ? [] : [[name, pid] as const]))) };
  }

  async stop(): Promise<void> {
    await this.clickhouse.close();
    await this.stopServices();
    await this.stopService('stack');
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** Works with a stack of each checkout, all running at once so that rounds can alternate, and stops them in any case. */
export async function withStacks<T>(checkouts: readonly Wanted[], work: (stacks: readonly BenchStack[]) => Promise<T>): Promise<T> {
  const stacks: BenchStack[] = [];
  const state: { stopping?: Promise<void> } = {};
  const stopAll = (): Promise<void> => (state.stopping ??= Promise.all(stacks.map((stack) => stack.stop())).then(() => undefined));
  // Whatever was being measured fails when its stack goes: that is no news then, and the process ends only when all has stopped.
  const onSignal = (): void => void stopAll().finally(() => process.exit(130));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    for (const checkout of checkouts) stacks.push(await BenchStack.start(checkout));
    return await work([...stacks]);
  } catch (error) {
    if (state.stopping !== undefined) await new Promise(() => undefined);
    throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await stopAll();
  }
}

/** The same with one. */
export const withStack = <T>(checkout: string, work: (stack: BenchStack) => Promise<T>): Promise<T> =>
  withStacks([checkout], async ([stack]) => {
    if (stack === undefined) throw new Error('a stack is needed');
    return await work(stack);
  });
