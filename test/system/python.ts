// Clients that the documentation shows in Python are tried in Python.
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { install } from '../../infra/local/cache.ts';
import { readSettings } from '../../infra/local/settings.ts';

/** The interpreter of a virtual environment with the Python clients that the tests use. */
export async function pythonWithClients(): Promise<string> {
  const { cacheDir } = readSettings(process.env);
  const requirements = join(import.meta.dirname, 'requirements.txt');
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
