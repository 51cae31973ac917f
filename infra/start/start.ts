// npm start: the local stack (each part unless its URL points elsewhere), then topics, schemas and
// tables, then every service as a process of its own. startSystem() is the same for the demo and the
// tests; what follows it is the command line.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from 'commander';
import { list } from '../../services/runtime/config.ts';
import { unreadIntegrations } from '../target/environments.ts';
import { exists } from '../local/install/cache.ts';
import { clickhouseUrl, kafkaBrokers, schemaRegistryUrl } from '../local/parts.ts';
import { answers, portProblems, type PortClaim } from '../local/ports.ts';
import { progressPrinter, tracked, type OnProgress } from '../local/progress.ts';
import { linePrinter } from '../local/supervisor/service-log.ts';
import { mainFile, nodeFlags, servicePorts, servicesToStart } from './services.ts';
import { partNames, partTitles, projectDir, readPort, runner, readSettings, setting, SetupError, urlVariables, type Environment, type PartName, type StackPorts } from '../local/settings.ts';
import { endWithMessage, stopOnSignal } from '../local/supervisor/signals.ts';
import { stackPortClaims, startStack, type Stack } from '../local/stack.ts';
import { Interrupted, StartFailure, type ProcessSpec } from '../local/supervisor/supervised.ts';
import { writeWhole } from '../local/supervisor/state-file.ts';
import { logFile, Supervisor } from '../local/supervisor/supervisor.ts';
import { withoutPassword } from '../target/which-stack.ts';

export interface SystemOptions {
  /** Settings that aren't given below, and the base environment of the services; process.env by default. */
  env?: Environment;
  dataDir?: string;
  cacheDir?: string;
  ports?: Partial<StackPorts> & { ingress?: number; healthBase?: number };
  /** The services to start; by default all but those that wait for a variable of their own. */
  services?: readonly string[];
  /** Whether crashed parts and services are started again; true by default. */
  autoRestart?: boolean;
  onProgress?: OnProgress;
  /** Gets the readable warnings and errors of the services. */
  onServiceLine?: (line: string) => void;
  /** Called as soon as there is something to stop. */
  onSupervisor?: (supervisor: Supervisor) => void;
}

export interface System {
  kafkaBrokers: string;
  schemaRegistryUrl: string;
  clickhouseUrl: string;
  ingressUrl: string;
  /** Base URL of /health/ready and /metrics, by service. */
  healthUrls: Readonly<Record<string, string>>;
  integrationsFile: string;
  dataDir: string;
  /** The environment that the services have: for commands that are to talk to this system. */
  env: Environment;
  /** The parts that run here; some may run elsewhere. */
  stack: Stack;
  /** The services that run now, with their pids. */
  readonly services: Readonly<Record<string, number>>;
  killService: (name: string, signal: NodeJS.Signals) => void;
  startService: (name: string) => Promise<void>;
  stopService: (name: string) => Promise<void>;
  restartService: (name: string) => Promise<void>;
  stop: () => Promise<void>;
}

interface Plan {
  env: Environment;
  dataDir: string;
  ports: StackPorts;
  /** The parts that are to run here. */
  parts: PartName[];
  services: readonly string[];
  healthBase: number;
  servicePorts: Map<string, number>;
}

function plan(options: SystemOptions): Plan {
  const env = options.env ?? process.env;
  const settings = readSettings(env);
  const problems: string[] = [];
  const ingressPort = options.ports?.ingress ?? readPort(env, 'INGRESS_PORT', 8080, problems);
  const healthBase = options.ports?.healthBase ?? readPort(env, 'HEALTH_PORT_BASE', 9101, problems);
  if (speaksTls(env) && setting(env, 'INGRESS_HEALTH_PORT') === undefined) problems.push('INGRESS_TLS_CERT_FILE needs INGRESS_HEALTH_PORT: nobody here can check a certificate that is made for another name, so readiness is asked there');
  if (problems.length > 0) throw new SetupError(problems, 2);
  const { kafka, kafkaController, registry, clickhouse } = { ...settings.ports, ...options.ports };
  const services = options.services ?? servicesToStart(env);
  return {
    env,
    dataDir: resolve(options.dataDir ?? settings.dataDir),
    ports: { kafka, kafkaController, registry, clickhouse },
    parts: partNames.filter((part) => setting(env, urlVariables[part]) === undefined),
    services,
    healthBase,
    servicePorts: servicePorts(services, ingressPort, healthBase),
  };
}

const speaksTls = (env: Environment): boolean => setting(env, 'INGRESS_TLS_CERT_FILE') !== undefined;

function portClaims({ ports, parts, servicePorts: byService }: Plan): PortClaim[] {
  const ofServices = [...byService].map(([title, port]) => ({
    title, port, variable: title === 'ingress' ? 'INGRESS_PORT' : 'HEALTH_PORT_BASE',
  }));
  return [...ofServices, ...stackPortClaims(ports, parts)];
}

