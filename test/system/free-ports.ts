// Ports that nobody uses now, for what a test starts by itself. Not of the system's choice: those are the ones that it gives to
// outgoing connections (from 32,768 on), one of which may have such a port before its owner listens.
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** Below and above them lie those of health checks: setup.ts, faults/harness/stack.ts. */
const [FIRST, LAST] = [16_000, 23_999];

/** Null when somebody has it. */
const listening = (port: number): Promise<Server | null> => new Promise((resolve) => {
  const server = createServer().once('error', () => resolve(null)).listen(port, '127.0.0.1', () => resolve(server));
});

/** As many different ones; all are held until each is known. */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = randomInt(FIRST, LAST + 1);
    const server = held.has(port) ? null : await listening(port);
    if (server !== null) held.set(port, server);
  }
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...held.keys()];
}

export const freePort = async (): Promise<number> => (await freePorts(1))[0] ?? 0;
