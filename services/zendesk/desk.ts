// A ticket of ours in Zendesk: found by its external id or made, and then changed, each event once.
//
// What an event did is known by its mark in the audit of that change. Zendesk is asked for it only when an earlier try may have
// had its effect. A ticket is made by what comes first, whatever that is, since its creation may have come before we did.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { AgentAssigned, MessageReceived, StatusChanged, TicketCreated } from '../../schemas/events.ts';
import { NotNow, Refused } from '../destinations/failures.ts';
import { markOf } from '../destinations/marks.ts';
import type { HandlerContext } from '../runtime/consumer.ts';
import type { Changes, Found, NewTicket, Zendesk, ZendeskComment } from './client.ts';
import { assignmentChanges, externalId, isImported, saysOver, messageComment, OPENED_TAG, openingComment, openingTag, placeTag, statusChanges, statusOf, subjectOf, TAG } from './content.ts';
import type { ZendeskSection } from './section.ts';

export type DeskEvent = TicketCreated | MessageReceived | StatusChanged | AgentAssigned;
type Context = Pick<HandlerContext, 'effectId' | 'mayBeRepeated' | 'signal' | 'position'>;

/** After a refusal. */
interface Again {
  /** What was known of the ticket that somebody has deleted. */
  readonly gone?: Found | null;
  /** Zendesk lets no ticket be solved that is nobody's: then it is ours. */
  readonly isToBeTaken?: boolean;
}

const REMEMBERED = 10_000;
const keyOf = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 40);

type Requester = TicketCreated['customer'];

/** A customer as Zendesk knows them: one user for one Telegram account. */
export function userOf({ telegram_user_id, first_name, last_name, email, contact_phone }: Pick<Requester, 'telegram_user_id' | 'first_name' | 'last_name' | 'email' | 'contact_phone'>): Parameters<Zendesk['user']>[0] {
  return {
    external_id: `telegram:${telegram_user_id}`, name: [first_name, last_name].filter((part) => part !== null && part !== '').join(' ') || `Telegram ${telegram_user_id}`,
    ...(email === null ? {} : { email }), ...(contact_phone === null ? {} : { phone: contact_phone }),
  };
}

/** What Zendesk has of a ticket. */
interface There {
  /** That takes what comes; null when there is none. A closed one takes nothing. */
  readonly ticket: Found | null;
  /** Those that it goes on from, the last first. */
  readonly before: readonly number[];
}

const isClosed = ({ status }: Found): boolean => status === 'closed';

/** Of several the oldest that is open; where all are closed, the youngest. */
function thereIs(tickets: readonly Found[]): There {
  const ticket = tickets.find((one) => !isClosed(one)) ?? tickets.at(-1) ?? null;
  return { ticket, before: tickets.filter(({ id }) => id !== ticket?.id).map(({ id }) => id).reverse() };
}

export class Desk {
  readonly #zendesk: Zendesk;
  readonly #section: ZendeskSection;
  readonly #now: () => Date;
  readonly #known = new LRUCache<string, There>({ max: REMEMBERED });
  readonly #users = new LRUCache<number, number>({ max: REMEMBERED });
  #me: number | null = null;

