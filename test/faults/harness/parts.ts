// The parts under the services: Kafka alone behind a proxy, or three of them as a cluster, or all on small disks.
import { join } from 'node:path';
import { KafkaCluster } from '../../../infra/local/kafka-cluster.ts';
import { startStack, type Stack } from '../../../infra/local/stack.ts';
import { freePorts } from '../../system/free-ports.ts';
import { shortLived } from '../../system/short-lived.ts';
import { SmallDisk } from './small-disk.ts';

export type StackKind = 'one broker' | 'three brokers' | 'small disks';

export interface SmallDisks {
  readonly kafka: SmallDisk;
  readonly clickhouse: SmallDisk;
}

export interface RunningParts {
  /** With Kafka, unless there is a cluster. */
  readonly stack: Stack;
  readonly cluster: KafkaCluster | null;
  readonly disks: SmallDisks | null;
  /** Kafka's address past the proxies, and what services are told. */
  readonly brokers: string;
  readonly brokersForServices: string;
}

export interface PartsOptions {
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly ports: Readonly<Record<'kafka' | 'kafkaController' | 'registry' | 'clickhouse' | 'throughProxy', number>>;
  /** Port of the proxy in front of Kafka. */
  readonly kafkaProxy: number;
}

const KAFKA_MB = 256;
const CLICKHOUSE_MB = 512;

export async function startParts(kind: StackKind, { dataDir, env, ports, kafkaProxy }: PartsOptions): Promise<RunningParts> {
  if (kind === 'three brokers') return startOnCluster(dataDir, env, ports);
  const disks = kind === 'small disks' ? { kafka: await SmallDisk.mount(join(dataDir, 'kafka'), KAFKA_MB), clickhouse: await SmallDisk.mount(join(dataDir, 'clickhouse'), CLICKHOUSE_MB) } : null;
  const stack = await startStack({ dataDir, env: { ...env, ...shortLived }, ports, kafkaSettings: twoListeners({ ...ports, advertised: kafkaProxy }) });
  return { stack, cluster: null, disks, brokers: stack.kafkaBrokers, brokersForServices: at(kafkaProxy) };
}

/** Services reach the brokers without a proxy: what breaks here are brokers. */
async function startOnCluster(dataDir: string, env: NodeJS.ProcessEnv, { registry, clickhouse }: PartsOptions['ports']): Promise<RunningParts> {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = await freePorts(6);
  const cluster = await KafkaCluster.start({ dataDir, env, ports: [{ kafka: a, kafkaController: b }, { kafka: c, kafkaController: d }, { kafka: e, kafkaController: f }] });
  const stack = await startStack({ dataDir, env, ports: { registry, clickhouse }, only: ['registry', 'clickhouse'] }).catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  return { stack, cluster, disks: null, brokers: cluster.brokers, brokersForServices: cluster.brokers };
}

const at = (port: number): string => `127.0.0.1:${port}`;

function twoListeners({ kafka, kafkaController, throughProxy, advertised }: Readonly<Record<'kafka' | 'kafkaController' | 'throughProxy' | 'advertised', number>>): Record<string, string> {
  return {
    listeners: `BROKER://${at(kafka)},CONTROLLER://${at(kafkaController)},PROXIED://${at(throughProxy)}`,
    'advertised.listeners': `BROKER://${at(kafka)},PROXIED://${at(advertised)}`,
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT',
  };
}
