// The whole system with something to break between all its parts: services reach Kafka, registry and ClickHouse through proxies,
// and senders reach the ingress through one. The checker reads past them. Kafka tells its clients where it is, so it has a
// listener of its own for those that come through the proxy, which it tells them to use.
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectDir } from '../../../infra/local/settings.ts';
import type { KafkaCluster } from '../../../infra/local/kafka-cluster.ts';
import type { Stack } from '../../../infra/local/stack.ts';
import { mainFile } from '../../../infra/start/services.ts';
import { connectClickHouse, type ClickHouse } from '../../../services/runtime/clickhouse.ts';
import type { KafkaConnection } from '../../../services/runtime/kafka/admin.ts';
import { createLogger } from '../../../services/runtime/logger.ts';
import { newDataFolder } from '../../system/data-folder.ts';
import { freePorts } from '../../system/free-ports.ts';
import { ClickHouseProxy } from './clickhouse-proxy.ts';
import { startParts, type RunningParts, type SmallDisks, type StackKind } from './parts.ts';
import { Service, type Ended } from './processes.ts';
import { TcpProxy } from './proxy.ts';
import { secretOf } from './story.ts';

export const projections = ['queue-analytics', 'agent-analytics', 'event-archive'] as const;
export type ProjectionName = (typeof projections)[number];

