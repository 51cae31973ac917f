// Debian's Prometheus, Alertmanager and their tools, in the cache folder like the parts of the stack, and a Prometheus that watches
// services: with the configuration and the alert rules of this folder, and targets of its own.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { install } from '../local/install/cache.ts';
import { prometheusDownload } from '../local/install/downloads.ts';
import { onPath } from '../local/install/prerequisites.ts';
import { tracked, type OnProgress } from '../local/progress.ts';
import { cacheFolder, SetupError, type Environment } from '../local/settings.ts';

export const folder = dirname(fileURLToPath(import.meta.url));

/** Why it can't be fetched here, or null. */
export const missingForPrometheus = async (env: Environment): Promise<string | null> =>
  (await onPath('apt-get', env)) && (await onPath('dpkg', env)) ? null : 'Prometheus is fetched as a Debian package, and there is no apt-get and dpkg here; install Prometheus otherwise and use the files of infra/monitoring';

/** @returns the folder of prometheus, alertmanager, promtool and amtool. @throws SetupError. */
export async function prometheusPrograms(env: Environment, onProgress: OnProgress = () => undefined): Promise<string> {
  const missing = await missingForPrometheus(env);
  if (missing !== null) throw new SetupError([missing]);
  const download = prometheusDownload({ env });
  return tracked(onProgress, { title: download.title, doing: 'download' }, () => install(cacheFolder(env), download));
}

/** What one of the tools prints. @throws SetupError with it when it finds a fault. */
export async function runTool(programs: string, tool: 'promtool' | 'amtool', ...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(join(programs, tool), args, { cwd: folder }).catch((error: unknown) => {
    const { stdout: told = '', stderr: alsoTold = '' } = error as { stdout?: string; stderr?: string };
    throw new SetupError([`${tool} ${args.join(' ')}:\n${told}${alsoTold}`]);
  });
  return stdout + stderr;
}

export interface WatchOptions {
  readonly programs: string;
  /** Its own folder, for its configuration and what it stores. */
  readonly dir: string;
  readonly port: number;
  /** host:port of the services. */
  readonly targets: readonly string[];
  /** Changes the files of this folder that it gets; for tests, which can't wait for minutes. */
  readonly edit?: (file: string, text: string) => string;
}

/** A program that runs until it is stopped. */
export interface Running {
  readonly url: string;
  readonly process: ChildProcess;
  readonly stop: () => Promise<void>;
}
export type Prometheus = Running;

const READY_WITHIN_MS = 20_000;

/** Resolves when it is ready. @throws Error with what it printed. */
export async function startPrometheus({ programs, dir, port, targets, edit = (_file, text) => text }: WatchOptions): Promise<Prometheus> {
  await mkdir(join(dir, 'data'), { recursive: true });
  for (const file of ['prometheus.yaml', 'alerts.yaml']) {
    await copyFile(join(folder, file), join(dir, file));
    await writeFile(join(dir, file), edit(file, await readFile(join(folder, file), 'utf8')));
  }
  await writeFile(join(dir, 'targets.yaml'), JSON.stringify([{ targets }]));
  const args = [`--config.file=${join(dir, 'prometheus.yaml')}`, `--storage.tsdb.path=${join(dir, 'data')}`, `--web.listen-address=127.0.0.1:${port}`];
  return startProgram('Prometheus', { command: join(programs, 'prometheus'), args, dir, port });
}

/** An Alertmanager by itself, with a configuration of the caller's. */
export async function startAlertmanager({ programs, dir, port, config }: Pick<WatchOptions, 'programs' | 'dir' | 'port'> & { config: string }): Promise<Running> {
  await mkdir(join(dir, 'data'), { recursive: true });
  await writeFile(join(dir, 'alertmanager.yaml'), config);
  const args = [`--config.file=${join(dir, 'alertmanager.yaml')}`, `--storage.path=${join(dir, 'data')}`, `--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address='];
  return startProgram('Alertmanager', { command: join(programs, 'alertmanager'), args, dir: programs, port });
}

async function startProgram(name: string, { command, args, dir, port }: { command: string; args: readonly string[]; dir: string; port: number }): Promise<Running> {
  const child = spawn(command, args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => (told = (told + chunk.toString()).slice(-4_000)));
  const endWithUs = (): void => void child.kill();
  process.once('exit', endWithUs);
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    process.off('exit', endWithUs);
    child.kill();
    await ended;
  };
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + READY_WITHIN_MS; ;) {
    if (child.exitCode !== null) throw new Error(`${name} ended:\n${told}`);
    if (await fetch(`${url}/-/ready`).then(({ ok }) => ok, () => false)) return { url, process: child, stop };
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`${name} is not ready after ${READY_WITHIN_MS / 1_000} s:\n${told}`);
    }
    await sleep(100);
  }
}