  constructor(zendesk: Zendesk, section: ZendeskSection, now: () => Date = () => new Date()) {
    [this.#zendesk, this.#section, this.#now] = [zendesk, section, now];
  }

  async take(event: DeskEvent, context: Context): Promise<void> {
    if (event.event_type === 'message.received' && event.is_private && !this.#section.private_notes) return;
    const id = externalId(event.source.integration_id, event.ticket_id);
    const known = this.#known.get(id);
    const there = known ?? thereIs(await this.#zendesk.find(id, context.signal));
    try {
      this.#known.set(id, await this.#bring(event, { id, there }, context));
    } catch (error) {
      this.#known.delete(id);
      if (!(error instanceof Refused) || (error.status !== 404 && error.status !== 422)) throw error;
      // Deleted, closed or solved by somebody else, as Zendesk says in a user's own language: so what is there now is looked at.
      await this.#bringAgain(event, id, { there, error, context });
    }
  }

  async #bringAgain(event: DeskEvent, id: string, { there, error, context }: { readonly there: There; readonly error: Refused; readonly context: Context }): Promise<void> {
    const now = thereIs(await this.#zendesk.find(id, context.signal));
    const isGone = there.ticket !== null && now.ticket === null;
    const isAnother = isGone || (now.ticket !== null && (isClosed(now.ticket) || now.ticket.id !== there.ticket?.id));
    const isNobodys = error.status === 422 && saysOver(event, this.#section) && (now.ticket?.assignee_id ?? null) === null;
    if (!isAnother && !isNobodys) throw error;
    const again = { gone: isGone ? there.ticket : null, isToBeTaken: isNobodys && !isAnother };
    this.#known.set(id, await this.#bring(event, { id, there: now, again }, context));
  }

  /** @returns what is there then. */
  async #bring(event: DeskEvent, { id, there, again = {} }: { readonly id: string; readonly there: There; readonly again?: Again }, context: Context): Promise<There> {
    const { ticket } = there;
    if (ticket === null) return { ticket: await this.#create(event, { id, before: again.gone ?? null, again }, context), before: there.before };
    if (isImported(ticket.tags, context.position) || (await this.#isDone(event, there, context))) return there;
    const changes = await this.#changes(event, ticket, context.signal);
    // That a ticket is over says nothing new of one that is closed.
    if (changes === null || (isClosed(ticket) && event.event_type === 'status.changed' && saysOver(event, this.#section))) return there;
    if (isClosed(ticket)) return { ticket: await this.#create(event, { id, before: ticket, again }, context), before: [ticket.id, ...there.before] };
    await this.#zendesk.update(ticket.id, { ...changes, ...await this.#assigneeIf(again, changes) }, { mark: markOf(context.effectId), signal: context.signal });
    if (changes.additional_tags === undefined) return there;
    return { ...there, ticket: { ...ticket, tags: [...ticket.tags, ...changes.additional_tags], requester_id: changes.requester_id ?? ticket.requester_id } };
  }

  /** A creation that finds its ticket there has either made it, or comes after events of the ticket: the history tells. */
  async #isDone(event: DeskEvent, { ticket, before }: There, { effectId, mayBeRepeated, signal }: Context): Promise<boolean> {
    if (!mayBeRepeated && event.event_type !== 'ticket.created') return false;
    for (const id of [...(ticket === null ? [] : [ticket.id]), ...before]) if (await this.#zendesk.hasMark(id, markOf(effectId), signal)) return true;
    return false;
  }

  /** The key is of the event: tried again it makes nothing, whereas another makes a new ticket where the one before was deleted. */
  async #create(event: DeskEvent, { id, before, again }: { readonly id: string; readonly before: Found | null; readonly again: Again }, { effectId, signal }: Context): Promise<Found> {
    const { ticket, comment } = await this.#opening(event, { id, before }, signal);
    const followUp = before !== null && again.gone == null ? { via_followup_source_id: before.id } : {};
    return this.#zendesk.create({ ...ticket, ...followUp, ...await this.#assigneeIf(again, ticket) }, comment, { mark: markOf(effectId), key: keyOf(`${id}\n${effectId}`), signal });
  }

  async #opening(event: DeskEvent, { id, before }: { readonly id: string; readonly before: Found | null }, signal: AbortSignal): Promise<{ readonly ticket: NewTicket; readonly comment: ZendeskComment }> {
    const requester = before?.requester_id ?? null;
    const ticket = { external_id: id, subject: subjectOf(event.ticket_id), tags: before?.tags ?? [TAG], ...(requester === null ? {} : { requester_id: requester }) };
    if (event.event_type === 'ticket.created') {
      const { requester: own, tags } = await this.#opened(event, signal);
      const status = event.status === null ? {} : { status: statusOf(event.status, this.#section) };
      return { ticket: { ...ticket, tags: [...new Set([...ticket.tags, ...tags])], requester_id: own, ...status }, comment: openingComment(event, own, this.#now()) };
    }
    const author = ticket.tags.includes(OPENED_TAG) ? requester : null;
    const changes = event.event_type === 'message.received' ? { comment: messageComment(event, author, this.#section, this.#now()) } : this.#plain(event);
    const { comment = { body: before === null ? 'A ticket that was there before' : `Goes on from ticket ${before.id}, which is ${isClosed(before) ? 'closed' : 'deleted'}`, public: false }, status, assignee_id, group_id } = changes;
    return {
      ticket: { ...ticket, ...(status === undefined ? {} : { status }), ...(assignee_id === undefined || assignee_id === null ? {} : { assignee_id }), ...(group_id === undefined ? {} : { group_id }) },
      comment,
    };
  }

  async #assigneeIf({ isToBeTaken = false }: Again, { assignee_id }: { readonly assignee_id?: number | null }): Promise<{ readonly assignee_id?: number }> {
    if (!isToBeTaken || assignee_id !== undefined) return {};
    const me = this.#me ?? (await this.#zendesk.me())?.id;
    if (me === undefined) throw new NotNow('Zendesk does not know the user of the token', { sent: false });
    this.#me = me;
    return { assignee_id: me };
  }

  async #opened({ customer, initial_message: { message_id } }: TicketCreated, signal: AbortSignal): Promise<{ readonly requester: number; readonly tags: readonly string[] }> {
    const requester = this.#users.get(customer.telegram_user_id) ?? (await this.#zendesk.user(userOf(customer), signal));
    this.#users.set(customer.telegram_user_id, requester);
    return { requester, tags: [OPENED_TAG, ...(message_id === null ? [] : [openingTag(message_id)])] };
  }

  #plain(event: StatusChanged | AgentAssigned): Changes {
    return event.event_type === 'status.changed' ? statusChanges(event, this.#section) : assignmentChanges(event, this.#section);
  }

  /** What an event changes of a ticket that is there; null for nothing. */
  async #changes(event: DeskEvent, { tags, requester_id }: Found, signal: AbortSignal): Promise<Changes | null> {
    switch (event.event_type) {
      case 'ticket.created': {
        const { requester, tags: more } = await this.#opened(event, signal);
        return { subject: subjectOf(event.ticket_id), requester_id: requester, additional_tags: more, comment: openingComment(event, requester, this.#now()) };
      }
      case 'message.received':
        return tags.includes(openingTag(event.message_id)) && event.sender.type === 'customer' ? null : { comment: messageComment(event, tags.includes(OPENED_TAG) ? requester_id : null, this.#section, this.#now()) };
      case 'status.changed': case 'agent.assigned': {
        const changes = this.#plain(event);
        return Object.keys(changes).length === 0 ? null : changes;
      }
    }
  }
}

/** A ticket's whole history, for an import. */
export interface History {
  readonly integrationId: string;
  readonly ticketId: string;
  /** In order. */
  readonly events: readonly DeskEvent[];
  /** Where the last of them lie in the log, by partition. */
  readonly places: readonly { readonly partition: number; readonly offset: number }[];
}

/** @returns its id, or null when it is there already. */
export async function importHistory(zendesk: Zendesk, section: ZendeskSection, history: History): Promise<number | null> {
  const id = externalId(history.integrationId, history.ticketId);
  if ((await zendesk.find(id)).length > 0) return null;
  const created = history.events.find((event) => event.event_type === 'ticket.created');
  const requester = created === undefined ? null : await zendesk.user(userOf(created.customer));
  return zendesk.import(importedTicket(history, section, requester));
}

export function importedTicket({ integrationId, ticketId, events, places }: History, section: ZendeskSection, requester: number | null): Parameters<Zendesk['import']>[0] {
  const created = events.find((event) => event.event_type === 'ticket.created');
  const opening = created?.initial_message.message_id ?? null;
  // Zendesk takes no time that is still to come, which a sender's clock may give: it is as of now then.
  const now = Date.now();
  const past = (time = new Date(0)): Date => new Date(Math.min(time.getTime(), now));
  const openedAt = past(events[0]?.timestamp).toISOString();
  const comments = events.flatMap((event): ZendeskComment[] => {
    const beside = past(event.timestamp);
    const at = { created_at: beside.toISOString() };
    // The time that stands beside it the text needs not say.
    if (event.event_type === 'ticket.created') return event === created ? [{ ...openingComment(event, requester, beside), ...at }] : [];
    if (event.event_type !== 'message.received' || (event.is_private && !section.private_notes)) return [];
    return opening !== null && event.message_id === opening && event.sender.type === 'customer' ? [] : [{ ...messageComment(event, requester, section, beside), ...at }];
  });
  let last: Changes = created?.status == null ? {} : { status: statusOf(created.status, section) };
  let solvedAt: string | undefined;
  for (const event of events) {
    if (event.event_type === 'status.changed') {
      last = { ...last, ...statusChanges(event, section) };
      solvedAt = last.status === 'solved' || last.status === 'closed' ? past(event.timestamp).toISOString() : undefined;
    } else if (event.event_type === 'agent.assigned') last = { ...last, ...assignmentChanges(event, section) };
  }
  const { status, assignee_id, group_id } = last;
  return {
    external_id: externalId(integrationId, ticketId), subject: subjectOf(ticketId),
    tags: [TAG, ...(created === undefined ? [] : [OPENED_TAG]), ...(opening === null ? [] : [openingTag(opening)]), ...places.map(({ partition, offset }) => placeTag(partition, offset))],
    created_at: openedAt,
    comments: comments.length > 0 ? comments : [{ body: 'A ticket without a message', public: false, created_at: openedAt }],
    ...(requester === null ? {} : { requester_id: requester }), ...(status === undefined ? {} : { status }), ...(solvedAt === undefined ? {} : { solved_at: solvedAt }),
    ...(assignee_id === undefined || assignee_id === null ? {} : { assignee_id }), ...(group_id === undefined ? {} : { group_id }),
  };
}
