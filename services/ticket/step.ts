// What an event did, read off the state before it and the state after it (state.ts) and said once, as a step. Everything else
// only gathers steps.
import { isOver } from './desk/status.ts';
import type { TicketEvent } from './event.ts';
import { saidBy, stateAfter, type Moment, type OpenWait, type State, type Ticket } from './state.ts';

/** Over or not any more: what enters and leaves a backlog. */
export type Crossing = '' | 'solved' | 'discarded' | 'reopened' | 'restored';

export type WaitEnd = '' | 'agent_reply' | 'solved' | 'discarded';

/** A reply that ended a wait: the customer's clock and the replier's own. */
export interface Answer {
  readonly waitNo: number;
  readonly waitingSince: number;
  readonly businessMs: number;
  readonly ownClockFrom: number;
  readonly ownBusinessMs: number;
}

export interface Step extends Moment {
  readonly event: TicketEvent;
  readonly before: State;
  readonly after: State;
  readonly isCustomerMessage: boolean;
  /** A copy of the initial message that was counted already. */
  readonly isRepetition: boolean;
  readonly isReply: boolean;
  /** A reply by the assignee. */
  readonly isOwnReply: boolean;
  readonly isFirstResponse: boolean;
  readonly startsTurn: boolean;
  readonly startsWait: boolean;
  readonly endsWait: WaitEnd;
  readonly answer: Answer | null;
  readonly changesStatus: boolean;
  readonly changesAssignee: boolean;
  readonly changesQueue: boolean;
  readonly crossing: Crossing;
}

/** Leaving over is a reopen when the cycle had ended by a solve; else the ticket is restored and its cycle goes on. */
function crossingOf(before: State, after: State): Crossing {
  const isOverNow = isOver(after.status.category);
  if (isOver(before.status.category) === isOverNow) return '';
  if (isOverNow) return after.cycleEnd;
  return before.cycleEnd === 'solved' ? 'reopened' : 'restored';
}

function waitEndOf(before: State, after: State, isReply: boolean): WaitEnd {
  if (before.wait === null || after.wait !== null) return '';
  if (isReply) return 'agent_reply';
  return after.status.category === 'discarded' ? 'discarded' : 'solved';
}

/** Own clock: from the start of the own station when that is later; from the wait's start when the replier holds none. */
function answerTo(wait: OpenWait, state: State, isOwnReply: boolean, { clock }: Moment): Answer {
  const isStationLater = isOwnReply && state.stationSince > wait.since;
  return {
    waitNo: wait.no,
    waitingSince: wait.since,
    businessMs: clock - wait.sinceClock,
    ownClockFrom: isStationLater ? state.stationSince : wait.since,
    ownBusinessMs: clock - (isStationLater ? state.stationSinceClock : wait.sinceClock),
  };
}

export function takeStep(ticket: Ticket, before: State, event: TicketEvent, moment: Moment): Step {
  const said = saidBy(event, ticket, before);
  const { isReply } = said;
  const after = stateAfter(before, event, moment, said, ticket.desk);
  // An agent without id holds no station: a reply by agent '' is no station's own.
  const isOwnReply = isReply && event.actorId !== '' && event.actorId === after.assigneeId;
  const endsWait = waitEndOf(before, after, isReply);
  return {
    no: moment.no, at: moment.at, clock: moment.clock, passedMs: moment.passedMs, passedBusinessMs: moment.passedBusinessMs,
    event, before, after, isReply, isOwnReply, endsWait,
    isCustomerMessage: said.isCustomerMessage,
    isRepetition: said.isRepetition,
    isFirstResponse: after.isAnswered && !before.isAnswered,
    // A note, an automated message or a solve between two replies of one agent doesn't split a turn.
    startsTurn: isReply && before.turnOf !== event.actorId,
    startsWait: before.wait === null && after.wait !== null,
    answer: endsWait === 'agent_reply' && before.wait !== null ? answerTo(before.wait, after, isOwnReply, moment) : null,
    changesStatus: before.status !== after.status,
    changesAssignee: before.assigneeId !== after.assigneeId,
    changesQueue: before.queueId !== after.queueId,
    crossing: crossingOf(before, after),
  };
}

/** A period or a station begins: at the first event, and whenever what makes it up changes. */
export const startsStation = ({ no, changesAssignee, changesQueue }: Step): boolean => no === 1 || changesAssignee || changesQueue;
export const startsPeriod = (step: Step): boolean => startsStation(step) || step.changesStatus;
