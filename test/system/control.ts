// The tests run in processes of their own. Through this loopback door each leases a stack (GET), one
// process a stack, and kills, stops and starts parts of it (POST /<stack>), as an unlucky day would.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { partNames, type PartName } from '../../infra/local/settings.ts';
import type { System } from '../../infra/start/start.ts';

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

/** Numbers of stacks that nobody has, lowest first, so that one file alone starts one stack. */
class Leases {
  readonly #free: number[];
  readonly #waiting: ((stack: number) => void)[] = [];

  constructor(stacks: number) {
    this.#free = Array.from({ length: stacks }, (_, i) => i + 1);
  }

  async take(): Promise<number> {
    return this.#free.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(stack: number): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.unshift(stack);
    else next(stack);
  }
}

export interface ControlOptions {
  readonly stacks: number;
  /** Starts the stack of this number, or finds it started. */
  readonly systemOf: (stack: number) => Promise<System>;
  /** What the tests find beside the variables that services read. */
  readonly variables: Readonly<Record<string, string>>;
}

export async function openControlDoor({ stacks, systemOf, variables }: ControlOptions): Promise<{ url: string; close: () => void }> {
  const leases = new Leases(stacks);

  const used = new Set<number>();

  async function lease(response: ServerResponse): Promise<void> {
    const stack = await leases.take();
    response.once('close', () => leases.give(stack));
    const system = await systemOf(stack);
    const found = { ...system.env, INGRESS_URL: system.ingressUrl, HEALTH_URLS: JSON.stringify(system.healthUrls), STACK_IS_NEW: String(!used.has(stack)), ...variables };
    used.add(stack);
    response.write(JSON.stringify({ stack, variables: found }));
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') return lease(response);
    const command = JSON.parse(await text(request)) as Command;
    response.end(JSON.stringify((await obey(await systemOf(Number(request.url?.slice(1))), command)) ?? null));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
