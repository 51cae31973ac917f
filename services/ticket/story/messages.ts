// Counts of messages, and the first response: from the creation, or from the first customer message when none came before,
// to the first agent reply after it, by any agent. A reopen never changes it.
import { isPrivateNote } from '../event.ts';
import type { Ticket } from '../state.ts';
import type { Step } from '../step.ts';

export interface FirstResponse {
  readonly at: number;
  /** Who replied gets the credit; who held the ticket stands beside. */
  readonly agentId: string;
  readonly assigneeId: string;
  readonly queueId: string;
  readonly businessMs: number;
  readonly isInBusinessHours: boolean;
}

export class Messages {
  fromCustomer = 0;
  replies = 0;
  notes = 0;
  responseDueFrom: number | null = null;
  firstResponse: FirstResponse | null = null;
  readonly #ticket: Ticket;
  #responseDueFromClock = 0;

  constructor(ticket: Ticket) {
    this.#ticket = ticket;
  }

  take(step: Step): void {
    if (step.isCustomerMessage) {
      this.fromCustomer++;
      if (this.responseDueFrom === null) this.#startResponse(step);
    }
    if (step.isReply) this.replies++;
    if (isPrivateNote(step.event)) this.notes++;
    if (step.isFirstResponse) this.#respond(step);
  }

  /** A message before the creation doesn't make the customer wait before there is a ticket. */
  #startResponse({ at, clock }: Step): void {
    const { createdAt, createdClock } = this.#ticket;
    this.responseDueFrom = Math.max(at, createdAt);
    this.#responseDueFromClock = Math.max(clock, createdClock);
  }

  #respond({ event, after, at, clock }: Step): void {
    this.firstResponse = {
      at, agentId: event.actorId, assigneeId: after.assigneeId, queueId: after.queueId,
      businessMs: Math.max(0, clock - this.#responseDueFromClock),
      isInBusinessHours: this.#ticket.desk.clock.isOpenAt(at),
    };
  }
}
