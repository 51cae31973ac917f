// What the machine must have before a part can be fetched, said in one line per missing thing.
// Only what is really needed is asked for: with all parts in the cache, Maven may be gone.
import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { oldestJava } from './java.ts';
import { SetupError } from '../settings.ts';

export const oldestNode = 20;
const run = promisify(execFile);

type Environment = Readonly<Record<string, string | undefined>>;

export const dockerWay = 'Or run everything in Docker instead: docker compose -f infra/compose/compose.yaml --profile services up';

/** A line about a Node that is too old, or undefined. */
export function nodeProblem(version: string): string | undefined {
  const major = Number(version.split('.')[0]);
  if (major >= oldestNode) return undefined;
  return `Node.js ${oldestNode} or later is needed (this is ${version}): install it from nodejs.org`;
}

export function javaProblem(): string {
  return `Java ${oldestJava} or later is needed, or Python 3 with venv to fetch one: install either (Debian: apt install python3-venv; macOS: brew install openjdk)`;
}

export function mavenProblem(): string {
  return 'Maven (mvn) is needed to fetch Kafka and the schema registry: install it (Debian: apt install maven; macOS: brew install maven)';
}

/** Measured: ClickHouse has 565 files and sockets open at once while the demo runs. */
const descriptorsForQueries = 1_024;

/** A line about a limit of open files that is too low, or undefined. */
export function descriptorProblem(limit: number, segmentFiles: number): string | undefined {
  // Kafka keeps every file of every partition open.
  const needed = descriptorsForQueries + segmentFiles;
  if (!(limit < needed)) return undefined;
  return `a process may have ${limit} files open here, and ${needed} are needed (${segmentFiles} of them for Kafka's log): raise it by \`ulimit -n ${needed}\` in this shell; ` +
    'if that is refused, in /etc/security/limits.conf (nofile), LimitNOFILE= of a systemd unit, or docker run --ulimit nofile=';
}

/** What the parts will get: Node raises its own limit as far as the system lets it, and children inherit that. */
export async function descriptorLimit(): Promise<number> {
  const told = await run('sh', ['-c', 'ulimit -n']).catch(() => undefined);
  const limit = told?.stdout.trim() ?? '';
  return /^\d+$/.test(limit) ? Number(limit) : Infinity;
}

export async function segmentFilesIn(dataDir: string): Promise<number> {
  const entries = await readdir(join(dataDir, 'kafka', 'log'), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).length;
}

export function refuseIfMissing(problems: readonly (string | undefined)[]): void {
  const missing = problems.filter((problem) => problem !== undefined);
  if (missing.length > 0) throw new SetupError([...missing, dockerWay]);
}

/** The Python that can make a virtual environment, or undefined. */
export async function findPython(env: Environment): Promise<string | undefined> {
  for (const command of ['python3', 'python']) {
    // Debian's python3 has venv, but no ensurepip until python3-venv is installed.
    const script = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 8))';
    const usable = await run(command, ['-c', script], { env }).then(() => true, () => false);
    if (usable) return command;
  }
  return undefined;
}

export async function onPath(command: string, env: Environment): Promise<boolean> {
  for (const dir of (env['PATH'] ?? '').split(delimiter).filter((entry) => entry !== '')) {
    if (await access(join(dir, command), constants.X_OK).then(() => true, () => false)) return true;
  }
  return false;
}

/** Whether the machine's Maven finds a Java by itself. */
export async function mavenRuns(env: Environment): Promise<boolean> {
  return run('mvn', ['-version'], { env }).then(() => true, () => false);
}
