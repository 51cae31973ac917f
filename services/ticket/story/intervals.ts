// Periods in which neither status, queue nor assignee changed: the ticket's state at any instant t is the period with
// validFrom <= t < validTo. They cover the ticket's life from its first event on.
import { isAgentsTurn, type Status } from '../desk/status.ts';
import type { Ticket } from '../state.ts';
import { startsPeriod, type Step } from '../step.ts';

export interface Interval {
  readonly validFrom: number;
  readonly validFromClock: number;
  /** null while it lasts. */
  readonly validTo: number | null;
  readonly validToClock: number | null;
  readonly status: Status;
  readonly queueId: string;
  readonly assigneeId: string;
  readonly changedByType: string;
  readonly changedById: string;
}

export class Intervals {
  readonly all: { -readonly [K in keyof Interval]: Interval[K] }[] = [];
  readonly #openedBy: string;

  /** The first interval was opened by the customer; of a provisional ticket, by nobody known. */
  constructor({ isProvisional }: Ticket) {
    this.#openedBy = isProvisional ? '' : 'customer';
  }

  take(step: Step): void {
    // Status open → in progress (one category) is a new interval. Equal neighbours are kept.
    if (!startsPeriod(step)) return;
    this.#close(step);
    const { event, after, at, clock } = step;
    const isChange = step.before !== after && (step.changesStatus || step.changesAssignee || step.changesQueue);
    this.all.push({
      validFrom: at, validFromClock: clock, validTo: null, validToClock: null,
      status: after.status, queueId: after.queueId, assigneeId: after.assigneeId,
      changedByType: isChange ? event.actorType : this.#openedBy,
      changedById: isChange ? event.actorId : '',
    });
  }

  /** An interval of zero length is not kept: the state after an instant rules at that instant. */
  #close({ at, clock }: Step): void {
    const last = this.all.at(-1);
    if (last === undefined) return;
    if (last.validFrom === at) {
      this.all.pop();
      return;
    }
    last.validTo = at;
    last.validToClock = clock;
  }
}

/** When it was held: in new or open and assigned to somebody. */
export const isHeld = ({ status, assigneeId }: { readonly status: Status; readonly assigneeId: string }): boolean =>
  assigneeId !== '' && isAgentsTurn(status.category);

/** The interval in force at an instant, the state after that instant; undefined before the first one. */
export function intervalAt(intervals: readonly Interval[], instant: number): Interval | undefined {
  for (let i = intervals.length - 1; i >= 0; i--) {
    const interval = intervals[i];
    if (interval !== undefined && interval.validFrom <= instant) return interval;
  }
  return undefined;
}
