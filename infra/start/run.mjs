// node infra/start/run.mjs FILE.ts [arguments]: how every service and command here starts. The file and all that it imports is
// bundled once, by esbuild, and again whenever any of it has changed: a start then reads a few files of JavaScript, where
// translating each module took as long again as all else and 30 MB. Packages stay where they are. It is JavaScript, since it
// is what makes TypeScript run.
import cluster from 'node:cluster';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const self = fileURLToPath(import.meta.url);
const project = resolve(dirname(self), '../..');
const bundles = join(project, '.bundles');
const KEEP_MS = 2 * 86_400_000;

/** What changes with a file's content, and of a folder with the files in it: imports by pattern may find more. */
function stampOf(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? 'none' : `${found.mtimeMs} ${found.size}`;
}

function foldersOf(files) {
  const folders = new Set();
  for (const file of files) {
    for (let folder = dirname(file); folder.startsWith(`${project}/`) && !folders.has(folder); folder = dirname(folder)) folders.add(folder);
  }
  return [...folders];
}

/** Modules find what lies beside them, such as SQL, by where their source is. */
const whereTheSourceIs = {
  name: 'where-the-source-is',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const line = source.includes('import.meta.url') ? `const sourceUrl = ${JSON.stringify(pathToFileURL(path).href)};` : '';
      return { contents: line + source, loader: 'ts' };
    });
  },
};

/** Of a name that only what is the same has: a process that runs from another goes on. @returns its folder */
function keep(outputFiles, name) {
  const hash = createHash('sha256');
  for (const { path, contents } of outputFiles) hash.update(path).update(contents);
  const folder = join(bundles, `${name}-${hash.digest('hex').slice(0, 12)}`);
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(join(unfinished, basename(path)), contents);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** What runs since yesterday may still read of the bundle that it was started from. */
function forgetOld(name) {
  for (const found of readdirSync(bundles)) {
    const path = join(bundles, found);
    if (found.startsWith(`${name}-`) && statSync(path).mtimeMs < Date.now() - KEEP_MS) rmSync(path, { recursive: true, force: true });
  }
}

async function bundle(file, name) {
  const startedAt = Date.now();
  const { build, stop } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: { main: file }, absWorkingDir: project, outdir: join(bundles, name), write: false, metafile: true, logLevel: 'silent',
    bundle: true, splitting: true, format: 'esm', platform: 'node', target: `node${process.versions.node}`, packages: 'external',
    sourcemap: true, sourcesContent: false, define: { 'import.meta.url': 'sourceUrl' }, plugins: [whereTheSourceIs],
  });
  // Its own process would else stay for as long as the service runs.
  await stop();
  const folder = keep(outputFiles, name);
  const inputs = [self, ...Object.keys(metafile.inputs).map((input) => join(project, input))];
  // What was changed meanwhile may be in it or not: the next start makes it again.
  if (inputs.every((path) => statSync(path).mtimeMs < startedAt)) {
    const stamps = Object.fromEntries([...inputs, ...foldersOf(inputs)].map((path) => [path, stampOf(path)]));
    const unfinished = join(bundles, `${name}.${process.pid}`);
    writeFileSync(unfinished, JSON.stringify({ folder, stamps }));
    renameSync(unfinished, join(bundles, `${name}.json`));
    forgetOld(name);
  }
  return folder;
}

function freshBundle(name) {
  try {
    const { folder, stamps } = JSON.parse(readFileSync(join(bundles, `${name}.json`), 'utf8'));
    return existsSync(folder) && Object.entries(stamps).every(([path, stamp]) => stampOf(path) === stamp) ? folder : null;
  } catch {
    return null;
  }
}

/** Where nothing may be written, modules are translated as they are loaded. */
async function translated(file, cause) {
  if (cause.syscall === undefined) throw cause;
  const { register } = await import('tsx/esm/api');
  register();
  return pathToFileURL(file);
}

async function codeOf(file) {
  // Nothing of a package is bundled, its programs included.
  if (!file.endsWith('.ts')) return pathToFileURL(file);
  const name = relative(project, file).replace(/\.ts$/, '').replaceAll('/', '.');
  try {
    return pathToFileURL(join(freshBundle(name) ?? await bundle(file, name), 'main.js'));
  } catch (error) {
    return translated(file, error);
  }
}

const file = resolve(process.argv[2] ?? '');
// What forks itself starts in the same way.
if (cluster.isPrimary) cluster.setupPrimary({ exec: self, args: [file, ...process.argv.slice(3)] });
process.argv.splice(1, 2, file);
process.setSourceMapsEnabled(true);
await import(await codeOf(file));
