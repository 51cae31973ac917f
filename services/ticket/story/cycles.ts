// Cycles: from the creation or a reopen to the next solve. Each solve is a resolution; a discard ends a cycle without one, and
// a restored ticket's cycle goes on from its old start.
import type { CycleEnd, Ticket } from '../state.ts';
import type { Step } from '../step.ts';

export interface Resolution {
  /** From 1. */
  readonly no: number;
  readonly solvedAt: number;
  /** Credit goes by who solved, not by the assignee. Agent metrics take `agent` only. */
  readonly solvedByType: string;
  readonly solvedById: string;
  readonly assigneeId: string;
  readonly queueId: string;
  readonly cycleStartedAt: number;
  readonly cycleBusinessMs: number;
  readonly sinceCreatedBusinessMs: number;
  /** Those of its cycle, the time before a discard and after a restore included. */
  readonly pendingMs: number;
  readonly pendingBusinessMs: number;
  readonly reopenedAt: number | null;
}

/** The last solve, while the cycle that it ended is the present one: kept by solved → discarded, NULL after a reopen. */
export const fullResolution = (cycleEnd: CycleEnd, resolutions: readonly Resolution[]): Resolution | null =>
  (cycleEnd === 'solved' ? resolutions.at(-1) ?? null : null);

export interface Touches {
  readonly cycleEnd: CycleEnd;
  readonly reopens: number;
  readonly replyTurns: number;
}

/** Solved with exactly one reply turn and never reopened; null while the present cycle has not ended by a solve. */
export const isOneTouch = ({ cycleEnd, reopens, replyTurns }: Touches): boolean | null => (cycleEnd === 'solved' ? replyTurns === 1 && reopens === 0 : null);

/** Solved without any reply, kept apart from one touch; null likewise. */
export const isNoTouch = ({ cycleEnd, replyTurns }: Touches): boolean | null => (cycleEnd === 'solved' ? replyTurns === 0 : null);

export class Cycles {
  readonly resolutions: { -readonly [K in keyof Resolution]: Resolution[K] }[] = [];
  reopens = 0;
  /** First entry into closed at or after the solve that ended the cycle; null while it runs. */
  closedAt: number | null = null;
  /** When the present cycle ended by a discard: there survival is censored. null while it runs or when it ended by a solve. */
  discardedAt: number | null = null;
  readonly #ticket: Ticket;
  #startedAt: number;
  #startedClock: number;
  #pendingMs = 0;
  #pendingBusinessMs = 0;

  constructor(ticket: Ticket) {
    this.#ticket = ticket;
    this.#startedAt = ticket.createdAt;
    this.#startedClock = ticket.createdClock;
  }

  take(step: Step): void {
    this.#addPending(step);
    if (step.crossing === 'solved') this.#solve(step);
    if (step.crossing === 'reopened') this.#reopen(step);
    if (step.crossing === 'discarded') this.discardedAt = step.at;
    if (step.crossing === 'reopened' || step.crossing === 'restored') this.closedAt = this.discardedAt = null;
    if (step.changesStatus && step.after.status.category === 'closed' && step.before.status.category !== 'closed') this.closedAt ??= step.at;
  }

  /** What was pending before the creation lies before the cycle. */
  #addPending({ before, at, clock, passedMs, passedBusinessMs }: Step): void {
    if (before.status.category !== 'pending') return;
    this.#pendingMs += Math.max(0, Math.min(passedMs, at - this.#startedAt));
    this.#pendingBusinessMs += Math.max(0, Math.min(passedBusinessMs, clock - this.#startedClock));
  }

  /** What happened before a late creation clamps to 0. */
  #solve({ event, after, at, clock }: Step): void {
    this.resolutions.push({
      no: this.resolutions.length + 1, solvedAt: at, solvedByType: event.actorType, solvedById: event.actorId,
      assigneeId: after.assigneeId, queueId: after.queueId,
      cycleStartedAt: this.#startedAt,
      cycleBusinessMs: Math.max(0, clock - this.#startedClock),
      sinceCreatedBusinessMs: Math.max(0, clock - this.#ticket.createdClock),
      pendingMs: this.#pendingMs, pendingBusinessMs: this.#pendingBusinessMs, reopenedAt: null,
    });
  }

  /** A new cycle. A ticket that was created finished has no resolution to mark. */
  #reopen({ at, clock }: Step): void {
    this.reopens++;
    const undone = this.resolutions.at(-1);
    if (undone !== undefined) undone.reopenedAt = at;
    this.#startedAt = at;
    this.#startedClock = clock;
    this.#pendingMs = 0;
    this.#pendingBusinessMs = 0;
  }
}
