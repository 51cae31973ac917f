// What a ticket is, and how each event turns the state before it into the state after it. What changes a state is decided here
// and nowhere else; what an event did is read off both states (step.ts).
import type { Desk } from './desk/desk.ts';
import { isOver, type Status } from './desk/status.ts';
import { isAgentReply, isFromCustomer, type TicketEvent } from './event.ts';
import { initialStatus, type Ordered } from './order.ts';

/** What is the same for all of a ticket's steps. */
export interface Ticket {
  readonly desk: Desk;
  readonly isProvisional: boolean;
  /** Event time of the creation; events before it don't move it. While provisional, of the first event. */
  readonly createdAt: number;
  readonly createdClock: number;
  readonly firstEventAt: number;
  /** '' when there is none. */
  readonly initialMessageId: string;
}

export interface OpenWait {
  readonly no: number;
  readonly since: number;
  readonly sinceClock: number;
}

/** How the present cycle ended. Going from one over category to another changes nothing of that. */
export type CycleEnd = '' | 'solved' | 'discarded';

/** All of a ticket that the next event needs to know. */
export interface State {
  readonly status: Status;
  readonly cycleEnd: CycleEnd;
  readonly assigneeId: string;
  readonly queueId: string;
  readonly stationSince: number;
  readonly stationSinceClock: number;
  readonly wait: OpenWait | null;
  readonly waits: number;
  /** Who replied last, null when the customer wrote since: a reply by the same agent goes on with the turn. */
  readonly turnOf: string | null;
  /** The creation lies behind; always so while there is none. */
  readonly isCreated: boolean;
  readonly hasInitialMessage: boolean;
  readonly hasCustomerWritten: boolean;
  readonly isAnswered: boolean;
}

/** When an event happened, and how long the state before it had lasted since the event before. */
export interface Moment {
  /** Number of the event within the ticket, from 1. */
  readonly no: number;
  readonly at: number;
  /** Business clock at that instant. */
  readonly clock: number;
  readonly passedMs: number;
  readonly passedBusinessMs: number;
}

export function ticketOf({ events, creation }: Ordered, desk: Desk): Ticket {
  const firstEventAt = events[0]?.at ?? 0;
  const createdAt = creation?.at ?? firstEventAt;
  return {
    desk, createdAt, firstEventAt,
    isProvisional: creation === null,
    createdClock: desk.clock.at(createdAt),
    initialMessageId: creation?.messageId ?? '',
  };
}

/** A ticket created with a finished status has no solve, but its cycle has ended. */
function endOfCycleAtCreation({ category }: Status): CycleEnd {
  if (!isOver(category)) return '';
  return category === 'discarded' ? 'discarded' : 'solved';
}

/** Before the first event: nobody holds it, in no queue, nobody waits. */
export function beginning(ticket: Ticket, { creation }: Ordered): State {
  const status = ticket.desk.statuses.read(initialStatus(creation));
  return {
    status, cycleEnd: endOfCycleAtCreation(status),
    assigneeId: '', queueId: '', stationSince: ticket.firstEventAt, stationSinceClock: ticket.desk.clock.at(ticket.firstEventAt),
    wait: null, waits: 0, turnOf: null,
    isCreated: ticket.isProvisional, hasInitialMessage: false, hasCustomerWritten: false, isAnswered: false,
  };
}

type Draft = { -readonly [K in keyof State]: State[K] };

/** Spelled out: `{ ...state }` took half of the whole fold's time. */
function copyOf(state: State): Draft {
  return {
    status: state.status, cycleEnd: state.cycleEnd,
    assigneeId: state.assigneeId, queueId: state.queueId, stationSince: state.stationSince, stationSinceClock: state.stationSinceClock,
    wait: state.wait, waits: state.waits, turnOf: state.turnOf,
    isCreated: state.isCreated, hasInitialMessage: state.hasInitialMessage, hasCustomerWritten: state.hasCustomerWritten, isAnswered: state.isAnswered,
  };
}

