// What each part of the local stack is: its command line, its settings, and how it shows that it
// works. All of it listens on 127.0.0.1 only, but for ClickHouse with a password and CLICKHOUSE_HOST.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exists } from './install/cache.ts';
import type { Installation } from './install/install.ts';
import { answers } from './ports.ts';
import { partTitles, projectDir, runner, type PartName, type StackPorts } from './settings.ts';
import type { ProcessSpec } from './supervisor/supervised.ts';
import { logFile } from './supervisor/supervisor.ts';

export interface PartContext {
  dataDir: string;
  ports: StackPorts;
  installation: Installation;
  env: Readonly<Record<string, string | undefined>>;
  /** Settings of Kafka's server.properties besides ours, or instead of them. */
  kafkaSettings?: Readonly<Record<string, string>>;
  /** Of the cluster that its Kafka belongs to; one of its own by default. */
  kafkaClusterId?: string;
}

const host = '127.0.0.1';
const run = promisify(execFile);

export const kafkaBrokers = (ports: Pick<StackPorts, 'kafka'>): string => `${host}:${ports.kafka}`;
export const schemaRegistryUrl = (ports: Pick<StackPorts, 'registry'>): string => `http://${host}:${ports.registry}/apis/ccompat/v7`;

/** With user and password, where the environment has them: they are those of the local ClickHouse. */
export function clickhouseUrl(ports: Pick<StackPorts, 'clickhouse'>, env: PartContext['env'] = {}): string {
  const [user = '', password = ''] = [env['CLICKHOUSE_USER'], env['CLICKHOUSE_PASSWORD']];
  const credentials = user + password === '' ? '' : `${encodeURIComponent(user === '' ? 'default' : user)}:${encodeURIComponent(password)}@`;
  return `http://${credentials}${host}:${ports.clickhouse}`;
}

export function partSpec(part: PartName, context: PartContext): ProcessSpec {
  switch (part) {
    case 'kafka':
      return kafkaSpec(context);
    case 'registry':
      return registrySpec(context);
    case 'clickhouse':
      return clickhouseSpec(context);
  }
}

/** Whether the part on this port does its work. */
export async function partIsReady(part: PartName, ports: Pick<StackPorts, PartName>): Promise<boolean> {
  // While nobody listens, nothing else may connect: see there.
  if (!(await answers(ports[part]))) return false;
  switch (part) {
    case 'kafka':
      return kafkaAnswers(ports.kafka);
    case 'registry':
      return httpAnswers(`${schemaRegistryUrl(ports)}/subjects`);
    case 'clickhouse':
      return httpAnswers(`${clickhouseUrl(ports)}/ping`);
  }
}

const common = (part: PartName, context: PartContext): Pick<ProcessSpec, 'name' | 'title' | 'env' | 'logFile' | 'isReady' | 'readyWithinMs' | 'stopWithinMs' | 'stopOrder'> => ({
  name: part,
  title: partTitles[part],
  env: context.env,
  logFile: logFile(context.dataDir, part),
  isReady: () => partIsReady(part, context.ports),
  readyWithinMs: 90_000,
  stopWithinMs: 3_500,
  stopOrder: 100,
});

// Java programs start in the data folder and get paths relative to it: any character may stand in its
// path, and each of a properties file (ISO 8859-1), a list of folders, a JDBC URL and the URI of a
// logging configuration has others that mean something else there.
const kafkaLogDir = 'kafka/log';
const kafkaPropertiesFile = 'kafka/server.properties';
const kafkaLogging = 'kafka/log4j2.properties';
const registryDir = 'registry';

/** Java reads and writes file names in the locale's encoding, which knows ASCII only when none is set. */
const javaEnv = (env: PartContext['env']): PartContext['env'] => ({ ...env, LC_ALL: 'C.UTF-8' });

/** A random one, as Kafka makes it, but never with a dash at its start, which reads as an option. */
export const newClusterId = (): string => `t${randomBytes(16).toString('base64url').slice(1)}`;

/** Rewritten at every start, so the ports may change between two starts on one data folder. */
export function kafkaProperties(ports: StackPorts, more: PartContext['kafkaSettings'] = {}): string {
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${host}:${ports.kafkaController}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `BROKER://${host}:${ports.kafka},CONTROLLER://${host}:${ports.kafkaController}`,
    'advertised.listeners': `BROKER://${host}:${ports.kafka}`,
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'BROKER',
    'log.dirs': kafkaLogDir,
    // A typo in a topic name must fail, not make a topic with the wrong settings.
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 8,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // One consumer group member per service: waiting 3 s for others only delays the start.
    'group.initial.rebalance.delay.ms': 0,
    // After a kill -9 the broker waits for the session of its dead self to end: 9 s by default.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    // The default of 128 MB is a third of the heap given below.
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    ...more,
  };
  return Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('');
}

