// Three Kafkas on one host that form a cluster: what a leader's move, a replica out of sync or the loss of a broker does can be
// tried with it. Topics have three replicas, and a write needs two. Each broker is a stack of its own with nothing but Kafka, in
// a folder of its own, so it can be killed, frozen and lost by itself. Its small heap lets all three run beside the other parts.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newClusterId } from './parts.ts';
import type { OnProgress } from './progress.ts';
import type { Environment } from './settings.ts';
import { startStack, type Stack } from './stack.ts';

export interface ClusterOptions {
  readonly dataDir: string;
  /** Of each broker. */
  readonly ports: readonly { readonly kafka: number; readonly kafkaController: number }[];
  readonly env?: Environment;
  readonly onProgress?: OnProgress;
}

const MIN_IN_SYNC = 2;

/** Brokers have the ids 1, 2, 3. */
export class KafkaCluster {
  readonly brokers: string;
  readonly #dataDir: string;
  readonly #stacks: readonly Stack[];

  private constructor(dataDir: string, stacks: readonly Stack[]) {
    this.#dataDir = dataDir;
    this.#stacks = stacks;
    this.brokers = stacks.map(({ kafkaBrokers }) => kafkaBrokers).join(',');
  }

  /** Resolves when all brokers are ready. */
  static async start({ dataDir, ports, env, onProgress }: ClusterOptions): Promise<KafkaCluster> {
    const kafkaClusterId = newClusterId();
    const voters = ports.map(({ kafkaController }, index) => `${index + 1}@127.0.0.1:${kafkaController}`).join(',');
    const starting = await Promise.allSettled(ports.map((own, index) => startStack({
      dataDir: folderOf(dataDir, index + 1), ports: own, only: ['kafka'], autoRestart: false, kafkaClusterId,
      kafkaSettings: settingsOf(index + 1, voters, ports.length),
      ...(env === undefined ? {} : { env }),
      ...(onProgress === undefined ? {} : { onProgress }),
    })));
    const stacks = starting.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failed = starting.find((result) => result.status === 'rejected');
    if (failed === undefined) return new KafkaCluster(dataDir, stacks);
    await Promise.all(stacks.map((stack) => stack.stop()));
    throw failed.reason;
  }

  get ids(): readonly number[] {
    return this.#stacks.map((_, index) => index + 1);
  }

  /** Of those that run. */
  pids(): readonly number[] {
    return this.#stacks.flatMap((stack) => stack.pids().kafka ?? []);
  }

  isRunning(id: number): boolean {
    return this.#of(id).pids().kafka !== undefined;
  }

  /** It stays away until it is started. Resolves when it is dead, if that is what the signal does. */
  async kill(id: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#of(id).kill('kafka', signal);
    while (signal === 'SIGKILL' && this.isRunning(id)) await sleep(10);
  }

  /** Hands its partitions over first. */
  stopBroker(id: number): Promise<void> {
    return this.#of(id).stopPart('kafka');
  }

  /** Resolves when it is ready: a majority of the others has to be there, too. */
  async startBroker(id: number): Promise<void> {
    if (!this.isRunning(id)) await this.#of(id).start('kafka');
  }

  /** It begins again as an empty disk. */
  async loseDisk(id: number): Promise<void> {
    await rm(join(folderOf(this.#dataDir, id), 'kafka'), { recursive: true, force: true });
  }

  /** Everything undone that a fault may have left behind. */
  async heal(): Promise<void> {
    for (const id of this.ids) await this.kill(id, 'SIGCONT');
    await Promise.all(this.ids.map((id) => this.startBroker(id)));
  }

  async stop(): Promise<void> {
    for (const id of this.ids) await this.kill(id, 'SIGCONT');
    await Promise.all(this.#stacks.map((stack) => stack.stop()));
  }

  #of(id: number): Stack {
    const stack = this.#stacks[id - 1];
    if (stack === undefined) throw new Error(`there is no broker ${id}`);
    return stack;
  }
}

const folderOf = (dataDir: string, id: number): string => join(dataDir, `broker-${id}`);

function settingsOf(id: number, voters: string, replicas: number): Record<string, string> {
  return {
    'node.id': String(id),
    'controller.quorum.voters': voters,
    'default.replication.factor': String(replicas),
    'min.insync.replicas': String(MIN_IN_SYNC),
    'offsets.topic.replication.factor': String(replicas),
    'transaction.state.log.replication.factor': String(replicas),
    'transaction.state.log.min.isr': String(MIN_IN_SYNC),
    // A follower that is slow but lives leaves the replicas in sync after this long; 30 s by default.
    'replica.lag.time.max.ms': '5000',
    // The controller's quorum notices a frozen leader within seconds.
    'controller.quorum.election.timeout.ms': '1000',
    'controller.quorum.fetch.timeout.ms': '2000',
  };
}
