// From the log's events to one ticket's timeline: the state of the ticket after each of its events, in
// their order (order.ts). Every metric is read off these steps; no other file looks at the raw log.
import type { AgentAssigned, CrmEvent, MessageReceived, StatusChanged, TicketCreated } from './events.ts';
import { initialStatus } from './order.ts';
import { categoryOf, isOver, sameStatus, type StatusCategory, type StatusMap } from './statuses.ts';

export interface State {
  status: string;
  category: StatusCategory;
  queue: string;
  assignee: string;
  /** How the present cycle ended; a move from one over category to another leaves it as it is. */
  cycle: 'running' | 'solved' | 'discarded';
}

interface StepBase {
  at: number;
  index: number;
  before: State;
  after: State;
}

export type Step = StepBase &
  (
    | { kind: 'created'; event: TicketCreated }
    | { kind: 'customer_message'; event: TicketCreated | MessageReceived }
    | { kind: 'agent_reply'; event: MessageReceived; agent: string }
    | { kind: 'private_note'; event: MessageReceived; agent: string | null }
    | { kind: 'automated_message'; event: MessageReceived }
    | { kind: 'repeat_of_initial_message'; event: MessageReceived }
    | { kind: 'assignment'; event: AgentAssigned }
    | { kind: 'status'; event: StatusChanged }
    | { kind: 'escalation'; event: Extract<CrmEvent, { event_type: 'escalation.fired' }> }
  );

export interface Timeline {
  integration_id: string;
  ticket_id: string;
  creation: TicketCreated | null;
  /** Index of the creation's step; -1 for a provisional ticket, so that nothing lies before it. */
  creationIndex: number;
  created_at: number;
  /** Further ticket.created, which are ignored whole. */
  repeatedCreations: number;
  initial: State;
  steps: Step[];
}

/** A ticket created over has no solve, yet its cycle has ended. */
function cycleAtCreation(category: StatusCategory): State['cycle'] {
  if (category === 'discarded') return 'discarded';
  return isOver(category) ? 'solved' : 'running';
}

function initialState(events: readonly CrmEvent[], maps: readonly StatusMap[]): State {
  const status = initialStatus(events);
  const category = categoryOf(status, maps);
  return { status, category, queue: '', assignee: '', cycle: cycleAtCreation(category) };
}

function hasInitialMessage(event: TicketCreated): boolean {
  const message = event.initial_message;
  return message.message_id !== null || message.text !== null || message.content_type !== null || message.files.length > 0;
}

/** The very message that opened the ticket, sent once more as an event of its own. */
function isInitialMessage(event: MessageReceived, creation: TicketCreated | null): boolean {
  return creation !== null && hasInitialMessage(creation)
    && creation.initial_message.message_id === event.message_id
    && event.sender.type === 'customer' && !event.is_private;
}

/** No group named, an unassignment included: the queue stays. No agent named: nobody has it. */
function stateAfterAssignment(before: State, event: AgentAssigned): State {
  return { ...before, assignee: event.assignee.agent_id ?? '', queue: event.assignee.group_id ?? before.queue };
}

/** The same status again changes nothing, not even the spelling. */
function stateAfterStatus(before: State, event: StatusChanged, maps: readonly StatusMap[]): State {
  if (sameStatus(before.status, event.new_status)) return before;
  const category = categoryOf(event.new_status, maps);
  return { ...before, status: event.new_status, category, cycle: cycleAfter(before, category) };
}

function cycleAfter(before: State, category: StatusCategory): State['cycle'] {
  if (!isOver(category)) return 'running';
  if (isOver(before.category)) return before.cycle;
  return category === 'discarded' ? 'discarded' : 'solved';
}

export function isAutomated(event: MessageReceived): boolean {
  return event.is_automated === true || (event.sender.type !== 'customer' && event.sender.type !== 'agent');
}

