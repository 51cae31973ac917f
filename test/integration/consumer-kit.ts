// What the consumer tests share: consumers as processes, and an HTTP receiver that decides how it answers.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { eventually } from '../system/support.ts';

export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** The answer of /health/ready. */
  readonly ready: () => Promise<{ status: string; reason?: string }>;
  readonly metrics: () => Promise<string>;
  readonly end: (signal?: NodeJS.Signals) => Promise<Finished>;
}

const children = new Set<ChildProcess>();

export function run(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, ['infra/start/run.mjs', ...args], { cwd: folder, env: { ...process.env, HEALTH_PORT: '0', CONSUMER_MAX_BACKOFF_MS: '500', ...env } });
  children.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const exited = once(child, 'close').then(() => {
    children.delete(child);
    return { code: child.exitCode, output: text };
  });
  const health = async (path: string): Promise<Response> => {
    const port = await eventually(() => {
      if (child.exitCode !== null) throw new Error(`ended:\n${text}`);
      return Promise.resolve(/"port":(\d+)/.exec(text)?.[1] ?? null);
    }, 'the health port');
    return fetch(`http://127.0.0.1:${port}${path}`);
  };
  return {
    child,
    output: () => text,
    ready: async () => (await health('/health/ready')).json() as Promise<{ status: string; reason?: string }>,
    metrics: async () => (await health('/metrics')).text(),
    end: (signal) => {
      if (signal !== undefined) child.kill(signal);
      return exited;
    },
  };
}

export const endAll = async (): Promise<void> => {
  await Promise.all([...children].map(async (child) => {
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }));
};

export const consumerStarted = (running: Running): Promise<unknown> =>
  eventually(async () => ((await running.ready()).status === 'ready' ? true : null), 'a consumer that is ready').catch((error: unknown) => {
    throw new Error(`not ready:\n${running.output()}`, { cause: error });
  });

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown> & { event_id: string; event_type: string; ticket_id: string };
}

export interface Receiver {
  readonly url: string;
  /** Everything that was posted, refused or not, in order. */
  readonly all: Received[];
  /** Those answered with 200. */
  readonly taken: Received[];
  /** Gives the status of the answer; 200 by default. */
  answer: (received: Received) => number;
  readonly close: () => void;
}

export async function openReceiver(): Promise<Receiver> {
  const all: Received[] = [];
  const taken: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received = { headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) as Received['body'] };
      const status = receiver.answer(received);
      all.push(received);
      if (status === 200) taken.push(received);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const receiver: Receiver = {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/hook`,
    all, taken,
    answer: () => 200,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return receiver;
}

/** A consumer that posts what it gets, for tests to decide what becomes of it. */
export const probe = (name: string): string => `import { ticketEvents } from '../../schemas/events.ts';
import { defineConsumer, retryLater } from '../runtime/consumer.ts';
import { url } from '../runtime/config.ts';

export const consumer = defineConsumer(ticketEvents, {
  name: '${name}',
  settings: { PROBE_URL: { parse: url, doc: 'where to post' } },
  async handle(event, { config, attempt }) {
    const response = await fetch(config.PROBE_URL, { method: 'POST', body: JSON.stringify({ ...event, attempt }) });
    if (response.status === 503) return retryLater('closed');
    if (!response.ok) throw new Error(\`answered \${response.status}\`);
    return undefined;
  },
});
`;
