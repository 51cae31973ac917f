// The whole system with something to break between all its parts: services reach Kafka, registry and ClickHouse through proxies,
// and senders reach the ingress through one. The checker reads past them. Kafka tells its clients where it is, so it has a
// listener of its own for those that come through the proxy, which it tells them to use.
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectDir } from '../../../infra/local/settings.ts';
import { startStack, type Stack } from '../../../infra/local/stack.ts';
import { mainFile } from '../../../infra/start/services.ts';
import { connectClickHouse, type ClickHouse } from '../../../services/runtime/clickhouse.ts';
import type { KafkaConnection } from '../../../services/runtime/kafka/admin.ts';
import { createLogger } from '../../../services/runtime/logger.ts';
import { newDataFolder } from '../../system/data-folder.ts';
import { freePorts } from '../../system/free-ports.ts';
import { ClickHouseProxy } from './clickhouse-proxy.ts';
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
  readonly stack: Stack;
  readonly proxies: Proxies;
  readonly http: ClickHouseProxy;
  /** Of what reads and prepares past the proxies. */
  readonly direct: NodeJS.ProcessEnv;
  /** Of the services. */
  readonly proxied: NodeJS.ProcessEnv;
}

export class FaultStack {
  readonly dataDir: string;
  /** Kafka, registry and ClickHouse as processes. */
  readonly parts: Stack;
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

  private constructor({ dataDir, stack, proxies, http, direct, proxied }: Parts) {
    [this.dataDir, this.parts, this.proxies, this.clickhouseProxy, this.direct, this.proxied] = [dataDir, stack, proxies, http, direct, proxied];
    this.clickhouse = connectClickHouse(stack.clickhouseUrl);
    this.kafka = { brokers: [stack.kafkaBrokers], clientId: 'fault-checker', logger: createLogger('fault-checker', 'error') };
  }

  /** With all services ready. */
  static async start(integrations: readonly Integration[]): Promise<FaultStack> {
    const dataDir = await newDataFolder();
    await mkdir(join(dataDir, 'logs'), { recursive: true });
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !elsewhere.has(name)));
    const [kafka = 0, kafkaController = 0, registry = 0, clickhouse = 0, throughProxy = 0, ingress = 0] = await freePorts(6);
    const proxies = { kafka: await TcpProxy.open(throughProxy), registry: await TcpProxy.open(registry), clickhouse: await TcpProxy.open(clickhouse), ingress: await TcpProxy.open(ingress) };
    const stack = await startStack({ dataDir, env: own, ports: { kafka, kafkaController, registry, clickhouse }, kafkaSettings: twoListeners({ kafka, kafkaController, throughProxy, advertised: proxies.kafka.port }) });
    const http = await ClickHouseProxy.open(stack.clickhouseUrl);
    const common = { ...own, DATA_DIR: dataDir, SCHEMAS_LOCK: join(dataDir, 'schemas.lock.json'), INTEGRATIONS_FILE: join(dataDir, 'integrations.json'), INGRESS_ENVIRONMENTS: 'production' };
    const started = new FaultStack({
      dataDir, stack, proxies, http,
      direct: { ...common, KAFKA_BROKERS: stack.kafkaBrokers, SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl, CLICKHOUSE_URL: stack.clickhouseUrl },
      proxied: { ...common, KAFKA_BROKERS: through(proxies.kafka), SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl.replace(`:${registry}`, `:${proxies.registry.port}`), CLICKHOUSE_URL: `http://${through(proxies.clickhouse)}` },
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
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file, ...args], { cwd: projectDir, env: this.direct, maxBuffer: 2 ** 26 });
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
  }

  async stop(): Promise<void> {
    await this.heal();
    await Promise.all([...this.services.values()].map((service) => service.stop()));
    await this.clickhouse.close();
    await this.parts.stop();
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

function twoListeners({ kafka, kafkaController, throughProxy, advertised }: Readonly<Record<'kafka' | 'kafkaController' | 'throughProxy' | 'advertised', number>>): Record<string, string> {
  const at = (port: number): string => `127.0.0.1:${port}`;
  return {
    listeners: `BROKER://${at(kafka)},CONTROLLER://${at(kafkaController)},PROXIED://${at(throughProxy)}`,
    'advertised.listeners': `BROKER://${at(kafka)},PROXIED://${at(advertised)}`,
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT',
  };
}