function kafkaSpec(context: PartContext): ProcessSpec {
  const { dataDir, ports, installation } = context;
  const env = javaEnv(context.env);
  const logging = `-Dlog4j2.configurationFile=${kafkaLogging}`;
  const classPath = ['-cp', join(installation.kafkaDir, 'libs', '*')];
  return {
    ...common('kafka', context),
    env,
    command: installation.java,
    args: ['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError', logging, ...classPath, 'kafka.Kafka', kafkaPropertiesFile],
    cwd: dataDir,
    prepare: async () => {
      await mkdir(join(dataDir, kafkaLogDir), { recursive: true });
      await copyFile(join(projectDir, 'infra/local/kafka/log4j2.properties'), join(dataDir, kafkaLogging));
      await writeFile(join(dataDir, kafkaPropertiesFile), kafkaProperties(ports, context.kafkaSettings));
      if (await exists(join(dataDir, kafkaLogDir, 'meta.properties'))) return;
      const clusterId = context.kafkaClusterId ?? newClusterId();
      await run(installation.java, ['-Xmx128m', '-XX:TieredStopAtLevel=1', logging, ...classPath, 'kafka.tools.StorageTool', 'format', '--cluster-id', clusterId, '--config', kafkaPropertiesFile], { cwd: dataDir, env });
    },
  };
}

function registrySpec(context: PartContext): ProcessSpec {
  const { dataDir, ports, installation } = context;
  const settings = {
    'quarkus.http.host': host,
    'quarkus.http.port': ports.registry,
    // Its second, management port would be 9000 on all addresses; it can't be turned off otherwise.
    'quarkus.management.host-enabled': false,
    'quarkus.http.access-log.enabled': false,
    'quarkus.log.category."io.apicurio".level': 'WARN',
    'apicurio.storage.kind': 'sql',
    'apicurio.storage.sql.kind': 'h2',
    'apicurio.datasource.url': `jdbc:h2:file:./${registryDir}/registry`,
    'apicurio.storage.snapshot.location': registryDir,
    'apicurio.import.work-dir': registryDir,
  };
  return {
    ...common('registry', context),
    env: javaEnv(context.env),
    command: installation.java,
    // Only the first compiler stage: it starts faster, takes 100 MB less, and is asked a few small things a second.
    args: [
      '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:+ExitOnOutOfMemoryError',
      ...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`),
      '-jar', join(installation.registryDir, 'quarkus-run.jar'),
    ],
    cwd: dataDir,
    prepare: async () => {
      await mkdir(join(dataDir, registryDir), { recursive: true });
    },
  };
}

function clickhouseSpec(context: PartContext): ProcessSpec {
  const { dataDir, ports, installation } = context;
  const folder = join(dataDir, 'clickhouse');
  return {
    ...common('clickhouse', context),
    command: process.execPath,
    args: [runner, join(projectDir, 'infra/local/clickhouse/server.ts')],
    env: {
      ...context.env,
      CLICKHOUSE_PORT: String(ports.clickhouse),
      CLICKHOUSE_DATA_DIR: folder,
      CHDB_HOME: installation.clickhouseDir,
      // A running query holds one of these threads; Node reads it only at its start.
      UV_THREADPOOL_SIZE: context.env['UV_THREADPOOL_SIZE'] ?? '16',
    },
    cwd: projectDir,
    prepare: async () => {
      await mkdir(folder, { recursive: true });
    },
  };
}

async function httpAnswers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  return response.ok;
}

// A FindCoordinator request, version 0, written by hand: a broker that has only bound its port, or is
// still loading its log, accepts a connection but doesn't answer; and the first one of these makes the
// topic of consumer offsets, without which the first consumers would start with a crash and a retry.
function kafkaAnswers(port: number): Promise<boolean> {
  const findCoordinator = 10;
  const correlationId = 7;
  const group = Buffer.from('health-check');
  const request = Buffer.alloc(16 + group.length);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(findCoordinator, 4);
  request.writeInt32BE(correlationId, 8);
  request.writeInt16BE(-1, 12);
  request.writeInt16BE(group.length, 14);
  group.copy(request, 16);
  return new Promise((done) => {
    const socket = connect({ port, host, timeout: 2_000 }, () => socket.write(request));
    const finish = (answer: boolean): void => {
      socket.destroy();
      done(answer);
    };
    socket.once('data', (response) => {
      finish(response.length >= 10 && response.readInt32BE(4) === correlationId && response.readInt16BE(8) === 0);
    });
    socket.once('timeout', () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
  });
}
