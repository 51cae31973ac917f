// The CRM of a fault: events at a constant rate that does not wait for answers (open loop), each ticket's events in order, and
// retries as the CRM makes them: after 5 s, 30 s, 5 min and 5 min, then it gives up. The waits are shortened, nothing else is.
// Every attempt goes into the history.
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { History, Outcome, Request, Sent } from './history.ts';

const RETRY_AFTER_MS = [5_000, 30_000, 300_000, 300_000];
const ANSWER_TIMEOUT_MS = 10_000;

export interface LoadOptions {
  readonly history: History;
  /** Where to post; asked for each attempt. */
  readonly target: () => string;
  readonly events: Iterator<Sent>;
  readonly perSecond: number;
  /** Retry waits are divided by this. */
  readonly compress?: number;
}

export interface Posted {
  readonly status: number;
  readonly said: string;
  readonly retryAfter: string | undefined;
}

export class Sender {
  /** As many connections as it takes: a request that waits for one would look slow. */
  readonly #agent = new Agent({ keepAlive: true });
  readonly #history: History;

  constructor(history: History) {
    this.#history = history;
  }

  /** One attempt, noted. */
  async attempt(url: string, event: Sent, headers: Readonly<Record<string, string>> = {}): Promise<Request> {
    const sentAt = performance.now();
    const { status, said } = await post(new URL('/webhooks', url), { agent: this.#agent, body: event.body, headers }).catch((error: unknown) => ({ status: 0, said: codeOf(error) }));
    const request = { event, sentAt, answeredAt: performance.now(), outcome: outcomeOf(status), status, said };
    this.#history.add(request);
    return request;
  }

  close(): void {
    this.#agent.destroy();
  }
}

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status <= 299) return 'ok';
  // 429 is a refusal for now: the event was not taken, and is sent again.
  return status >= 400 && status <= 499 ? 'fail' : 'unknown';
}

const codeOf = (error: unknown): string => (error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error));

function post(url: URL, { agent, body, headers }: { agent: Agent; body: string; headers: Readonly<Record<string, string>> }): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers }, timeout: ANSWER_TIMEOUT_MS }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, said: saidIn(Buffer.concat(parts).toString('utf8')), retryAfter: answer.headers['retry-after'] }));
      answer.on('error', reject);
      // An answer that is cut off ends with neither.
      answer.on('aborted', () => reject(new Error('answer cut off')));
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', reject);
    sent.end(body);
  });
}

const saidIn = (text: string): string => /"status":\s*"(\w+)"/.exec(text)?.[1] ?? /"code":\s*"(\w+)"/.exec(text)?.[1] ?? '';

/** Runs until stopped. */
export class Load {
  readonly #options: LoadOptions;
  readonly #sender: Sender;
  readonly #lastOf = new Map<string, Promise<void>>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;
  readonly #sending: Promise<void>;
  givenUp = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#sender = new Sender(options.history);
    this.#sending = this.#send();
  }

  async #send(): Promise<void> {
    const began = performance.now();
    for (let number = 0; !this.#stopped; number++) {
      const early = began + (number * 1_000) / this.#options.perSecond - performance.now();
      if (early > 1) await sleep(early);
      const next = this.#options.events.next();
      if (next.done === true) return;
      this.#enqueue(next.value);
    }
  }

  /** A ticket's next event waits for the fate of the one before. */
  #enqueue(event: Sent): void {
    const ticket = `${event.integrationId}/${event.ticketId}`;
    const before = this.#lastOf.get(ticket) ?? Promise.resolve();
    const delivery = before.then(() => this.#deliver(event));
    this.#lastOf.set(ticket, delivery);
    this.#running.add(delivery);
    void delivery.then(() => {
      this.#running.delete(delivery);
      if (this.#lastOf.get(ticket) === delivery) this.#lastOf.delete(ticket);
    });
  }

  async #deliver(event: Sent): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const { outcome, status } = await this.#sender.attempt(this.#options.target(), event);
      if (outcome === 'ok' || (outcome === 'fail' && status !== 429)) return;
      const delay = RETRY_AFTER_MS[attempt];
      if (delay === undefined) {
        this.givenUp += 1;
        return;
      }
      await sleep(delay / (this.#options.compress ?? 60));
    }
  }

  /** No new events; resolves when the fate of each is known. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#sending;
    while (this.#running.size > 0) await Promise.all(this.#running);
    this.#sender.close();
  }
}
