// The one folder that file() reaches, as user_files of a server: names are relative to it, and
// no name, pattern or link leads out of it.
import { readdirSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { failure } from '../errors.ts';
import { textOf } from '../text.ts';

/** Alternatives of a pattern must begin and end as names do, so that none of them is a step up: {1..9}, {a,b}.csv */
const ALTERNATIVES = /\{(?:\d+\.\.\d+|[\w-]+(?:\.[\w-]+)*(?:,[\w-]+(?:\.[\w-]+)*)*)\}/g;
/** The engine takes these for its own streams. */
const STREAMS = new Set(['', '-', 'stdin', 'stdout', 'stderr']);

function denied(path: string, why: string): Error {
  return failure(291, 'DATABASE_ACCESS_DENIED', `File ${path} is not inside user_files: ${why}.`);
}

function linkIn(folder: string): string | undefined {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) return path;
    const inside = entry.isDirectory() ? linkIn(path) : undefined;
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** Throws unless every path stays in the folder. Takes paths as bytes. */
export function checkPaths(folder: string, paths: readonly string[]): void {
  for (const bytes of paths) {
    const path = textOf(bytes);
    if (STREAMS.has(path)) throw denied(`'${path}'`, 'it names a stream of the server');
    if (path.includes('\0')) throw denied(JSON.stringify(path), 'it has a zero byte');
    if (/^\w+:\/\//.test(path)) throw denied(path, 'it is a URL');
    if (path.includes('_partition_id')) throw denied(path, 'names made of data are not allowed');
    const plain = path.replace(ALTERNATIVES, 'x');
    if (plain.includes('..')) throw denied(path, 'it has ..');
    if (/[{}]/.test(plain)) throw denied(path, 'only numbers and plain names can be alternatives in { }');
    const within = relative(folder, resolve(folder, plain));
    if (within.startsWith('..') || isAbsolute(within)) throw denied(path, `the folder is ${folder}`);
  }
  const link = paths.length === 0 ? undefined : linkIn(folder);
  if (link !== undefined) throw denied(link, 'it is a symbolic link, remove it');
}
