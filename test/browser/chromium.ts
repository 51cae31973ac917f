// The browser that is there; else Debian's, unpacked into the cache folder like the parts of the stack, which takes no root; else,
// where Debian's packages are not to be had, Playwright's own from where Playwright keeps it.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium, type Browser } from 'playwright-core';
import { install } from '../../infra/local/install/cache.ts';
import { chromiumDownload } from '../../infra/local/install/downloads.ts';
import { onPath } from '../../infra/local/install/prerequisites.ts';
import { cacheFolder, SetupError, setting, type Environment } from '../../infra/local/settings.ts';
import { messageOf } from '../../services/runtime/errors.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chromium-headless-shell'];
const PLAYWRIGHT = fileURLToPath(new URL('../../node_modules/playwright-core/cli.js', import.meta.url));
/** Where it lies, with the libraries and letters that came with it: an installed one has the system's. */
export interface Chromium {
  readonly path: string;
  readonly home?: string;
}

function installed(env: Environment): Chromium | null {
  const configured = setting(env, 'CHROMIUM');
  if (configured !== undefined) return { path: configured };
  const found = NAMES.flatMap((name) => (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))).find((path) => existsSync(path));
  return found === undefined ? null : { path: found };
}

async function debians(env: Environment): Promise<Chromium> {
  if (!(await onPath('apt-get', env)) || !(await onPath('dpkg', env))) throw new SetupError(['there is no apt-get and dpkg here']);
  const home = await install(cacheFolder(env), chromiumDownload({ env }));
  return { path: join(home, 'usr/lib/chromium/chromium-headless-shell'), home };
}

async function playwrights(env: Environment): Promise<Chromium> {
  if (!existsSync(chromium.executablePath())) await promisify(execFile)(process.execPath, [PLAYWRIGHT, 'install', 'chromium'], { env: { ...env } });
  return { path: chromium.executablePath() };
}

/** @throws SetupError that says how to get one. */
export async function findChromium(env: Environment, note: (line: string) => void): Promise<Chromium> {
  const there = installed(env);
  if (there !== null) return there;
  note('fetching Chromium…');
  return debians(env).catch((noDebian: unknown) => playwrights(env).catch((noPlaywright: unknown) => {
    throw new SetupError([
      'there is no Chromium, and none could be fetched: install one (Debian: apt-get install chromium), or name one by CHROMIUM',
      `Debian's: ${messageOf(noDebian)}`, `Playwright's: ${messageOf(noPlaywright)}`,
    ], 2);
  }));
}

/** Libraries by the triplet of the machine, as Debian keeps them, and in what place its letters are looked for. */
function surroundings({ home }: Chromium): Environment {
  if (home === undefined) return {};
  const triplet = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  return {
    LD_LIBRARY_PATH: [`usr/lib/${triplet}`, `lib/${triplet}`, `usr/lib/${triplet}/pulseaudio`].map((folder) => join(home, folder)).join(delimiter),
    XDG_DATA_HOME: join(home, 'usr/share'),
    ...(existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_PATH: join(home, 'etc/fonts') }),
  };
}

/** Without its sandbox, which containers and root don't let it have: it opens nothing but our own pages. */
export const launch = (found: Chromium): Promise<Browser> => {
  const env = Object.fromEntries(Object.entries({ ...process.env, ...surroundings(found) }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  return chromium.launch({ executablePath: found.path, args: ['--no-sandbox'], env });
};
