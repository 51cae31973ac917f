// Debian's PostgreSQL on a data folder of its own, for one measurement: what is installed, or its packages unpacked into the cache
// folder. It refuses to run as root, so root starts it as nobody. Its settings are those commonly advised for a machine of this size.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { exists, install } from '../../../infra/local/install/cache.ts';
import { postgresDownload } from '../../../infra/local/install/downloads.ts';
import { cacheFolder } from '../../../infra/local/settings.ts';
import { endWithThisProcess, removeWithThisProcess } from '../../system/data-folder.ts';
import { freePorts } from '../../system/free-ports.ts';

const NOBODY = 65_534;
const READY_WITHIN_MS = 30_000;
const INSTALLED = '/usr/lib/postgresql';

/** Whoever is nobody can't read what lies in root's home. */
const unpackedIn = (): string => (process.getuid?.() === 0 ? '/var/cache/ticketstream' : cacheFolder(process.env));

/** @returns the folder with initdb, postgres and psql. */
async function programs(): Promise<string> {
  const home = (await exists(INSTALLED)) ? INSTALLED : join(await install(unpackedIn(), await postgresDownload({ env: process.env })), 'usr/lib/postgresql');
  const [newest] = (await readdir(home)).sort((a, b) => Number(b) - Number(a));
  return join(home, newest ?? '', 'bin');
}

export class Postgres {
  readonly #bin: string;
  readonly #dir: string;
  readonly #port: number;
  readonly #process: ChildProcess;
  readonly version: string;

  private constructor(parts: { bin: string; dir: string; port: number; process: ChildProcess }) {
    [this.#bin, this.#dir, this.#port, this.#process] = [parts.bin, parts.dir, parts.port, parts.process];
    this.version = execFileSync(join(this.#bin, 'postgres'), ['--version'], { encoding: 'utf8', env: environment(this.#bin) }).trim();
  }

  static async start(): Promise<Postgres> {
    const [bin, dir, [port = 0]] = [await programs(), await mkdtemp('/tmp/ticketstream-postgres-'), await freePorts(1)];
    removeWithThisProcess(dir);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(dir, NOBODY, NOBODY);
    await chmod(dir, 0o700);
    const own = { cwd: dir, env: environment(bin), ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}) };
    await promisify(execFile)(join(bin, 'initdb'), ['-D', join(dir, 'data'), '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], own);
    const quarter = Math.floor(totalmem() / 4 / 1_048_576);
    const settings = {
      port, listen_addresses: '127.0.0.1', unix_socket_directories: dir, timezone: 'UTC', shared_buffers: `${quarter}MB`, effective_cache_size: `${3 * quarter}MB`, work_mem: '64MB',
      maintenance_work_mem: '512MB', max_parallel_workers_per_gather: availableParallelism(), random_page_cost: 1.1, max_wal_size: '4GB', log_min_messages: 'fatal', checkpoint_timeout: '30min',
    };
    const child = spawn(join(bin, 'postgres'), ['-D', join(dir, 'data'), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])], { ...own, stdio: ['ignore', 'ignore', 'inherit'] });
    await once(child, 'spawn');
    endWithThisProcess(child.pid ?? 0);
    const postgres = new Postgres({ bin, dir, port, process: child });
    const deadline = Date.now() + READY_WITHIN_MS;
    for (;;) {
      if (await postgres.run('SELECT 1').then(() => true, () => false)) return postgres;
      if (Date.now() > deadline || child.exitCode !== null) throw new Error('PostgreSQL does not start; what it says stands above');
      await sleep(100);
    }
  }

  #psql(args: readonly string[]): readonly [string, string[]] {
    return [join(this.#bin, 'psql'), ['-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', String(this.#port), '-U', 'bench', '-d', 'postgres', ...args]];
  }

  /** @returns what psql prints for the statements, which share a session. */
  async run(...statements: readonly string[]): Promise<string> {
    const [command, args] = this.#psql(statements.flatMap((sql) => ['-c', sql]));
    return (await promisify(execFile)(command, args, { maxBuffer: 2 ** 26, env: environment(this.#bin) })).stdout;
  }

  async runFile(file: URL): Promise<void> {
    for (const statement of (await readFile(file, 'utf8')).split(/;\s*$/m).filter((text) => text.trim() !== '')) await this.run(statement);
  }

  /** Rows as tab-separated text, into a table. */
  async copy(into: string, rows: Readable): Promise<void> {
    const [command, args] = this.#psql(['-c', `COPY ${into} FROM STDIN`]);
    const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'inherit'], env: environment(this.#bin) });
    const ended = once(child, 'exit') as Promise<[number | null]>;
    await pipeline(rows, child.stdin);
    const [code] = await ended;
    if (code !== 0) throw new Error(`COPY ${into} ended with ${code ?? 'a signal'}`);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGINT');
      await once(this.#process, 'exit');
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}

/** Unpacked packages have their libraries beside them. */
const environment = (bin: string): NodeJS.ProcessEnv => ({ ...process.env, LD_LIBRARY_PATH: bin.startsWith(INSTALLED) ? process.env['LD_LIBRARY_PATH'] : join(bin, '../../../x86_64-linux-gnu') });