/** Variables that would lead to somebody's own stack. */
const elsewhere = new Set(['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'CLICKHOUSE_URL', 'CLICKHOUSE_USER', 'CLICKHOUSE_PASSWORD', 'SCHEMAS_LOCK', 'ENVIRONMENT', 'CONSUMER_GROUP', 'FAILPOINT', 'DATA_DIR']);

export interface Integration {
  readonly integration_id: string;
  readonly environment: string;
  readonly secrets: readonly string[];
  readonly [setting: string]: unknown;
}

export interface Proxies {
  readonly kafka: TcpProxy;
  readonly registry: TcpProxy;
  readonly clickhouse: TcpProxy;
  /** In front of the ingress. */
  readonly ingress: TcpProxy;
}

interface Parts {
  readonly dataDir: string;
  readonly running: RunningParts;
  readonly proxies: Proxies;
  readonly http: ClickHouseProxy;
  /** Of what reads and prepares past the proxies. */
  readonly direct: NodeJS.ProcessEnv;
  /** Of the services. */
  readonly proxied: NodeJS.ProcessEnv;
}

export class FaultStack {
  readonly dataDir: string;
  /** Kafka, registry and ClickHouse as processes; no Kafka where there is a cluster. */
  readonly parts: Stack;
  readonly #running: RunningParts;
  readonly proxies: Proxies;
  readonly clickhouseProxy: ClickHouseProxy;
  readonly direct: NodeJS.ProcessEnv;
  readonly proxied: NodeJS.ProcessEnv;
  readonly clickhouse: ClickHouse;
  readonly kafka: KafkaConnection;
  readonly services = new Map<string, Service>();
  /** Services that ended though nobody asked, since the list was emptied last. */
  readonly ended: Ended[] = [];
  #integrations: Integration[] = [];

  private constructor({ dataDir, running, proxies, http, direct, proxied }: Parts) {
    [this.dataDir, this.#running, this.proxies, this.clickhouseProxy, this.direct, this.proxied] = [dataDir, running, proxies, http, direct, proxied];
    this.parts = running.stack;
    this.clickhouse = connectClickHouse(this.parts.clickhouseUrl);
    this.kafka = { brokers: running.brokers.split(','), clientId: 'fault-checker', logger: createLogger('fault-checker', 'error') };
  }

  /** With all services ready. */
  static async start(integrations: readonly Integration[], kind: StackKind = 'one broker'): Promise<FaultStack> {
    const dataDir = await newDataFolder();
    await mkdir(join(dataDir, 'logs'), { recursive: true });
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !elsewhere.has(name)));
    const [kafka = 0, kafkaController = 0, registry = 0, clickhouse = 0, throughProxy = 0, ingress = 0] = await freePorts(6);
    const proxies = { kafka: await TcpProxy.open(throughProxy), registry: await TcpProxy.open(registry), clickhouse: await TcpProxy.open(clickhouse), ingress: await TcpProxy.open(ingress) };
    const running = await startParts(kind, { dataDir, env: own, ports: { kafka, kafkaController, registry, clickhouse, throughProxy }, kafkaProxy: proxies.kafka.port });
    const { stack, brokers, brokersForServices } = running;
    const http = await ClickHouseProxy.open(stack.clickhouseUrl);
    const common = {
      ...own, DATA_DIR: dataDir, SCHEMAS_LOCK: join(dataDir, 'schemas.lock.json'), INTEGRATIONS_FILE: join(dataDir, 'integrations.json'), INGRESS_ENVIRONMENTS: 'production',
      ...(kind === 'three brokers' ? { TOPIC_REPLICAS: '3' } : {}),
    };
    const started = new FaultStack({
      dataDir, running, proxies, http,
      direct: { ...common, KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl, CLICKHOUSE_URL: stack.clickhouseUrl },
      proxied: { ...common, KAFKA_BROKERS: brokersForServices, SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl.replace(`:${registry}`, `:${proxies.registry.port}`), CLICKHOUSE_URL: `http://${through(proxies.clickhouse)}` },
    });
    try {
      await started.setIntegrations(integrations);
      await Promise.all(['topics', 'schemas', 'migrate'].map((command) => started.run(`infra/${command}/${command}.ts`)));
      started.add('ingress', { main: 'ingress', port: ingress });
      for (const name of projections) started.add(name, { main: name });
      await Promise.all([...started.services.values()].map((service) => service.start()));
      return started;
    } catch (error) {
      await started.stop();
      throw error;
    }
  }

  /** A service that is not started yet. */
  add(name: string, { main, port, args, env = {}, preload }: { main: string; port?: number; args?: readonly string[]; env?: NodeJS.ProcessEnv; preload?: readonly string[] }): Service {
    const service = new Service({
      name, port: port ?? nextPort(), args: args ?? [mainFile(main)], env: { ...this.proxied, ...env },
      logFile: join(this.dataDir, 'logs', `${name}.log`), ...(preload === undefined ? {} : { preload }),
    }, (ended) => this.ended.push(ended));
    this.services.set(name, service);
    return service;
  }

  /** @throws Error where there is one broker. */
  get cluster(): KafkaCluster {
    if (this.#running.cluster === null) throw new Error('there is no cluster here: the fault has to say that it needs three brokers');
    return this.#running.cluster;
  }

  /** @throws Error where disks are as large as the machine's. */
  get disks(): SmallDisks {
    if (this.#running.disks === null) throw new Error('no disk is small here: the fault has to say that it needs small disks');
    return this.#running.disks;
  }

  get(name: string): Service {
    const service = this.services.get(name);
    if (service === undefined) throw new Error(`there is no service ${name} here`);
    return service;
  }

  /** Takes it out of the stack. */
  async remove(name: string): Promise<void> {
    await this.get(name).stop();
    this.services.delete(name);
  }

  /** Where senders go: through the proxy to the ingress. */
  get door(): string {
    return `http://${through(this.proxies.ingress)}`;
  }

  get integrations(): readonly Integration[] {
    return this.#integrations;
  }

  /** Ingresses that run take it over within a second or two. */
  async setIntegrations(integrations: readonly Integration[]): Promise<void> {
    this.#integrations = [...integrations];
    await writeFile(join(this.dataDir, 'integrations.json'), JSON.stringify(integrations), { mode: 0o600 });
  }

  /** A command of the project, past the proxies. */
  async run(file: string, ...args: string[]): Promise<{ code: number; output: string }> {
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['infra/start/run.mjs', file, ...args], { cwd: projectDir, env: this.direct, maxBuffer: 2 ** 26 });
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
      if (file.startsWith('infra/topics') || file.startsWith('infra/schemas') || file.startsWith('infra/migrate')) throw error;
      return { code: code ?? -1, output: stdout + stderr };
    }
  }

  /** Everything undone that a fault may have left behind. */
  async heal(): Promise<void> {
    for (const proxy of Object.values(this.proxies) as TcpProxy[]) proxy.heal();
    this.clickhouseProxy.heal();
    this.proxies.clickhouse.target = Number(new URL(this.parts.clickhouseUrl).port);
    for (const service of this.services.values()) await service.kill('SIGCONT');
    const { cluster, disks } = this.#running;
    await Promise.all([disks?.kafka.free(), disks?.clickhouse.free()]);
    if (cluster === null) this.parts.kill('kafka', 'SIGCONT');
    else await cluster.heal();
  }

  async stop(): Promise<void> {
    await this.heal().catch((error: unknown) => console.error(String(error)));
    await Promise.all([...this.services.values()].map((service) => service.stop()));
    await this.clickhouse.close();
    const { cluster, disks } = this.#running;
    await Promise.all([this.parts.stop(), cluster?.stop()]);
    await Promise.all([disks?.kafka.unmount(), disks?.clickhouse.unmount()]);
    await Promise.all([...(Object.values(this.proxies) as TcpProxy[]), this.clickhouseProxy].map((proxy) => proxy.close()));
    if (process.env['KEEP_TEST_DATA'] === undefined) await rm(this.dataDir, { recursive: true, force: true });
    else console.log(`kept ${this.dataDir}`);
  }
}

/** Ports for health that the system's own choice for outgoing connections does not take. */
let lastPort = 24_000 + (process.pid % 400) * 20;
const nextPort = (): number => lastPort++;

const through = (proxy: TcpProxy): string => `127.0.0.1:${proxy.port}`;

export const integrationNamed = (id: string): Integration => ({ integration_id: id, environment: 'production', secrets: [secretOf(id)] });
