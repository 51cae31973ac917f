// Finds out, before anything is started, whether the ports are free, and who holds the busy ones.
// A port that is taken later, between this check and the part's own bind, shows up in the part's log.
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect, createServer, type TcpSocketConnectOpts } from 'node:net';
import { promisify } from 'node:util';

export interface PortClaim {
  port: number;
  /** What a person calls the thing that wants the port, e.g. "ClickHouse". */
  title: string;
  /** The environment variable that moves it elsewhere. */
  variable: string;
}

const run = promisify(execFile);

/** One line per port that can't be had; an empty list when all are free. */
export async function portProblems(claims: readonly PortClaim[]): Promise<string[]> {
  const problems: string[] = [];
  const seen = new Map<number, PortClaim>();
  for (const claim of claims) {
    const other = seen.get(claim.port);
    if (other !== undefined) {
      problems.push(`port ${claim.port} is wanted by both ${other.title} and ${claim.title}; set ${claim.variable}`);
      continue;
    }
    seen.set(claim.port, claim);
    const refusal = await bindRefusal(claim.port);
    if (refusal === 'EACCES') {
      problems.push(`port ${claim.port} (${claim.title}) needs more rights than this user has; set ${claim.variable}`);
    } else if (refusal !== undefined) {
      const holder = await portHolder(claim.port);
      const by = holder === undefined ? '' : ` by ${holder}`;
      problems.push(`port ${claim.port} (${claim.title}) is in use${by}; set ${claim.variable}`);
    }
  }
  return problems;
}

/** undefined when the port can be bound on loopback, else the reason. */
async function bindRefusal(port: number): Promise<string | undefined> {
  const refusal = await new Promise<string | undefined>((done) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'unknown'));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => done(undefined)));
  });
  // macOS lets 127.0.0.1 be bound although somebody else listens on all addresses.
  return refusal ?? ((await answers(port)) ? 'EADDRINUSE' : undefined);
}

/** Another loopback address than the one that is asked: all of 127.0.0.0/8 is there on Linux, only 127.0.0.1 elsewhere. */
const askFrom: TcpSocketConnectOpts['localAddress'] = process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1';

/**
 * Whether somebody accepts TCP connections on the loopback port. A socket that happens to get this very
 * port for itself is connected to itself; that is nobody, and must not keep the port in TIME_WAIT, where
 * the part that is about to start couldn't bind it for a minute.
 */
export function answers(port: number, from: Partial<TcpSocketConnectOpts> = { localAddress: askFrom }): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 1000, ...from });
    socket.once('connect', () => {
      const isItself = socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
      if (isItself) socket.resetAndDestroy();
      else socket.destroy();
      done(!isItself);
    });
    const gone = (): void => {
      socket.destroy();
      done(false);
    };
    socket.once('timeout', gone);
    socket.once('error', gone);
  });
}

/** "pid 123 (java)", or undefined when the system doesn't tell (another user's process, no tools). */
async function portHolder(port: number): Promise<string | undefined> {
  const pid = process.platform === 'linux' ? await holderFromProc(port) : await holderFromLsof(port);
  if (pid === undefined) return undefined;
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => undefined);
  return name === undefined ? `pid ${pid}` : `pid ${pid} (${name.trim()})`;
}

async function holderFromLsof(port: number): Promise<number | undefined> {
  const found = await run('lsof', ['-nP', '-t', `-iTCP:${port}`, '-sTCP:LISTEN']).catch(() => undefined);
  const pid = Number(found?.stdout.split('\n')[0]);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

// Without ss or lsof, which a slim container has not: the socket's inode from /proc/net/tcp, then
// the process that has it open.
async function holderFromProc(port: number): Promise<number | undefined> {
  const inodes = await listeningInodes(port);
  if (inodes.size === 0) return undefined;
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const descriptors = await readdir(`/proc/${entry}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${entry}/fd/${descriptor}`).catch(() => '');
      if (inodes.has(target)) return Number(entry);
    }
  }
  return undefined;
}

async function listeningInodes(port: number): Promise<Set<string>> {
  const listening = '0A';
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/);
      const inode = columns[9];
      if (columns[1]?.endsWith(`:${hexPort}`) === true && columns[3] === listening && inode !== undefined) {
        inodes.add(`socket:[${inode}]`);
      }
    }
  }
  return inodes;
}
