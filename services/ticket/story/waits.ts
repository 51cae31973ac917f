// Waits: from the first customer message that has no later agent reply, to a reply, a solve or a discard. They don't overlap.
import type { BusinessClock } from '../desk/business-clock.ts';
import { isOver, type Status } from '../desk/status.ts';
import type { Step, WaitEnd } from '../step.ts';

export interface Wait {
  /** From 1; the first wait is of kind `first`, later ones `next`. */
  readonly no: number;
  /** Its true start, also where the ticket was over then and its SLA timer starts later. */
  readonly waitingSince: number;
  readonly assigneeAtStart: string;
  readonly queueAtStart: string;
  /** null and '' while it is open. */
  readonly endedAt: number | null;
  readonly endedBy: WaitEnd;
  readonly queueAtEnd: string;
  readonly businessMs: number | null;
  /** '' and null unless a reply ended it. */
  readonly repliedByAgentId: string;
  readonly assigneeAtReply: string;
  readonly ownClockFrom: number | null;
  readonly ownBusinessMs: number | null;
  readonly isRepliedInBusinessHours: boolean | null;
}

/** waiting_now and oldest_wait count waits of tickets that are not over; one that began after the solve stays open beside. */
export const isWaitingNow = (waits: readonly Wait[], { category }: Status): boolean => waits.at(-1)?.endedAt === null && !isOver(category);

export class Waits {
  readonly all: { -readonly [K in keyof Wait]: Wait[K] }[] = [];
  readonly #clock: BusinessClock;

  constructor(clock: BusinessClock) {
    this.#clock = clock;
  }

  take(step: Step): void {
    if (step.startsWait) this.#start(step);
    if (step.endsWait !== '') this.#end(step);
  }

  #start({ after, at }: Step): void {
    this.all.push({
      no: after.waits, waitingSince: at, assigneeAtStart: after.assigneeId, queueAtStart: after.queueId,
      endedAt: null, endedBy: '', queueAtEnd: '', businessMs: null,
      repliedByAgentId: '', assigneeAtReply: '', ownClockFrom: null, ownBusinessMs: null, isRepliedInBusinessHours: null,
    });
  }

  /** A customer's "thanks" before the solve is a wait that the solve ends: kept in counts, left out of reply percentiles. */
  #end({ before, after, at, clock, endsWait, answer, event }: Step): void {
    const wait = this.all.at(-1);
    if (wait === undefined || before.wait === null) return;
    wait.endedAt = at;
    wait.endedBy = endsWait;
    wait.queueAtEnd = after.queueId;
    wait.businessMs = clock - before.wait.sinceClock;
    if (answer === null) return;
    // Whoever replied gets the reply, whoever held the ticket stands beside.
    wait.repliedByAgentId = event.actorId;
    wait.assigneeAtReply = after.assigneeId;
    wait.ownClockFrom = answer.ownClockFrom;
    wait.ownBusinessMs = answer.ownBusinessMs;
    wait.isRepliedInBusinessHours = this.#clock.isOpenAt(at);
  }
}
