// Three brokers with three replicas of 24 partitions, and services of which several processes run: what is past one machine, on one.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deskIntegrations } from '../../infra/demo/desk/desk.ts';
import { KafkaCluster } from '../../infra/local/kafka-cluster.ts';
import { projectDir } from '../../infra/local/settings.ts';
import { startStack, type Stack } from '../../infra/local/stack.ts';
import { nodeFlags } from '../../infra/start/services.ts';
import { connectClickHouse, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { endWithThisProcess, removeWithThisProcess } from '../system/data-folder.ts';
import { freePorts } from '../system/free-ports.ts';
import { cpuOf, launcherOf } from './processes.ts';
import { secretOf } from './stack.ts';

export const PARTITIONS = 24;
const BROKERS = 3;
const READY_WITHIN_MS = 120_000;

const LOOK_EVERY_MS = 25;
const isReady = (port: number): Promise<boolean> => fetch(`http://127.0.0.1:${port}/health/ready`).then(({ ok }) => ok, () => false);

/** A process of a service. */
export interface Instance {
  readonly service: string;
  readonly port: number;
  readonly child: ChildProcess;
}

export class ClusterStack {
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
  readonly commit: string;
  readonly brokers: KafkaCluster;
  readonly clickhouse: ClickHouse;
  readonly #parts: Stack;
  readonly #instances = new Set<Instance>();

  private constructor(brokers: KafkaCluster, parts: Stack, env: NodeJS.ProcessEnv, commit: string) {
    [this.brokers, this.#parts, this.env, this.commit, this.dataDir] = [brokers, parts, env, commit, parts.dataDir];
    this.clickhouse = connectClickHouse(parts.clickhouseUrl);
  }

  static async start(): Promise<ClusterStack> {
    const dataDir = await mkdtemp(join(tmpdir(), 'ticketstream-cluster-'));
    removeWithThisProcess(dataDir);
    const ports = await freePorts(2 * BROKERS + 2);
    const [registry = 0, clickhouse = 0] = ports.slice(2 * BROKERS);
    const { stdout } = await promisify(execFile)('git', ['-C', projectDir, 'describe', '--always', '--dirty=+']);
    console.error('starting three brokers, the registry and ClickHouse…');
    const brokers = await KafkaCluster.start({ dataDir, ports: Array.from({ length: BROKERS }, (_, index) => ({ kafka: ports[2 * index] ?? 0, kafkaController: ports[2 * index + 1] ?? 0 })) });
    const parts = await startStack({ dataDir, ports: { registry, clickhouse }, only: ['registry', 'clickhouse'] });
    const integrations = join(dataDir, 'integrations.json');
    await writeFile(integrations, JSON.stringify(deskIntegrations.map((id) => ({ integration_id: id, environment: 'production', secrets: [secretOf(id)] }))), { mode: 0o600 });
    const stack = new ClusterStack(brokers, parts, {
      ...process.env, KAFKA_BROKERS: brokers.brokers, SCHEMA_REGISTRY_URL: parts.schemaRegistryUrl, CLICKHOUSE_URL: parts.clickhouseUrl, DATA_DIR: dataDir,
      KAFKA_PORT: String(ports[0]), REGISTRY_PORT: String(registry), SCHEMAS_LOCK: join(dataDir, 'schemas.lock.json'), INTEGRATIONS_FILE: integrations,
      ENVIRONMENTS: 'production', TOPIC_PARTITIONS: String(PARTITIONS), TOPIC_REPLICAS: String(BROKERS), LOG_LEVEL: 'warn',
    }, stdout.trim());
    for (const command of ['topics', 'schemas', 'migrate']) await promisify(execFile)(process.execPath, [...launcherOf(projectDir), `infra/${command}/${command}.ts`], { cwd: projectDir, env: stack.env });
    return stack;
  }

  /** Resolves when it is ready. */
  async startInstance(service: string): Promise<Instance> {
    const [port = 0] = await freePorts(1);
    const log = openSync(join(this.dataDir, `${service}-${port}.log`), 'w');
    const own = service === 'ingress' ? { INGRESS_PORT: String(port) } : { HEALTH_PORT: String(port) };
    const child = spawn(process.execPath, [...nodeFlags, ...launcherOf(projectDir), 'infra/start/service.ts', service], { cwd: projectDir, env: { ...this.env, ...own }, stdio: ['ignore', log, log] });
    await once(child, 'spawn');
    closeSync(log);
    endWithThisProcess(child.pid ?? 0);
    const instance = { service, port, child };
    this.#instances.add(instance);
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await isReady(port))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${service} is not ready:\n${(await readFile(join(this.dataDir, `${service}-${port}.log`), 'utf8')).slice(-2_000)}`);
      await sleep(LOOK_EVERY_MS);
    }
    return instance;
  }

  startInstances(service: string, processes: number): Promise<Instance[]> {
    return Promise.all(Array.from({ length: processes }, () => this.startInstance(service)));
  }

  async stopInstance(instance: Instance, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#instances.delete(instance);
    if (instance.child.exitCode !== null || instance.child.signalCode !== null) return;
    instance.child.kill(signal);
    await once(instance.child, 'exit');
  }

  /** CPU seconds so far: of the brokers together, of ClickHouse, of each process of a service. */
  cpu(): Readonly<Record<string, number>> {
    const instances = [...this.#instances].map(({ service, port, child }) => [`${service} ${port}`, child.pid ?? 0] as const);
    const brokers = this.brokers.pids().map((pid, index) => [`broker ${index + 1}`, pid] as const);
    return cpuOf({ clickhouse: this.#parts.pids().clickhouse ?? 0, ...Object.fromEntries([...brokers, ...instances]) });
  }

  /** Bytes of records on the first broker, which has a replica of each partition. */
  async segments(topic: string): Promise<number> {
    const folder = join(this.dataDir, 'broker-1', 'kafka');
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.includes(`${topic}-`) && name.endsWith('.log'));
    return (await Promise.all(files.map((name) => stat(join(folder, name))))).reduce((sum, { size }) => sum + size, 0);
  }

  async stop(): Promise<void> {
    await this.clickhouse.close();
    await Promise.all([...this.#instances].map((instance) => this.stopInstance(instance)));
    await this.#parts.stop();
    await this.brokers.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** The sum of a counter's values that have these labels, as a process tells it. */
export async function counted({ port }: Instance, name: string, labels: readonly string[]): Promise<number> {
  const page = await fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
  return page.split('\n').filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label))).reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
}