/** A creation with a message, or a customer's message with the initial message's id, which is that same message. */
const isInitialMessage = ({ initialMessageId }: Ticket, event: TicketEvent): boolean =>
  (event.type === 'ticket.created' ? event.hasMessage : initialMessageId !== '' && event.messageId === initialMessageId);

function withCustomerMessage(state: State, isInitial: boolean, { at, clock }: Moment): State {
  const after = copyOf(state);
  after.hasCustomerWritten = true;
  after.hasInitialMessage ||= isInitial;
  after.turnOf = null;
  // More customer messages don't move the start of a wait.
  if (after.wait === null) after.wait = { no: ++after.waits, since: at, sinceClock: clock };
  return after;
}

function withReply(state: State, { actorId }: TicketEvent): State {
  const after = copyOf(state);
  after.turnOf = actorId;
  // A reply before the creation answers nothing.
  if (!state.isCreated) return after;
  after.wait = null;
  // An agent who writes first answers nothing.
  after.isAnswered ||= state.hasCustomerWritten;
  return after;
}

function withAssignment(state: State, { assigneeId, groupId }: TicketEvent, { at, clock }: Moment): State {
  // An assignment that names no group, and an unassignment, keep the queue.
  const queueId = groupId === '' ? state.queueId : groupId;
  if (assigneeId === state.assigneeId && queueId === state.queueId) return state;
  const after = copyOf(state);
  after.assigneeId = assigneeId;
  after.queueId = queueId;
  after.stationSince = at;
  after.stationSinceClock = clock;
  return after;
}

function withStatus(state: State, status: Status): State {
  // The same status again (open → open) changes nothing, not even its spelling.
  if (status.key === state.status.key) return state;
  const wasOver = isOver(state.status.category);
  const isOverNow = isOver(status.category);
  const isDiscard = status.category === 'discarded' && state.status.category !== 'discarded';
  const isSolve = isOverNow && !wasOver && !isDiscard;
  const after = copyOf(state);
  after.status = status;
  // A solve and a discard end a wait, solved → discarded too; solved → closed and discarded → solved are no solve.
  if (isSolve || isDiscard) after.wait = null;
  after.cycleEnd = cycleEndAfter(state.cycleEnd, wasOver, isOverNow, isDiscard);
  return after;
}

function cycleEndAfter(before: CycleEnd, wasOver: boolean, isOverNow: boolean, isDiscard: boolean): CycleEnd {
  if (!isOverNow) return '';
  if (wasOver) return before;
  return isDiscard ? 'discarded' : 'solved';
}

/** What an event says in the conversation. */
export interface Said {
  readonly isCustomerMessage: boolean;
  readonly isRepetition: boolean;
  readonly isInitial: boolean;
  readonly isReply: boolean;
}
const nothingSaid: Said = { isCustomerMessage: false, isRepetition: false, isInitial: false, isReply: false };
const reply: Said = { ...nothingSaid, isReply: true };

/** Of the initial message's copies, the creation's own included, the first in order counts. */
export function saidBy(event: TicketEvent, ticket: Ticket, before: State): Said {
  if (event.type === 'ticket.created' ? event.hasMessage : isFromCustomer(event)) {
    const isInitial = isInitialMessage(ticket, event);
    const isRepetition = isInitial && before.hasInitialMessage;
    return { isCustomerMessage: !isRepetition, isRepetition, isInitial, isReply: false };
  }
  return isAgentReply(event) ? reply : nothingSaid;
}

export function stateAfter(before: State, event: TicketEvent, moment: Moment, said: Said, desk: Desk): State {
  switch (event.type) {
    case 'ticket.created': {
      const created = copyOf(before);
      created.isCreated = true;
      return said.isCustomerMessage ? withCustomerMessage(created, said.isInitial, moment) : created;
    }
    case 'message.received':
      if (said.isCustomerMessage) return withCustomerMessage(before, said.isInitial, moment);
      return said.isReply ? withReply(before, event) : before;
    case 'agent.assigned': return withAssignment(before, event, moment);
    case 'status.changed': return withStatus(before, desk.statuses.read(event.newStatus));
    case 'escalation.fired': return before;
  }
}
