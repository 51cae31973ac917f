// Several projections at a time, each by a thread of its own: one thread folds what one projection keeps, so two keep two
// cores busy. Each goes on by itself when another fails, and none outlives the command.
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { runner } from '../local/settings.ts';

const command = fileURLToPath(new URL('rebuild.ts', import.meta.url));

function tell(name: string, lines: Readable, screen: NodeJS.WriteStream): void {
  createInterface({ input: lines }).on('line', (line) => screen.write(`${name}: ${line}\n`));
}

/** The same command, for one projection. */
function runOne(name: string, args: readonly string[]): Promise<number> {
  const thread = new Worker(runner, { argv: [command, name, ...args], stdout: true, stderr: true });
  tell(name, thread.stdout, process.stdout);
  tell(name, thread.stderr, process.stderr);
  thread.once('error', (error) => process.stderr.write(`${name}: ${error.stack ?? error.message}\n`));
  return new Promise((resolve) => thread.once('exit', resolve));
}

/** The exit code that says most. */
export const sideBySide = async (names: readonly string[], args: readonly string[]): Promise<number> =>
  Math.max(...(await Promise.all(names.map((name) => runOne(name, args)))));
