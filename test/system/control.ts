// The tests run in processes of their own; through this loopback door they kill, stop and
// start parts of the running system, as an unlucky day would.
import { createServer } from 'node:http';
import type { System } from '../../infra/start.ts';
import { partNames, type PartName } from '../../infra/local/settings.ts';

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

export async function openControlDoor(system: System): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      obey(system, JSON.parse(Buffer.concat(chunks).toString()) as Command).then(
        (answer) => response.end(JSON.stringify(answer ?? null)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, close: () => server.close() };
}
