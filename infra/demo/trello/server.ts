// A Trello to try with, on loopback: the API's routes, answers and both of its rate windows, and the boards as a page at /.
// Tests also give it faults: a status instead of an answer, a reply that never comes, something that happens between the
// effect and the reply.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pageOf } from './page.ts';
import { answerTo, type TrelloRequest } from './routes.ts';
import { TrelloStore } from './store.ts';

export interface Fault {
  /** Answered instead of doing anything. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
  /** Where the connection breaks. */
  readonly drop?: 'before' | 'after';
  /** Called between the effect and the reply. */
  readonly afterEffect?: () => void;
}

export interface TrelloServerOptions {
  readonly key: string;
  readonly token: string;
  readonly port?: number;
  /** Trello's own: 300 and 100 in 10 s. */
  readonly limits?: { readonly perKey: number; readonly perToken: number; readonly windowMs: number };
  readonly fault?: (request: TrelloRequest) => Fault | undefined;
  /** What it begins with; nothing when left out. */
  readonly store?: TrelloStore;
}

const MOST_SERVED = 100_000;

/** Fixed windows, as Trello counts. */
class RateWindow {
  readonly #limit: number;
  readonly #windowMs: number;
  #count = 0;
  #since = 0;

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  get limit(): number {
    return this.#limit;
  }

  /** What is left after this request; below 0 it is one too many. */
  take(now: number): number {
    if (now - this.#since >= this.#windowMs) [this.#count, this.#since] = [0, now];
    return this.#limit - ++this.#count;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (text === '') return {};
  if (request.headers['content-type']?.includes('json') === true) return JSON.parse(text) as Record<string, unknown>;
  return Object.fromEntries(new URLSearchParams(text));
}

/** By query, or by the header that Trello takes as well. */
function credentialsOf(request: IncomingMessage, values: Readonly<Record<string, unknown>>): { key: unknown; token: unknown } {
  const header = request.headers.authorization ?? '';
  const inHeader = (name: string): string | undefined => new RegExp(`${name}="([^"]*)"`).exec(header)?.[1];
  return { key: values['key'] ?? inHeader('oauth_consumer_key'), token: values['token'] ?? inHeader('oauth_token') };
}

function reply(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8', ...headers }).end(isText ? body : JSON.stringify(body));
}

export class TrelloServer {
  readonly store: TrelloStore;
  /** The requests that had their effect; the last ones, where there are very many. */
  readonly served: TrelloRequest[] = [];
  /** How many there were. */
  requests = 0;
  tooMany = 0;
  fault: TrelloServerOptions['fault'];
  readonly #options: TrelloServerOptions;
  readonly #server: Server;
  readonly #perKey: RateWindow;
  readonly #perToken: RateWindow;

  private constructor(options: TrelloServerOptions) {
    this.#options = options;
    this.store = options.store ?? new TrelloStore();
    this.fault = options.fault;
    const { perKey, perToken, windowMs } = options.limits ?? { perKey: 300, perToken: 100, windowMs: 10_000 };
    this.#perKey = new RateWindow(perKey, windowMs);
    this.#perToken = new RateWindow(perToken, windowMs);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) reply(response, 500, String(error));
      });
    });
  }

  static async start(options: TrelloServerOptions): Promise<TrelloServer> {
    const server = new TrelloServer(options);
    await new Promise<void>((resolve, reject) => server.#server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://trello');
    if (!url.pathname.startsWith('/1/')) {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(pageOf(this.store));
      return;
    }
    const values = { ...Object.fromEntries(url.searchParams), ...await bodyOf(request) };
    const { key, token } = credentialsOf(request, values);
    const limited = this.#limits(response);
    if (key !== this.#options.key) reply(response, 401, 'invalid key');
    else if (token !== this.#options.token) reply(response, 401, 'invalid token');
    else if (limited !== null) reply(response, 429, { error: limited, message: 'Rate limit exceeded' });
    else await this.#serve({ method: request.method ?? 'GET', path: url.pathname.slice('/1'.length), values }, response);
  }

  #limits(response: ServerResponse): string | null {
    const now = Date.now();
    const [ofToken, ofKey] = [this.#perToken.take(now), this.#perKey.take(now)];
    for (const [name, window, left] of [['token', this.#perToken, ofToken], ['key', this.#perKey, ofKey]] as const) {
      response.setHeader(`x-rate-limit-api-${name}-max`, window.limit);
      response.setHeader(`x-rate-limit-api-${name}-remaining`, Math.max(0, left));
    }
    if (ofToken >= 0 && ofKey >= 0) return null;
    this.tooMany += 1;
    return ofToken < 0 ? 'API_TOKEN_LIMIT_EXCEEDED' : 'API_KEY_LIMIT_EXCEEDED';
  }

  async #serve(request: TrelloRequest, response: ServerResponse): Promise<void> {
    const { status, headers = {}, delayMs = 0, drop, afterEffect } = this.fault?.(request) ?? {};
    if (delayMs > 0) await sleep(delayMs);
    if (drop === 'before') response.destroy();
    else if (status !== undefined) reply(response, status, 'a fault', headers);
    else {
      this.requests += 1;
      this.served.push(request);
      if (this.served.length > MOST_SERVED) this.served.splice(0, MOST_SERVED / 2);
      const answer = answerTo(this.store, request);
      afterEffect?.();
      if (drop === 'after') response.destroy();
      else reply(response, answer.status, answer.body);
    }
  }
}
