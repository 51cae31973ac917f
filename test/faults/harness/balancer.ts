// A small load balancer in front of ingresses. It asks each for its readiness all the time and sends new requests to those that
// said yes when asked last. What was given to an ingress is that one's to answer: nothing is sent twice behind the sender's back,
// and who isn't there is not replaced by another, as a kernel's balancing doesn't: an ingress that leaves without a word is found out.
import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';

const ASK_EVERY_MS = 200;

export class Balancer {
  readonly url: string;
  readonly #server: Server;
  readonly #backends: readonly string[];
  readonly #ready = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #turn = 0;
  /** What backends said that were ready before. */
  readonly noes: string[] = [];

  private constructor(server: Server, backends: readonly string[]) {
    this.#server = server;
    this.#backends = backends;
    const address = server.address();
    this.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#forward(request, response).catch(() => response.destroy());
    });
    this.#timer = setInterval(() => void this.ask(), ASK_EVERY_MS);
  }

  static async open(backends: readonly string[]): Promise<Balancer> {
    const server = createServer({ keepAliveTimeout: 65_000 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const balancer = new Balancer(server, backends);
    await balancer.ask();
    return balancer;
  }

  async ask(): Promise<void> {
    await Promise.all(this.#backends.map(async (url) => {
      const said = await readinessOf(url);
      if (said === 'yes') this.#ready.add(url);
      else if (said !== 'late') {
        if (this.#ready.delete(url)) this.noes.push(said);
      }
    }));
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const inTurn = this.#backends.filter((url) => this.#ready.has(url));
    const backend = inTurn[this.#turn++ % inTurn.length];
    const answer = backend === undefined ? null : await ask(backend, request, body);
    if (answer !== null) {
      response.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    response.writeHead(502, { 'content-type': 'application/json' }).end('{"error":{"code":"no_backend"}}');
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

/** An answer that takes long on a busy machine is no answer: whoever was ready stays so. */
const readinessOf = (url: string): Promise<string> => fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(1_000) }).then(
  async (answer) => {
    const text = await answer.text();
    return answer.ok ? 'yes' : text;
  },
  (error: unknown) => ((error as Error).name === 'TimeoutError' ? 'late' : 'gone'));

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const without = (headers: IncomingHttpHeaders, ...names: readonly string[]): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));

/** @returns null where no connection came about. On a connection of its own: one that is kept open may be closed by the other side in the instant in which it is used. */
function ask(backend: string, { method, url = '/', headers }: IncomingMessage, body: Buffer): Promise<Answered | null> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(new URL(url, backend), { method, headers: { ...headers, connection: 'close', 'content-length': body.length }, agent: false }, (answer) => {
      buffer(answer).then((text) => {
        resolve({ status: answer.statusCode ?? 502, headers: without(answer.headers, 'connection', 'transfer-encoding'), body: text });
      }, reject);
    });
    let isConnected = false;
    sent.on('socket', (socket) => socket.once('connect', () => (isConnected = true)));
    sent.on('error', (error) => (isConnected ? reject(error) : resolve(null)));
    sent.end(body);
  });
}