function messageStep(event: MessageReceived, base: StepBase): Step {
  if (event.is_private) {
    const agent = event.sender.type === 'agent' && !isAutomated(event) ? event.sender.agent_id ?? '' : null;
    return { ...base, kind: 'private_note', event, agent };
  }
  if (event.sender.type === 'customer') return { ...base, kind: 'customer_message', event };
  if (isAutomated(event)) return { ...base, kind: 'automated_message', event };
  return { ...base, kind: 'agent_reply', event, agent: event.sender.agent_id ?? '' };
}

/** Folds a ticket's ordered events, one by one, into steps with the state before and after. */
export function foldTicket(events: readonly CrmEvent[], maps: readonly StatusMap[]): Timeline {
  const first = events[0];
  if (!first) throw new Error('a ticket has at least one event');
  const creation = events.find((e) => e.event_type === 'ticket.created') ?? null;
  const initial = initialState(events, maps);
  const steps: Step[] = [];
  let state = initial;
  let initialMessageSeen = false;
  const push = (make: (base: StepBase) => Step, at: number, after: State): void => {
    steps.push(make({ at, index: steps.length, before: state, after }));
    state = after;
  };
  for (const event of events) {
    const at = event.timestamp;
    switch (event.event_type) {
      case 'ticket.created':
        if (event !== creation) break; // a second ticket.created is ignored whole
        push((base) => ({ ...base, kind: 'created', event }), at, state);
        if (hasInitialMessage(event) && !initialMessageSeen) {
          push((base) => ({ ...base, kind: 'customer_message', event }), at, state);
          initialMessageSeen = true;
        }
        break;
      case 'message.received': {
        const initialAgain = isInitialMessage(event, creation);
        push((base) => initialAgain && initialMessageSeen
          ? { ...base, kind: 'repeat_of_initial_message', event }
          : messageStep(event, base), at, state);
        initialMessageSeen ||= initialAgain;
        break;
      }
      case 'agent.assigned':
        push((base) => ({ ...base, kind: 'assignment', event }), at, stateAfterAssignment(state, event));
        break;
      case 'status.changed':
        push((base) => ({ ...base, kind: 'status', event }), at, stateAfterStatus(state, event, maps));
        break;
      case 'escalation.fired':
        push((base) => ({ ...base, kind: 'escalation', event }), at, state);
        break;
    }
  }
  return {
    integration_id: first.source.integration_id,
    ticket_id: first.ticket_id,
    creation,
    creationIndex: steps.findIndex((s) => s.kind === 'created'),
    created_at: creation?.timestamp ?? first.timestamp,
    repeatedCreations: events.filter((e) => e.event_type === 'ticket.created' && e !== creation).length,
    initial,
    steps,
  };
}

/** What a step did to the backlog by changing the status; going from one over category to another is nothing. */
export type Crossing = 'solved' | 'discarded' | 'reopened' | 'restored';

export function crossingOf(step: Step): Crossing | null {
  const { before, after } = step;
  if (isOver(before.category) === isOver(after.category)) return null;
  if (!isOver(after.category)) return before.cycle === 'solved' ? 'reopened' : 'restored';
  return after.category === 'discarded' ? 'discarded' : 'solved';
}

/** Entering solved or closed from a category that is not over. */
export function isSolve(step: Step): boolean {
  return crossingOf(step) === 'solved';
}

export function isReopen(step: Step): boolean {
  return crossingOf(step) === 'reopened';
}

/** Entering discarded, from solved or closed too: an open wait ends by it. */
export function isDiscard(step: Step): boolean {
  return step.before.category !== 'discarded' && step.after.category === 'discarded';
}

/** A stretch of time between two neighbouring steps; the last one runs up to now. */
export interface Stretch {
  from: number;
  to: number;
  state: State;
  stepIndex: number;
}

export function stretches(timeline: Timeline, now: number): Stretch[] {
  return timeline.steps.map((step, i) => {
    const to = timeline.steps[i + 1]?.at ?? Math.max(now, step.at);
    return { from: step.at, to, state: step.after, stepIndex: i };
  });
}

/** The state after every event of that instant and before; null before the first event. */
export function stateAt(timeline: Timeline, instant: number): State | null {
  return timeline.steps.findLast((step) => step.at <= instant)?.after ?? null;
}
