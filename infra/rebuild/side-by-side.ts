// Several projections at a time, each by a process of its own: one thread folds what one projection keeps, so two keep two
// cores busy. Each goes on by itself when another fails, and all end with the command that began them.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** What is folded lives for moments; with the usual 16 MB the young generation is cleaned three times as often. */
const YOUNG_MB = 32;

function tell(name: string, lines: Readable | null, screen: NodeJS.WriteStream): void {
  if (lines !== null) createInterface({ input: lines }).on('line', (line) => screen.write(`${name}: ${line}\n`));
}

async function runOne(name: string, args: readonly string[]): Promise<number> {
  const child = fork(process.argv[1] ?? '', [name, ...args], { execArgv: [`--max-semi-space-size=${YOUNG_MB}`, ...process.execArgv], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  tell(name, child.stdout, process.stdout);
  tell(name, child.stderr, process.stderr);
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

/** The exit code that says most. */
export const sideBySide = async (names: readonly string[], args: readonly string[]): Promise<number> =>
  Math.max(...(await Promise.all(names.map((name) => runOne(name, args)))));

/** Whoever runs one of several for a command ends with it, however that ended. */
export function endWithParent(): void {
  if (process.channel === undefined) return;
  process.once('disconnect', () => process.exit(1));
  process.channel.unref();
}
