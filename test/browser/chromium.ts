// The browser that is there, or Debian's, installed by the system's own package manager where that is allowed.
import { execFileSync, spawnSync } from 'node:child_process';
import { SetupError } from '../../infra/local/settings.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function found(): string | null {
  const configured = process.env['CHROMIUM'] ?? '';
  if (configured !== '') return configured;
  for (const name of NAMES) {
    const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
    if (status === 0) return stdout.trim();
  }
  return null;
}

/** @throws SetupError that says how to get one. */
export function chromiumPath(): string {
  const path = found();
  if (path !== null) return path;
  const mayInstall = process.getuid?.() === 0 && spawnSync('sh', ['-c', 'command -v apt-get']).status === 0;
  if (!mayInstall) throw new SetupError(['there is no Chromium: install it (Debian: apt-get install chromium), or name it by CHROMIUM'], 2);
  console.error('Chromium: installing Debian’s…');
  execFileSync('apt-get', ['install', '--yes', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  return chromiumPath();
}
