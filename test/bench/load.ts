// What a door is sent: as much as it takes, by connections that each send the next request when the last one is answered
// (closed loop), or at a constant rate whose schedule waits for no answer (open loop), so that slowness shows in the times.
// The requests are made before, and of an answer little more than its end is looked for, since the sender shares the machine.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { dueBy, dueMs } from './figures.ts';

export interface Load {
  readonly seconds: number;
  readonly tookMs: readonly number[];
  /** By what the answer said: `accepted`, or the status when it was none. */
  readonly answers: Readonly<Record<string, number>>;
}

export const requestOf = (body: string): Buffer =>
  Buffer.from(`POST /webhooks HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

const HEAD_END = '\r\n\r\n';

/** The whole answer at the beginning of a text; null when it is not all there. */
function answerIn(text: string): { readonly said: string; readonly length: number } | null {
  const head = text.indexOf(HEAD_END);
  if (head < 0) return null;
  const length = head + HEAD_END.length + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
  if (text.length < length) return null;
  return { said: /"status":"(\w+)"/.exec(text)?.[1] ?? text.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length), length };
}

/** One request at a time. */
class Connection {
  readonly #socket: Socket;
  #text = '';
  #waiting: { readonly resolve: (said: string) => void; readonly reject: (error: Error) => void } | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data: Buffer) => {
      this.#text += data.toString('latin1');
      const answer = answerIn(this.#text);
      if (answer === null) return;
      this.#text = this.#text.slice(answer.length);
      this.#waiting?.resolve(answer.said);
    });
    socket.on('error', (error) => this.#waiting?.reject(error)).on('end', () => this.#waiting?.reject(new Error('the connection was closed')));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Connection(socket);
  }

  /** @returns what the answer said. */
  send(request: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** What is due, in order; connections that are free take it. */
interface Due {
  readonly request: Buffer;
  readonly at: number;
}

class Answers {
  readonly tookMs: number[] = [];
  readonly #counts = new Map<string, number>();

  async of(connection: Connection, { request, at }: Due): Promise<void> {
    const said = await connection.send(request);
    this.tookMs.push(performance.now() - at);
    this.#counts.set(said, (this.#counts.get(said) ?? 0) + 1);
  }

  load(began: number): Load {
    return { seconds: (performance.now() - began) / 1_000, tookMs: this.tookMs, answers: Object.fromEntries(this.#counts) };
  }
}

async function withConnections<T>(port: number, connections: number, work: (opened: readonly Connection[]) => Promise<T>): Promise<T> {
  const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
  try {
    return await work(opened);
  } finally {
    for (const connection of opened) connection.close();
  }
}

/** Sends each request once, as fast as they are answered. */
export const sendAll = (port: number, requests: readonly Buffer[], connections: number): Promise<Load> =>
  withConnections(port, connections, async (opened) => {
    const [answers, began] = [new Answers(), performance.now()];
    const left = requests.values();
    await Promise.all(opened.map(async (connection) => {
      for (const request of left) await answers.of(connection, { request, at: performance.now() });
    }));
    return answers.load(began);
  });

/** Sends each request once, evenly; times are counted from when each was due, also while no connection was free. */
export const sendEvenly = (port: number, requests: readonly Buffer[], { connections, perSecond }: { connections: number; perSecond: number }): Promise<Load> =>
  withConnections(port, connections, async (opened) => {
    const [answers, began] = [new Answers(), performance.now()];
    const [free, due] = [[...opened], [] as Due[]];
    const running = new Set<Promise<void>>();
    const drain = async (connection: Connection): Promise<void> => {
      for (let next = due.shift(); next !== undefined; next = due.shift()) await answers.of(connection, next);
      free.push(connection);
    };
    const begin = (connection: Connection): void => {
      const draining = drain(connection).finally(() => running.delete(draining));
      running.add(draining);
    };
    for (let next = 0; next < requests.length;) {
      for (const end = Math.min(requests.length, dueBy(performance.now() - began, perSecond)); next < end; next++) {
        const request = requests[next];
        if (request !== undefined) due.push({ request, at: began + dueMs(next, perSecond) });
        const connection = free.pop();
        if (connection !== undefined) begin(connection);
      }
      await sleep(Math.max(1, began + dueMs(next, perSecond) - performance.now()));
    }
    await Promise.all(running);
    return answers.load(began);
  });
