// Reply turns: consecutive replies by one agent. They end when the side or the agent changes.
import type { BusinessClock } from '../desk/business-clock.ts';
import type { Step } from '../step.ts';

export interface Turn {
  /** From 1. */
  readonly no: number;
  readonly agentId: string;
  readonly repliedAt: number;
  readonly lastReplyAt: number;
  readonly replies: number;
  readonly assigneeAtReply: string;
  readonly queueId: string;
  readonly isInBusinessHours: boolean;
  /** Holds the ticket's first response. */
  readonly isFirstResponse: boolean;
  /** The wait that one of its replies ended, not always the first one: a reply before the creation answers nothing. */
  readonly waitNo: number | null;
  readonly waitingSince: number | null;
  readonly answeredAt: number | null;
  readonly businessMs: number | null;
  readonly ownClockFrom: number | null;
  readonly ownBusinessMs: number | null;
}

export class Turns {
  readonly all: { -readonly [K in keyof Turn]: Turn[K] }[] = [];
  readonly #clock: BusinessClock;

  constructor(clock: BusinessClock) {
    this.#clock = clock;
  }

  take(step: Step): void {
    if (!step.isReply) return;
    if (step.startsTurn) this.#start(step);
    const turn = this.all.at(-1);
    if (turn === undefined) return;
    turn.lastReplyAt = step.at;
    turn.replies++;
    turn.isFirstResponse ||= step.isFirstResponse;
    if (step.answer === null) return;
    turn.waitNo = step.answer.waitNo;
    turn.waitingSince = step.answer.waitingSince;
    turn.answeredAt = step.at;
    turn.businessMs = step.answer.businessMs;
    turn.ownClockFrom = step.answer.ownClockFrom;
    turn.ownBusinessMs = step.answer.ownBusinessMs;
  }

  #start({ event, after, at }: Step): void {
    this.all.push({
      no: this.all.length + 1, agentId: event.actorId, repliedAt: at, lastReplyAt: at, replies: 0,
      assigneeAtReply: after.assigneeId, queueId: after.queueId, isInBusinessHours: this.#clock.isOpenAt(at), isFirstResponse: false,
      waitNo: null, waitingSince: null, answeredAt: null, businessMs: null, ownClockFrom: null, ownBusinessMs: null,
    });
  }
}