/** What commands have to know of a running system. */
const reachedBy = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'CLICKHOUSE_URL', 'SCHEMAS_LOCK', 'INTEGRATIONS_FILE', 'INGRESS_PORT', 'INGRESS_HEALTH_PORT', 'HEALTH_PORT_BASE'] as const;

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const planned = plan(options);
  const { dataDir, ports, parts } = planned;
  const progress = options.onProgress === undefined ? {} : { onProgress: options.onProgress };
  const supervisor = await Supervisor.open({ dataDir, autoRestart: options.autoRestart ?? true, ...progress });
  try {
    options.onSupervisor?.(supervisor);
    // First what stays wrong until somebody changes it, then what may be in use just now.
    const integrationsFile = await integrationsFor(planned);
    const problems = await portProblems(portClaims(planned));
    if (problems.length > 0) throw new SetupError(problems);
    const cache = options.cacheDir === undefined ? {} : { cacheDir: options.cacheDir };
    const stack = await startStack({ supervisor, dataDir, ports, only: parts, env: planned.env, ...cache, ...progress });
    const env = {
      ...planned.env,
      KAFKA_BROKERS: setting(planned.env, 'KAFKA_BROKERS') ?? kafkaBrokers(ports),
      SCHEMA_REGISTRY_URL: setting(planned.env, 'SCHEMA_REGISTRY_URL') ?? schemaRegistryUrl(ports),
      CLICKHOUSE_URL: setting(planned.env, 'CLICKHOUSE_URL') ?? clickhouseUrl(ports, planned.env),
      SCHEMAS_LOCK: setting(planned.env, 'SCHEMAS_LOCK') ?? join(dataDir, 'schemas.lock.json'),
      DATA_DIR: dataDir,
      INTEGRATIONS_FILE: integrationsFile,
      INGRESS_ENVIRONMENTS: ingressEnvironments(planned.env).join(','),
      INGRESS_PORT: String(planned.servicePorts.get('ingress') ?? ''),
      INGRESS_HEALTH_PORT: setting(planned.env, 'INGRESS_HEALTH_PORT') ?? '',
      HEALTH_PORT_BASE: String(planned.healthBase),
      DASHBOARD_SERVICES: setting(planned.env, 'DASHBOARD_SERVICES') ?? [...planned.servicePorts].filter(([name]) => name !== 'dashboard').map(([name, port]) => `${name}=http://127.0.0.1:${port}`).join(','),
    };
    supervisor.isReachedBy(Object.fromEntries(reachedBy.map((name) => [name, env[name]])));
    await prepareParts(env, options.onProgress ?? (() => undefined));
    const specs = planned.services.map((name) => serviceSpec(name, { planned, env, print: options.onServiceLine }));
    const started = await Promise.allSettled(specs.map((spec) => supervisor.start(spec)));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return handle({ planned, env, integrationsFile, stack, supervisor });
  } catch (error) {
    const interrupted = supervisor.isStopping;
    await supervisor.stop();
    throw interrupted ? new Interrupted('stopped while starting') : error;
  }
}

interface Started {
  planned: Plan;
  env: Environment & { KAFKA_BROKERS: string; SCHEMA_REGISTRY_URL: string; CLICKHOUSE_URL: string };
  integrationsFile: string;
  stack: Stack;
  supervisor: Supervisor;
}

function handle({ planned, env, integrationsFile, stack, supervisor }: Started): System {
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    kafkaBrokers: env.KAFKA_BROKERS,
    schemaRegistryUrl: env.SCHEMA_REGISTRY_URL,
    clickhouseUrl: env.CLICKHOUSE_URL,
    ingressUrl: url(planned.servicePorts.get('ingress') ?? 0).replace('http:', speaksTls(env) ? 'https:' : 'http:'),
    healthUrls: Object.fromEntries([...planned.servicePorts].map(([name, port]) => [name, url(port)])),
    integrationsFile,
    dataDir: planned.dataDir,
    env,
    stack,
    get services() {
      const pids = supervisor.pids();
      return Object.fromEntries(Object.entries(pids).filter(([name]) => planned.services.includes(name)));
    },
    killService: (name, signal) => supervisor.get(name).kill(signal),
    startService: (name) => supervisor.get(name).start(),
    stopService: (name) => supervisor.get(name).stop(),
    restartService: (name) => supervisor.get(name).restart(),
    stop: () => supervisor.stop(),
  };
}

const environmentOf = (env: Environment): string => setting(env, 'ENVIRONMENT') ?? 'production';

/** Those that the consumers here read, unless somebody says that others are read elsewhere. */
const ingressEnvironments = (env: Environment): string[] => list(setting(env, 'INGRESS_ENVIRONMENTS') ?? environmentOf(env));

