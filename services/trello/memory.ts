// What a card remembers of its ticket: the few events that decide status, assignee and first response, in a custom field of
// ours on the card itself. So whoever has the card can say what it should show, whatever the order in which events came, and
// nothing else has to be kept anywhere. What they mean says the fold, as everywhere.
import type { EventOf } from '../../schemas/events.ts';
import { deskOf } from '../ticket/desk/desk.ts';
import type { Category } from '../ticket/desk/status.ts';
import type { EventType, TicketEvent } from '../ticket/event.ts';
import { isAgentReply, isFromCustomer, typeRank } from '../ticket/event.ts';
import { storyOf } from '../ticket/story.ts';

export type CardEvent = EventOf<'ticket.created' | 'message.received' | 'agent.assigned' | 'status.changed'>;

/** Kind, event id, event time, and what the kind needs. */
type Kept =
  | readonly ['c', string, number, hasMessage: 0 | 1, status: string]
  | readonly ['m', string, number, from: 'customer' | 'agent']
  | readonly ['a', string, number, assigneeId: string]
  | readonly ['s', string, number, previous: string, next: string];

export interface Identity {
  readonly integrationId: string;
  readonly ticketId: string;
}

export interface Memory extends Identity {
  readonly events: readonly Kept[];
}

/** What a card should show. */
export interface Shown {
  readonly status: string;
  readonly statusKey: string;
  readonly category: Category;
  readonly assigneeId: string;
  /** As queue.tickets.first_response_seconds; null while nobody answered. */
  readonly firstResponseSeconds: number | null;
}

const typeOf = { c: 'ticket.created', m: 'message.received', a: 'agent.assigned', s: 'status.changed' } as const satisfies Record<Kept[0], EventType>;

/** More than a ticket has within one instant, whose order depends on the status before; only these can still change what the last one left. */
const LAST_STATUSES = 16;
const MOST_REPLIES = 16;

function told(kept: Kept): TicketEvent {
  const [kind, eventId, at] = kept;
  const nothing = {
    receivedAt: at, bodyAt: at, partition: 0, offset: 0, actorType: '', actorId: '', hasMessage: false, messageId: '', isPrivate: false, isAutomated: false,
    newStatus: '', previousStatus: '', assigneeId: '', groupId: '', assigneeName: '', creation: null, escalation: null,
  };
  const event = { ...nothing, eventId, type: typeOf[kind], at };
  switch (kept[0]) {
    case 'c': return { ...event, actorType: 'customer', hasMessage: kept[3] === 1, newStatus: kept[4] };
    case 'm': return { ...event, actorType: kept[3], hasMessage: true };
    case 'a': return { ...event, assigneeId: kept[3] };
    case 's': return { ...event, previousStatus: kept[3], newStatus: kept[4] };
  }
}

/** What of an event decides anything here; null for one that doesn't, e.g. a private note. */
function keptOf(event: CardEvent): Kept | null {
  const [id, at] = [event.event_id.toLowerCase(), event.timestamp.getTime()];
  switch (event.event_type) {
    case 'ticket.created': {
      const { message_id, text, content_type, files } = event.initial_message;
      return ['c', id, at, message_id !== null || text !== null || content_type !== null || files.length > 0 ? 1 : 0, event.status ?? ''];
    }
    case 'agent.assigned': return ['a', id, at, event.assignee.agent_id ?? ''];
    case 'status.changed': return ['s', id, at, event.previous_status ?? '', event.new_status];
    case 'message.received': {
      const message = { ...told(['m', id, at, 'customer']), actorType: event.sender.type, isPrivate: event.is_private, isAutomated: event.is_automated ?? false };
      return isFromCustomer(message) ? ['m', id, at, 'customer'] : isAgentReply(message) ? ['m', id, at, 'agent'] : null;
    }
  }
}

const inOrder = (a: Kept, b: Kept): number => a[2] - b[2] || typeRank[typeOf[a[0]]] - typeRank[typeOf[b[0]]] || (a[1] < b[1] ? -1 : 1);

const noDesk = deskOf({})('');

/** Without what can't matter any more, whatever comes late. */
function withoutTheRest(events: readonly Kept[]): Kept[] {
  const sorted = [...events].sort(inOrder);
  const of = (kind: Kept[0]): Kept[] => sorted.filter((event) => event[0] === kind);
  const [customers, replies] = [of('m').filter((event) => event[3] === 'customer'), of('m').filter((event) => event[3] === 'agent')];
  const answeredAt = of('c').length === 0 ? undefined : storyOf(sorted.map(told), noDesk).firstResponse?.at;
  // What comes late can only bring the first response forward. (Not so a second, earlier creation: that is the CRM's mistake.)
  const counting = answeredAt === undefined ? replies : replies.filter((reply) => reply[2] <= answeredAt);
  return [...of('c').slice(0, 2), ...customers.slice(0, 1), ...counting.slice(0, MOST_REPLIES), ...of('a').slice(-1), ...of('s').slice(-LAST_STATUSES)].sort(inOrder);
}

/** The memory with one more event; the same one when it knows the event or has no use for it. */
export function remembering(memory: Memory, event: CardEvent): Memory {
  const kept = keptOf(event);
  if (kept === null || memory.events.some(([, id]) => id === kept[1])) return memory;
  const events = withoutTheRest([...memory.events, kept]);
  return JSON.stringify(events) === JSON.stringify(memory.events) ? memory : { ...memory, events };
}

export function shownBy({ events }: Memory): Shown {
  const { status, assigneeId, firstResponse, responseDueFrom } = events.length === 0
    ? { status: noDesk.statuses.read('new'), assigneeId: '', firstResponse: null, responseDueFrom: null }
    : storyOf(events.map(told), noDesk);
  return {
    status: status.name, statusKey: status.key, category: status.category, assigneeId,
    firstResponseSeconds: firstResponse === null || responseDueFrom === null ? null : Math.max(0, Math.floor((firstResponse.at - responseDueFrom) / 1_000)),
  };
}

export const written = ({ integrationId, ticketId, events }: Memory): string => JSON.stringify({ ticket: [integrationId, ticketId], events });

/** What stands in the field; null when that is none of ours, e.g. since somebody edited it. */
export function readMemory(text: string | undefined): Memory | null {
  if (text === undefined) return null;
  try {
    const { ticket, events } = JSON.parse(text) as { ticket?: unknown; events?: unknown };
    if (!Array.isArray(ticket) || !Array.isArray(events)) return null;
    const [integrationId, ticketId] = ticket as unknown[];
    const isKept = (event: unknown): event is Kept => Array.isArray(event) && Object.hasOwn(typeOf, String(event[0])) && typeof event[1] === 'string' && Number.isFinite(event[2]);
    return typeof integrationId === 'string' && typeof ticketId === 'string' && events.every(isKept) ? { integrationId, ticketId, events } : null;
  } catch {
    return null;
  }
}
