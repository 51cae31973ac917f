// Sends as the real CRM does: signed, per ticket in order, again after 5 s, 30 s and 5 min when
// there is no 2xx, five attempts in all, then the event is dropped and counted.
// The waits are compressed; the number of attempts and their proportions are the CRM's own.
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery } from './delivery.ts';
import { iso, type CrmEvent } from './events.ts';
import type { Fate, Ledger } from './ledger.ts';

/** Waits before the second to the fifth attempt; the last one repeats. */
const retryAfterMs = [5_000, 30_000, 300_000, 300_000];
const ANSWER_TIMEOUT_MS = 10_000;
/** Deliveries that wait in all lanes together; bounds memory when the door is shut. */
const MAX_WAITING = 4_000;

export interface CrmOptions {
  /** Base URL of an ingress. */
  readonly url: string;
  readonly environment: string;
  readonly secretOf: (integrationId: string) => string;
  /** Requests in flight at once, each for another ticket. */
  readonly concurrency: number;
  /** Retry waits are divided by this. */
  readonly compress: number;
  /** Deliveries per second at most. */
  readonly maxPerSecond: number;
  readonly ledger: Ledger;
}

export function signedBody(event: CrmEvent, environment: string, secret: string): string {
  const timestamp = iso(event.at);
  return JSON.stringify({
    event_id: event.eventId,
    event_type: event.eventType,
    timestamp,
    source: { platform: event.platform, integration_id: event.integrationId, environment },
    signature: createHmac('sha256', secret).update(event.eventId + event.eventType + timestamp).digest('hex'),
    version: event.version,
    payload: event.payload,
  });
}

interface Answer { readonly status: number; readonly body: string }

function post(url: URL, agent: Agent, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', agent, headers, timeout: ANSWER_TIMEOUT_MS }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }));
      answer.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The fate that a 2xx names; null for an answer that isn't one. */
function fateOf({ status, body }: Answer): Fate | null {
  if (status < 200 || status > 299) return null;
  const named = /"status":\s*"(accepted|duplicate|quarantined)"/.exec(body)?.[1];
  return named === 'quarantined' || named === 'duplicate' ? named : 'accepted';
}

const errorCode = (error: unknown): string =>
  error instanceof Error ? ('code' in error && typeof error.code === 'string' ? error.code : error.message) : String(error);

class Sender {
  readonly #options: CrmOptions;
  readonly #agent: Agent;
  readonly #url: URL;
  readonly #lanes: Delivery[][];
  readonly #running = new Set<Promise<void>>();
  readonly #busy = new Set<number>();
  #waiting = 0;
  #roomMade: (() => void) | null = null;

  constructor(options: CrmOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.concurrency });
    this.#url = new URL('/webhooks', options.url);
    this.#lanes = Array.from({ length: options.concurrency }, () => []);
  }

  async sendAll(deliveries: Iterable<Delivery>): Promise<void> {
    const { maxPerSecond } = this.#options;
    const startedAt = performance.now();
    let begun = 0;
    for (const delivery of deliveries) {
      const early = (begun++ / maxPerSecond) * 1_000 - (performance.now() - startedAt);
      if (early > 2) await sleep(early);
      if (this.#waiting >= MAX_WAITING) await new Promise<void>((resolve) => { this.#roomMade = resolve; });
      this.#enqueue(delivery);
    }
    while (this.#running.size > 0) await Promise.all(this.#running);
    this.#agent.destroy();
  }

  /** All deliveries of a ticket go through one lane, which sends one at a time. */
  #enqueue(delivery: Delivery): void {
    const lane = laneOf(delivery.event, this.#lanes.length);
    this.#lanes[lane]?.push(delivery);
    this.#waiting++;
    if (this.#busy.has(lane)) return;
    this.#busy.add(lane);
    const run = this.#drain(lane).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #drain(lane: number): Promise<void> {
    const queue = this.#lanes[lane] ?? [];
    for (let delivery = queue.shift(); delivery !== undefined; delivery = queue.shift()) {
      await this.#deliver(delivery);
      this.#waiting--;
      this.#roomMade?.();
      this.#roomMade = null;
    }
    this.#busy.delete(lane);
  }

  async #deliver({ event, kind }: Delivery): Promise<void> {
    const { ledger, environment, secretOf, compress } = this.#options;
    const body = signedBody(event, environment, secretOf(event.integrationId));
    if (kind === 'late') ledger.late++;
    for (let attempt = 0; ; attempt++) {
      ledger.attempts++;
      const { fate, reason } = await this.#attempt(body);
      const delay = retryAfterMs[attempt];
      if (fate !== null || delay === undefined) {
        ledger.record(event, fate ?? 'dropped');
        return;
      }
      ledger.retry(reason);
      ledger.waiting++;
      await sleep(delay / compress);
      ledger.waiting--;
    }
  }

  async #attempt(body: string): Promise<{ fate: Fate | null; reason: string }> {
    try {
      const answer = await post(this.#url, this.#agent, body);
      return { fate: fateOf(answer), reason: `HTTP ${answer.status}` };
    } catch (error) {
      return { fate: null, reason: errorCode(error) };
    }
  }
}

function laneOf(event: CrmEvent, lanes: number): number {
  let hash = 2166136261;
  for (const character of `${event.integrationId}/${event.ticketId}`) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
  return (hash >>> 0) % lanes;
}

/** Sends everything; resolves when each delivery's fate is in the ledger. Never rejects for a failed delivery. */
export const sendAsCrm = (deliveries: Iterable<Delivery>, options: CrmOptions): Promise<void> => new Sender(options).sendAll(deliveries);
