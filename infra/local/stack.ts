// The local stack as one thing: Kafka, the schema registry and ClickHouse, started side by side.
//   const stack = await startStack({ dataDir, ports });  …  await stack.stop();
import { resolve } from 'node:path';
import { openness } from './clickhouse/listening.ts';
import { ensureInstalled } from './install/install.ts';
import { clickhouseUrl, kafkaBrokers, partSpec, schemaRegistryUrl } from './parts.ts';
import { portProblems, type PortClaim } from './ports.ts';
import { descriptorLimit, descriptorProblem, segmentFilesIn } from './install/prerequisites.ts';
import type { OnProgress } from './progress.ts';
import { partNames, partTitles, portVariables, readSettings, setting, SetupError, urlVariables, type Environment, type PartName, type StackPorts } from './settings.ts';
import { Interrupted } from './supervisor/supervised.ts';
import { Supervisor, type Connection } from './supervisor/supervisor.ts';

export { ensureInstalled } from './install/install.ts';

export interface StackOptions {
  dataDir?: string;
  ports?: Partial<StackPorts>;
  cacheDir?: string;
  /** The parts to start; all by default. */
  only?: readonly PartName[];
  /** Whether a crashed part is started again; true by default. */
  autoRestart?: boolean;
  onProgress?: OnProgress;
  /** Base environment of the parts, and of the settings that aren't given here. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Settings of Kafka's server.properties besides ours, or instead of them. */
  kafkaSettings?: Readonly<Record<string, string>>;
  /** Of the cluster that its Kafka belongs to; one of its own by default. */
  kafkaClusterId?: string;
  /** Start under this supervisor, which then also stops the parts. */
  supervisor?: Supervisor;
}

export interface Stack {
  kafkaBrokers: string;
  schemaRegistryUrl: string;
  clickhouseUrl: string;
  dataDir: string;
  ports: StackPorts;
  /** The parts that run now. */
  pids: () => Partial<Record<PartName, number>>;
  kill: (part: PartName, signal: NodeJS.Signals) => void;
  /** Starts a part that has been stopped or has crashed; resolves when it is ready. */
  start: (part: PartName) => Promise<void>;
  stopPart: (part: PartName) => Promise<void>;
  /** Stops the part, if it runs, and starts it; resolves when it is ready. */
  restart: (part: PartName) => Promise<void>;
  stop: () => Promise<void>;
}

export function stackPortClaims(ports: StackPorts, only: readonly PartName[]): PortClaim[] {
  const claims: PortClaim[] = [];
  for (const part of only) {
    const names: (keyof StackPorts)[] = part === 'kafka' ? ['kafka', 'kafkaController'] : [part];
    for (const name of names) {
      const { variable, title } = portVariables[name];
      claims.push({ port: ports[name], title, variable });
    }
  }
  return claims;
}

/** The parts that run here, and those that the environment says are elsewhere. */
function connectionOf(ports: StackPorts, here: readonly PartName[], env: Environment): Connection {
  const local: Readonly<Record<PartName, string>> = { kafka: kafkaBrokers(ports), registry: schemaRegistryUrl(ports), clickhouse: clickhouseUrl(ports, env) };
  return Object.fromEntries(partNames.flatMap((part) => {
    const place = here.includes(part) ? local[part] : setting(env, urlVariables[part]);
    return place === undefined ? [] : [[urlVariables[part], place]];
  }));
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const env = options.env ?? process.env;
  const settings = readSettings(env);
  const dataDir = resolve(options.dataDir ?? settings.dataDir);
  const ports = { ...settings.ports, ...options.ports };
  const only = options.only ?? partNames;
  const progress = options.onProgress === undefined ? {} : { onProgress: options.onProgress };
  const supervisor = options.supervisor ?? (await Supervisor.open({ dataDir, autoRestart: options.autoRestart ?? true, ...progress }));
  try {
    // After the supervisor has ended what an earlier one left, which may have held the ports.
    const problems = await portProblems(stackPortClaims(ports, only));
    const tooFew = descriptorProblem(await descriptorLimit(), await segmentFilesIn(dataDir));
    if (tooFew !== undefined) problems.push(tooFew);
    if (problems.length > 0) throw new SetupError(problems);
    supervisor.isReachedBy(connectionOf(ports, only, env));
    const installation = await ensureInstalled({ cacheDir: options.cacheDir ?? settings.cacheDir, env, only, ...progress });
    const started = await Promise.allSettled(
      only.map((part) => supervisor.start(partSpec(part, { dataDir, ports, installation, env, kafkaSettings: options.kafkaSettings ?? {}, ...(options.kafkaClusterId === undefined ? {} : { kafkaClusterId: options.kafkaClusterId }) }))),
    );
    const failed = started.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const open = only.includes('clickhouse') ? openness(env) : undefined;
    if (open !== undefined) options.onProgress?.({ title: partTitles.clickhouse, doing: open, state: 'note', elapsedMs: 0 });
  } catch (error) {
    const interrupted = supervisor.isStopping;
    if (options.supervisor === undefined || interrupted) await supervisor.stop();
    throw interrupted ? new Interrupted('stopped while starting') : error;
  }
  return {
    kafkaBrokers: kafkaBrokers(ports),
    schemaRegistryUrl: schemaRegistryUrl(ports),
    clickhouseUrl: clickhouseUrl(ports, env),
    dataDir,
    ports,
    pids: () => {
      const pids = supervisor.pids();
      return Object.fromEntries(only.flatMap((part) => (pids[part] === undefined ? [] : [[part, pids[part]]])));
    },
    kill: (part, signal) => supervisor.get(part).kill(signal),
    start: (part) => supervisor.get(part).start(),
    stopPart: (part) => supervisor.get(part).stop(),
    restart: (part) => supervisor.get(part).restart(),
    stop: () => supervisor.stop(),
  };
}
