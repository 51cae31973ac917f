// A ticket's events in its own order, each once. Never by arrival: any order of delivery gives the same list.
import { typeRank, type TicketEvent } from './event.ts';
import type { StatusMap } from './desk/status.ts';
import { statusKey } from './desk/status.ts';

export interface Ordered {
  /** Without repetitions and without the creations that are ignored. */
  readonly events: readonly TicketEvent[];
  /** The ticket.created that counts; null while the ticket is provisional. */
  readonly creation: TicketEvent | null;
  readonly repeatedCreations: number;
  /** How many events it knows, each once, ignored creations among them: what is told of more of them is newer. */
  readonly version: number;
}

/** A ticket has no status before it is told one. */
export const ASSUMED_STATUS = 'new';

/** Event ids are compared as lower-case text. */
const idOf = (event: TicketEvent): string => event.eventId.toLowerCase();

const isEarlierInLog = (a: TicketEvent, b: TicketEvent): boolean => a.offset < b.offset || (a.offset === b.offset && a.partition < b.partition);

/** An event counts once by its id, and the first one accepted wins: a later different body never overwrites it. */
function firstAccepted(delivered: readonly TicketEvent[]): TicketEvent[] {
  const byId = new Map<string, TicketEvent>();
  for (const event of delivered) {
    const id = idOf(event);
    const known = byId.get(id);
    if (known === undefined || isEarlierInLog(event, known)) byId.set(id, event);
  }
  return Array.from(byId.values());
}

/** By event time, ties by type, then by id. */
const inTicketOrder = (a: TicketEvent, b: TicketEvent): number =>
  a.at - b.at || typeRank[a.type] - typeRank[b.type] || (idOf(a) < idOf(b) ? -1 : 1);

/**
 * Status changes of one instant (Telegram times have whole seconds): the next is the one that goes on from the current
 * status; if none does, one that none of the others leads to; else the first by id, in which order they come here.
 */
function chained(changes: readonly TicketEvent[], currentKey: string): TicketEvent[] {
  // An absent previous_status is no status, not the one whose key is empty (a CRM's "-").
  const left = changes.map((event) => ({ event, from: event.previousStatus === '' ? null : statusKey(event.previousStatus), to: statusKey(event.newStatus) }));
  const chain: TicketEvent[] = [];
  let current = currentKey;
  while (left.length > 0) {
    const goesOn = left.findIndex(({ from }) => from === current);
    const isLedTo = (change: { readonly from: string | null }): boolean => left.some((other) => other !== change && other.to === change.from);
    const next = goesOn >= 0 ? goesOn : Math.max(0, left.findIndex((change) => !isLedTo(change)));
    for (const change of left.splice(next, 1)) {
      chain.push(change.event);
      current = change.to;
    }
  }
  return chain;
}

const isStatusChangeAt = (event: TicketEvent | undefined, at: number): boolean => event?.type === 'status.changed' && event.at === at;

/** Chains every run of status changes of one instant, in place. */
function chainStatusChanges(events: TicketEvent[], initialStatus: string, statuses: StatusMap): void {
  let current = initialStatus;
  for (let i = 0; i < events.length; i++) {
    const event = events[i];
    if (event?.type !== 'status.changed') continue;
    let end = i + 1;
    while (isStatusChangeAt(events[end], event.at)) end++;
    if (end > i + 1) {
      chained(events.slice(i, end), statuses.read(current).key).forEach((change, n) => { events[i + n] = change; });
      i = end - 1;
    }
    current = events[i]?.newStatus ?? current;
  }
}

export function inOrder(delivered: readonly TicketEvent[], statuses: StatusMap): Ordered {
  const events: TicketEvent[] = [];
  let creation: TicketEvent | null = null;
  let repeatedCreations = 0;
  for (const event of firstAccepted(delivered).sort(inTicketOrder)) {
    // Two creations of a ticket: the earlier by order is the creation, another is ignored whole.
    if (event.type === 'ticket.created' && creation !== null) {
      repeatedCreations++;
      continue;
    }
    if (event.type === 'ticket.created') creation = event;
    events.push(event);
  }
  chainStatusChanges(events, initialStatus(creation), statuses);
  return { events, creation, repeatedCreations, version: events.length + repeatedCreations };
}

/** Before the first status.changed: ticket.created's status, from the first event on, else `new`. */
export const initialStatus = (creation: TicketEvent | null): string =>
  (creation === null || creation.newStatus === '' ? ASSUMED_STATUS : creation.newStatus);
