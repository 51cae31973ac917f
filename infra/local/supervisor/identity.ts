// Tells whether a process is still the one that was noted, so that a pid that the system has given
// to somebody else since then is never signalled.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  pid: number;
  /** When it started, as the system tells it. */
  mark: string;
}

/** undefined when there is no such process (or only its exit status waits to be read). */
export function identify(pid: number): ProcessIdentity | undefined {
  const mark = process.platform === 'linux' ? markFromProc(pid) : markFromPs(pid);
  return mark === undefined ? undefined : { pid, mark };
}

export function isSameProcess(noted: ProcessIdentity): boolean {
  return identify(noted.pid)?.mark === noted.mark;
}

export function isAlive(pid: number): boolean {
  return identify(pid) !== undefined;
}

function markFromProc(pid: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name, in parentheses, may hold blanks; the fields are counted after it.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    const state = fields[0];
    const startedAt = fields[19];
    if (state === 'Z' || state === 'X' || startedAt === undefined) return undefined;
    // Ticks since boot, so the boot belongs to it. Not the command line: a process may change its title.
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${startedAt}`;
  } catch {
    return undefined;
  }
}

function markFromPs(pid: number): string | undefined {
  try {
    const output = execFileSync('ps', ['-o', 'stat=,lstart=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    if (output === '' || output.startsWith('Z')) return undefined;
    return output.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}
