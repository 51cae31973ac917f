// The tests run in processes of their own. Through this loopback door they ask for their worker's
// stack (GET /<worker>), and kill, stop and start parts of it (POST), as an unlucky day would.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { partNames, type PartName } from '../../infra/local/settings.ts';
import type { System } from '../../infra/start.ts';

export interface Command {
  readonly action: 'kill' | 'stop' | 'start' | 'restart' | 'pids';
  /** A service or a part of the stack. */
  readonly name: string;
  readonly signal?: NodeJS.Signals;
}

async function obey(system: System, { action, name, signal = 'SIGKILL' }: Command): Promise<unknown> {
  const part = partNames.find((candidate: PartName) => candidate === name);
  switch (action) {
    case 'pids': return { ...system.stack.pids(), ...system.services };
    case 'kill':
      if (part === undefined) system.killService(name, signal);
      else system.stack.kill(part, signal);
      return null;
    case 'stop': return part === undefined ? system.stopService(name) : system.stack.stopPart(part);
    case 'start': return part === undefined ? system.startService(name) : system.stack.start(part);
    case 'restart': return part === undefined ? system.restartService(name) : system.stack.restart(part);
  }
}

/** Where the stack is, in the variables that commands and services read, and what only tests need. */
const variablesOf = (system: System, python: string): Readonly<Record<string, string | undefined>> =>
  ({ ...system.env, INGRESS_URL: system.ingressUrl, HEALTH_URLS: JSON.stringify(system.healthUrls), PYTHON: python });

export async function openControlDoor(systemOf: (worker: number) => Promise<System>, python: string): Promise<{ url: string; close: () => void }> {
  const answer = async (worker: number, command: string): Promise<unknown> => {
    const system = await systemOf(worker);
    return command === '' ? variablesOf(system, python) : obey(system, JSON.parse(command) as Command);
  };
  const server = createServer((request, response) => {
    text(request).then((command) => answer(Number(request.url?.slice(1)), command)).then(
      (result) => response.end(JSON.stringify(result ?? null)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  // A worker waits for its stack as long as the start takes.
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, close: () => server.close() };
}
