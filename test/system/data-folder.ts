// The data folder of a test stack, which goes with the run, also with one that is interrupted or
// killed: the supervisor's watchdog ends the processes then, and this the folder.
import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Its input ends when the run does, however it ends. Kafka may write until the watchdog has ended it.
const script = 'cat > /dev/null; [ -e "$1" ] || exit 0; for second in 1 2 3 4 5 6 7 8 9 10 11 12; do rm -rf -- "$1" 2> /dev/null; sleep 1; done';

/** In a session of its own: Ctrl-C does not reach it. */
export function removeWithThisProcess(folder: string): void {
  const remover = spawn('sh', ['-c', script, 'sh', folder], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  remover.unref();
  // To Node a pipe is a socket, which would keep the run from ending.
  if (remover.stdin instanceof Socket) remover.stdin.unref();
}

/** A new one, with a name that shells, URLs and SQL must take as it is. */
export async function newDataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ticketstream-test Jürgen #1+2%41 o’q-'));
  if (process.env['KEEP_TEST_DATA'] === undefined) removeWithThisProcess(folder);
  return folder;
}

/** Ends another process when this one ends, however it ends. @returns what forgets it, for when it has ended by itself. */
export function endWithThisProcess(pid: number): () => void {
  const ender = spawn('sh', ['-c', 'cat > /dev/null; kill -CONT "$1" 2> /dev/null; kill -TERM "$1" 2> /dev/null', 'sh', String(pid)], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  ender.unref();
  if (ender.stdin instanceof Socket) ender.stdin.unref();
  return () => void ender.kill('SIGKILL');
}