/** @throws SetupError when events of its integrations would be read by nobody. */
async function integrationsFor(planned: Plan): Promise<string> {
  const file = await integrationsFileOf(planned);
  const problems = planned.services.includes('ingress') ? await unreadIntegrations(file, ingressEnvironments(planned.env)) : [];
  if (problems.length > 0) throw new SetupError(problems, 2);
  return file;
}

/** The configured integrations file, or one of our own with a random secret, made once per data folder. */
async function integrationsFileOf({ env, dataDir }: Plan): Promise<string> {
  const configured = setting(env, 'INTEGRATIONS_FILE');
  if (configured !== undefined) return resolve(projectDir, configured);
  const file = join(dataDir, 'integrations.json');
  const demo = [{ integration_id: 'demo', environment: environmentOf(env), secrets: [randomBytes(32).toString('hex')] }];
  if (!(await exists(file))) await writeWhole(file, `${JSON.stringify(demo, null, 2)}\n`);
  return file;
}

/** Each is for another part, so they run side by side. */
async function prepareParts(env: Environment, onProgress: OnProgress): Promise<void> {
  const commands = [
    { title: partTitles.kafka, doing: 'topics', file: 'infra/topics/topics.ts' },
    { title: partTitles.registry, doing: 'schemas', file: 'infra/schemas/schemas.ts' },
    { title: partTitles.clickhouse, doing: 'tables', file: 'infra/migrate/migrate.ts' },
  ];
  const done = await Promise.allSettled(commands.map(({ title, doing, file }) =>
    tracked(onProgress, { title, doing }, () => runToEnd(file, env))));
  const failed = done.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function runToEnd(file: string, env: Environment): Promise<void> {
  return new Promise((done, fail) => {
    const options = { cwd: projectDir, env, maxBuffer: 16 * 1024 * 1024 };
    const child = execFile(process.execPath, [runner, file], options, (error, stdout, stderr) => {
      process.off('exit', endWithUs);
      if (error === null) {
        // What a person should know although all is well, e.g. that facts wait for a rebuild.
        // Without its first line, which says where it did this: here.
        process.stderr.write(stderr.replace(/^.*\n/, ''));
        done();
      }
      else fail(new StartFailure(`${file} failed:\n${stdout}${stderr}`.trimEnd()));
    });
    const endWithUs = (): void => void child.kill();
    process.once('exit', endWithUs);
  });
}

interface ServiceContext {
  planned: Plan;
  env: Environment;
  print: ((line: string) => void) | undefined;
}

function serviceSpec(name: string, { planned, env, print }: ServiceContext): ProcessSpec {
  const port = planned.servicePorts.get(name) ?? 0;
  const healthPort = name === 'ingress' ? (setting(env, 'INGRESS_HEALTH_PORT') ?? port) : port;
  const file = logFile(planned.dataDir, name);
  return {
    name,
    title: name,
    command: process.execPath,
    args: [...nodeFlags, runner, mainFile(name)],
    env: { ...env, HEALTH_PORT: String(port) },
    cwd: projectDir,
    logFile: file,
    onLine: linePrinter(name, { print: print ?? (() => undefined), now: Date.now, logFile: file }),
    isReady: () => isUp(`http://127.0.0.1:${healthPort}/health/ready`),
    readyWithinMs: 90_000,
    // 3 s for the door, 3 s for all consumers, 3.5 s for the stack: all ends within 10 s.
    stopWithinMs: 3_000,
    stopOrder: name === 'ingress' ? 1 : 2,
  };
}

/** Up is ready, or waiting for a person, to mend a partition or to rebuild its facts: that is no failed start. */
async function isUp(url: string): Promise<boolean> {
  // While nobody listens, nothing else may connect: see there.
  if (!(await answers(Number(new URL(url).port)))) return false;
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  return answer.ok || /POISON_BREAKER|FACTS_OF_OTHER_CODE/.test(await answer.text());
}

async function main(): Promise<void> {
  const begun = Date.now();
  const system = await startSystem({
    onProgress: progressPrinter(process.stderr),
    onServiceLine: (line) => console.log(line),
    onSupervisor: stopOnSignal,
  });
  console.log(`Ready after ${((Date.now() - begun) / 1000).toFixed(1)} s. Ctrl-C stops everything.
  webhooks         ${system.ingressUrl}
  dashboard        ${system.healthUrls['dashboard'] ?? 'not started'}
  ClickHouse       ${withoutPassword(system.clickhouseUrl)}
  Kafka            ${system.kafkaBrokers}
  schema registry  ${system.schemaRegistryUrl}
  integrations and their secrets: ${system.integrationsFile}
  data and logs:   ${system.dataDir}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await program.name('npm start').description('The whole system, until Ctrl-C; environment variables configure it: see README.md').action(main).parseAsync().catch(endWithMessage);
}
