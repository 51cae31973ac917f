// What a ticket's SLA timers time: the response to each wait, and each cycle's resolution, whatever the policies say. Their
// starts and ends are taken from the walk, where the order within an instant is known.
import { isOver } from '../desk/status.ts';
import type { Ticket } from '../state.ts';
import type { Step, WaitEnd } from '../step.ts';
import type { Metric } from './policies.ts';

export interface Timed {
  readonly metric: Metric;
  readonly startedAt: number;
  /** null and '' while it runs. */
  readonly endedAt: number | null;
  readonly endedBy: WaitEnd;
}

type Open = { -readonly [K in keyof Timed]: Timed[K] };

export class Promises {
  readonly #ticket: Ticket;
  readonly #responses: Open[] = [];
  readonly #resolutions: Open[] = [];
  #response: Open | null = null;
  #resolution: Open | null = null;

  constructor(ticket: Ticket) {
    this.#ticket = ticket;
  }

  take(step: Step): void {
    const { no, at, before, after, crossing, startsWait, endsWait } = step;
    if (no === 1 && !isOver(before.status.category)) this.#resolution = this.#start(this.#resolutions, 'resolution', this.#ticket.createdAt);
    if (endsWait !== '') this.#response = this.#end(this.#responses, this.#response, at, endsWait);
    if (crossing === 'solved' || crossing === 'discarded') this.#resolution = this.#end(this.#resolutions, this.#resolution, at, crossing);
    const comesBack = crossing === 'reopened' || crossing === 'restored';
    // Each reopen and each restore starts a new resolution timer with the whole target.
    if (comesBack) this.#resolution = this.#start(this.#resolutions, 'resolution', at);
    // A wait that begins while the ticket is over starts its response timer when it comes back; without that it has none.
    if ((startsWait && !isOver(after.status.category)) || (comesBack && after.wait !== null)) this.#startResponse(after.waits, at);
  }

  /** The first response runs from the creation, where a message came before. */
  #startResponse(waitNo: number, at: number): void {
    this.#response = waitNo === 1
      ? this.#start(this.#responses, 'first_response', Math.max(at, this.#ticket.createdAt))
      : this.#start(this.#responses, 'next_response', at);
  }

  #start(list: Open[], metric: Metric, startedAt: number): Open {
    const started: Open = { metric, startedAt, endedAt: null, endedBy: '' };
    list.push(started);
    return started;
  }

  /** What runs from a late ticket.created and was over before it has no timer. */
  #end(list: Open[], open: Open | null, at: number, by: WaitEnd): null {
    if (open === null) return null;
    open.endedAt = at;
    open.endedBy = by;
    if (at < open.startedAt) list.pop();
    return null;
  }

  /** Responses in order, then resolutions in order. */
  all(): readonly Timed[] {
    return [...this.#responses, ...this.#resolutions];
  }
}
