// Programs that Python's package index has, each in a virtual environment of its own in the cache.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { install } from '../local/install/cache.ts';
import { readSettings } from '../local/settings.ts';

/** @param requirements a file of pinned packages. @returns the folder of its programs. */
export async function pythonPrograms(name: string, requirements: string): Promise<string> {
  const { cacheDir } = readSettings(process.env);
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 8);
  const venv = join(cacheDir, `${name}-${version}-venv`);
  await install(cacheDir, {
    folder: `${name}-${version}`,
    build: async () => {
      console.error(`fetching ${name}…`);
      await rm(venv, { recursive: true, force: true });
      execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
      execFileSync(join(venv, 'bin', 'pip'), ['install', '--quiet', '-r', requirements], { stdio: 'inherit' });
    },
  });
  return join(venv, 'bin');
}
