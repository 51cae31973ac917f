// npm test: starts the whole system once, on free ports and a fresh data folder, runs every
// *.test.ts of the project against it, one file after the other, and stops it. Tests find it
// by environment variables, and break it on purpose through the control door (control.ts).
// `npm test -- WORD …` runs the files whose path contains a word.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { install } from '../infra/local/cache.ts';
import { maven } from '../infra/local/downloads.ts';
import { ensureInstalled } from '../infra/local/install.ts';
import { progressPrinter } from '../infra/local/progress.ts';
import { projectDir, readSettings } from '../infra/local/settings.ts';
import { endWithMessage } from '../infra/local/signals.ts';
import { startSystem, type System } from '../infra/start.ts';
import { openControlDoor } from './control.ts';

const integrations = [
  { integration_id: 'twofold', environment: 'production', secrets: ['twofold-secret', 'twofold-production'] },
  { integration_id: 'twofold', environment: 'staging', secrets: ['twofold-secret', 'twofold-staging'] },
  { integration_id: 'punctual', environment: 'production', secrets: ['punctual-secret'], max_age_seconds: 5 },
  { integration_id: 'acme', environment: 'production', secrets: ['acme-secret', 'acme-previous-secret'] },
  { integration_id: 'globex', environment: 'production', secrets: ['globex-secret'] },
  { integration_id: 'initech', environment: 'staging', secrets: ['initech-secret'] },
  { integration_id: 'umbrella', environment: 'production', secrets: ['umbrella-secret'] },
  { integration_id: 'limited', environment: 'production', secrets: ['limited-secret'], max_events_per_second: 5 },
];

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
  })));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Test files by the order a newcomer reads them: beside the code, contract, tour, the rest, faults last. */
async function testFiles(words: readonly string[]): Promise<string[]> {
  const order = ['schemas', 'services', 'infra', 'test/contract', 'test/oracle', 'test/tour', 'test/integration', 'test/faults'];
  const found = await Promise.all(['schemas', 'services', 'infra', 'test'].map((folder) => readdir(join(projectDir, folder), { recursive: true, withFileTypes: true })));
  const rank = (file: string): number => order.findIndex((folder) => file.startsWith(folder));
  return found.flat()
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(projectDir, join(entry.parentPath, entry.name)))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

/** The interpreter of a virtual environment with the Python clients that the tests use. */
async function pythonWithClients(): Promise<string> {
  const { cacheDir } = readSettings(process.env);
  const requirements = join(projectDir, 'test', 'requirements.txt');
  const folder = 'python-clients-1';
  // A virtual environment knows its own path, so it is made in its place; the cache entry says that it is whole.
  const venv = join(cacheDir, `${folder}-venv`);
  await install(cacheDir, {
    folder,
    build: async () => {
      console.log('fetching Python clients for the tests…');
      await rm(venv, { recursive: true, force: true });
      execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
      execFileSync(join(venv, 'bin', 'pip'), ['install', '--quiet', '-r', requirements], { stdio: 'inherit' });
    },
  });
  return join(venv, 'bin', 'python');
}

/** The folder with the JDBC driver and a compiler, as test/jdbc/pom.xml names them. */
async function jdbcLibraries(): Promise<string> {
  const { cacheDir } = readSettings(process.env);
  const pom = join(projectDir, 'test', 'jdbc', 'pom.xml');
  const version = /<driver\.version>(.+?)</.exec(await readFile(pom, 'utf8'))?.[1] ?? '';
  const place = await install(cacheDir, {
    folder: `jdbc-${version}-1`,
    build: async (intoDir) => {
      console.log('fetching the JDBC driver for the tests…');
      await maven({ cacheDir, env: process.env }, { pom, goal: ['dependency:copy-dependencies', '-DexcludeTransitive=true', `-DoutputDirectory=${join(intoDir, 'libs')}`], intoDir });
    },
  });
  return join(place, 'libs');
}

/** Runs the files in the given order (node's own command line would sort them). */
async function runTests(files: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  Object.assign(process.env, env);
  const events = run({ files: files.map((file) => join(projectDir, file)), concurrency: 1 });
  let failures = 0;
  events.on('test:fail', ({ todo }) => {
    if (todo === undefined) failures++;
  });
  await pipeline(events, new spec(), process.stdout, { end: false });
  return failures === 0 ? 0 : 1;
}

async function start(dataDir: string): Promise<System> {
  const integrationsFile = join(dataDir, 'integrations.json');
  await writeFile(integrationsFile, JSON.stringify(integrations), { mode: 0o600 });
  const [kafka = 0, kafkaController = 0, registry = 0, clickhouse = 0, ingress = 0] = await freePorts(5);
  // Whatever points elsewhere in the caller's environment must not get test data.
  const elsewhere = new Set(['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'CLICKHOUSE_URL', 'SCHEMAS_LOCK']);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !elsewhere.has(name)));
  return startSystem({
    dataDir,
    // Staging's events are kept though nothing here reads them: so they can be told from production's.
    env: { ...env, INTEGRATIONS_FILE: integrationsFile, INGRESS_ENVIRONMENTS: 'production,staging' },
    ports: { kafka, kafkaController, registry, clickhouse, ingress, healthBase: 29_100 + (process.pid % 500) * 10 },
    onProgress: progressPrinter(process.stderr),
  });
}

async function main(): Promise<number> {
  const files = await testFiles(process.argv.slice(2));
  const python = await pythonWithClients();
  const dataDir = await mkdtemp(join(tmpdir(), 'ticketstream-test Jürgen #1+2%41 o’q-'));
  const system = await start(dataDir);
  const control = await openControlDoor(system);
  // After the start, since it is then that a Java for Maven is there.
  const { java } = await ensureInstalled({ cacheDir: readSettings(process.env).cacheDir, env: process.env, only: ['kafka'] });
  const libraries = await jdbcLibraries();
  try {
    return await runTests(files, {
      ...process.env,
      ...system.env,
      INGRESS_URL: system.ingressUrl,
      HEALTH_URLS: JSON.stringify(system.healthUrls),
      CONTROL_URL: control.url,
      PYTHON: python,
      JAVA: java,
      JDBC_LIBRARIES: libraries,
    });
  } finally {
    control.close();
    await system.stop();
    if (process.env['KEEP_TEST_DATA'] === undefined) await rm(dataDir, { recursive: true, force: true });
    else console.log(`kept ${dataDir}`);
  }
}

await main().then((code) => process.exit(code), endWithMessage);
