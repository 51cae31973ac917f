// Clients in other languages, fetched once and kept in the cache: what the documentation shows in
// Python is tried in Python, and JDBC is what BI tools use.
import { execFileSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from '../../infra/local/install/cache.ts';
import { maven } from '../../infra/local/install/downloads.ts';
import { ensureInstalled } from '../../infra/local/install/install.ts';
import { readSettings } from '../../infra/local/settings.ts';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** The interpreter of a virtual environment with the Python clients that the tests use. */
async function pythonWithClients(cacheDir: string): Promise<string> {
  const folder = 'python-clients-2';
  // A virtual environment knows its own path, so it is made in its place; the cache entry says that it is whole.
  const venv = join(cacheDir, `${folder}-venv`);
  await install(cacheDir, {
    folder,
    build: async () => {
      console.log('fetching Python clients for the tests…');
      await rm(venv, { recursive: true, force: true });
      execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
      execFileSync(join(venv, 'bin', 'pip'), ['install', '--quiet', '-r', path('requirements.txt')], { stdio: 'inherit' });
    },
  });
  return join(venv, 'bin', 'python');
}

/** The folder with the JDBC driver and a compiler, as test/jdbc/pom.xml names them. */
async function jdbcLibraries(cacheDir: string): Promise<string> {
  const pom = path('../jdbc/pom.xml');
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

/** Where they are, as the variables by which the tests know them. */
export async function foreignClients(): Promise<Readonly<Record<string, string>>> {
  const { cacheDir } = readSettings(process.env);
  // First, since Maven runs on the Java that this brings.
  const { java } = await ensureInstalled({ cacheDir, env: process.env, only: ['kafka'] });
  return { PYTHON: await pythonWithClients(cacheDir), JAVA: java, JDBC_LIBRARIES: await jdbcLibraries(cacheDir) };
}
