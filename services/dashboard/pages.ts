// The pages as they are sent: built by Vite from page/ when they have changed since, kept compressed in memory. What was built
// stays in node_modules/.cache (where that is read-only, in the system's folder for temporary files), so only the first start
// takes the second that building takes.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
  /** Whether its name says what is in it. */
  readonly isForever: boolean;
}

const source = fileURLToPath(new URL('page', import.meta.url));
const project = fileURLToPath(new URL('../..', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
};

const filesIn = (folder: string): string[] => readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();

/** Of all that the pages are made of, the versions of what they use included. */
function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of [...filesIn(source).filter((name) => !name.endsWith('.test.ts')), join(project, 'package.json')]) hash.update(file.slice(project.length)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

async function build(into: string): Promise<void> {
  const { build: vite } = await import('vite');
  const part = `${into}.${randomUUID()}.part`;
  await vite({
    root: source, base: '/', configFile: false, logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: { outDir: part, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  });
  // Two that start at once build the same; the first one's stays.
  await rename(part, into).catch(() => rm(part, { recursive: true, force: true }));
}

/** The first folder that may be written. */
async function cacheFolder(): Promise<string> {
  const usual = join(project, 'node_modules', '.cache', 'dashboard');
  const made = await mkdir(usual, { recursive: true }).then(() => true, () => false);
  if (made) return usual;
  const other = join(tmpdir(), `ticketstream-dashboard-${process.getuid?.() ?? 0}`);
  await mkdir(other, { recursive: true, mode: 0o700 });
  return other;
}

/** By path: `/index.html`, `/assets/…`. */
export async function loadPages(): Promise<ReadonlyMap<string, Asset>> {
  const built = join(await cacheFolder(), fingerprint());
  if (!existsSync(built)) await build(built);
  return new Map(filesIn(built).map((file): [string, Asset] => {
    const body = readFileSync(file);
    const path = file.slice(built.length);
    return [path, { type: types[extname(file)] ?? 'application/octet-stream', body, gzipped: gzipSync(body, { level: 9 }), isForever: path.startsWith('/assets/') }];
  }));
}
