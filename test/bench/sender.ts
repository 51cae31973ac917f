// The CRM of a measurement: a large desk's events, signed, one after the other at a constant rate. The schedule does not
// wait for answers (open loop), so a slow door shows in the times instead of in fewer events. Only a ticket's
// next event waits for the answer to the one before, as the real CRM does.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { signedBody } from '../../infra/demo/crm.ts';
import { deskEvents } from '../../infra/demo/desk/desk.ts';
import { dueBy, dueMs } from './figures.ts';
import { secretOf } from './stack.ts';

/** About one event a second while the desk is open, and more of them than any measurement sends. */
const DESK = { seed: 1, tickets: 200_000, days: 45 };

export interface Sent {
  readonly integrationId: string;
  readonly ticketId: string;
  /** Events of its ticket so far, this one included. */
  readonly count: number;
  /** When the schedule had it, and when 200 was received, on performance.now()'s clock. */
  readonly dueAt: number;
  readonly acceptedAt: number;
}

export interface Round {
  readonly events: number;
  /** From the schedule's time to the 200. */
  readonly doorMs: readonly number[];
  /** Answers other than 200, after which the event was sent again. */
  readonly retries: number;
}

const RETRY_MS = 500;
const ATTEMPTS = 240;

export class Sender {
  readonly #urls: readonly URL[];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #events = deskEvents(DESK);
  readonly #counts = new Map<string, number>();
  readonly #answered = new Map<string, Promise<unknown>>();
  #retries = 0;
  #posts = 0;
  sent = 0;

  /** Events sent so far by `integration/ticket`; all of them are accepted once send() resolved. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Of several doors each event goes to the next one. */
  constructor(...ingressUrls: readonly string[]) {
    this.#urls = ingressUrls.map((url) => new URL('/webhooks', url));
  }

  /** Sends for so long at this rate. Resolves when all is answered. */
  async send(perSecond: number, seconds: number, onAccepted: (sent: Sent) => void = () => undefined): Promise<Round> {
    const events = Math.round(perSecond * seconds);
    const began = performance.now();
    const doorMs: number[] = [];
    const running = new Set<Promise<void>>();
    const retriesBefore = this.#retries;
    for (let next = 0; next < events;) {
      for (const due = Math.min(events, dueBy(performance.now() - began, perSecond)); next < due; next++) {
        const delivery = this.#deliver(began + dueMs(next, perSecond)).then((sent) => {
          running.delete(delivery);
          doorMs.push(sent.acceptedAt - sent.dueAt);
          onAccepted(sent);
        });
        running.add(delivery);
      }
      await sleep(Math.max(1, began + dueMs(next, perSecond) - performance.now()));
    }
    await Promise.all(running);
    return { events, doorMs, retries: this.#retries - retriesBefore };
  }

  async #deliver(dueAt: number): Promise<Sent> {
    const event = this.#events.next().value;
    if (event === undefined) throw new Error('the desk has no more events');
    const { integrationId, ticketId } = event;
    const ticket = `${integrationId}/${ticketId}`;
    const count = (this.#counts.get(ticket) ?? 0) + 1;
    this.#counts.set(ticket, count);
    this.sent++;
    const accepted = (this.#answered.get(ticket) ?? Promise.resolve()).then(() => this.#postUntilAccepted(signedBody(event, 'production', secretOf(integrationId))));
    this.#answered.set(ticket, accepted);
    await accepted;
    if (this.#answered.get(ticket) === accepted) this.#answered.delete(ticket);
    return { integrationId, ticketId, count, dueAt, acceptedAt: performance.now() };
  }

  async #postUntilAccepted(body: string): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await this.#post(body)) return;
      this.#retries++;
      await sleep(RETRY_MS);
    }
    throw new Error(`an event was not accepted in ${ATTEMPTS} attempts`);
  }

  #post(body: string): Promise<boolean> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const url = this.#urls[this.#posts++ % this.#urls.length] ?? '';
      const sent = request(url, { method: 'POST', agent: this.#agent, headers }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode === 200)).on('error', () => resolve(false));
      });
      sent.on('error', () => resolve(false));
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
