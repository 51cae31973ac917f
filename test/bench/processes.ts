// What processes have used, as Linux tells it in /proc: CPU seconds and memory, of one process or of one with its children.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of /proc/PID/stat; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Stat {
  readonly parent: number;
  readonly cpuSeconds: number;
}

function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name, in parentheses, may hold blanks; fields are counted after it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
    const [parent = 0, user = 0, system = 0] = [fields[1], fields[11], fields[12]];
    return { parent, cpuSeconds: (user + system) / TICKS_PER_SECOND };
  } catch {
    return null;
  }
}

/** @throws Error when there is no such process, or no /proc. */
export function cpuSecondsOf(pid: number): number {
  const stat = statOf(pid);
  if (stat === null) throw new Error(`process ${pid} is not in /proc: it has ended, or this is no Linux`);
  return stat.cpuSeconds;
}

export function cpuOf(pids: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuSecondsOf(pid)]));
}

export function residentMb(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

/** Files and sockets that a process has open; 0 of one that has ended. */
export function openDescriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

function withChildren(root: number): number[] {
  const parents = new Map(readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => [Number(name), statOf(Number(name))?.parent ?? 0]));
  const found = new Set([root]);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** With that of its children that have not ended. */
export const cpuSecondsOfAll = (pid: number): number => withChildren(pid).reduce((sum, member) => sum + (statOf(member)?.cpuSeconds ?? 0), 0);

export interface Used {
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

const LOOK_EVERY_MS = 100;

/** Watches a process and its children from now on; what a child used in its last moment may be missed. */
export function watchProcess(pid: number): () => Used {
  const cpu = new Map<number, number>();
  let peakMb = 0;
  const look = (): void => {
    const family = withChildren(pid);
    for (const member of family) cpu.set(member, statOf(member)?.cpuSeconds ?? cpu.get(member) ?? 0);
    peakMb = Math.max(peakMb, family.reduce((sum, member) => sum + residentMb(member), 0));
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    return { cpuSeconds: [...cpu.values()].reduce((sum, seconds) => sum + seconds, 0), peakMb };
  };
}

/** What Node runs to start a file of a checkout, whose way may be an older one. */
export const launcherOf = (checkout: string): string[] => (existsSync(join(checkout, 'infra/start/run.mjs')) ? ['infra/start/run.mjs'] : ['--import', 'tsx']);
