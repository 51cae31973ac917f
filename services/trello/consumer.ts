// Brings every ticket to a card on the integration's Trello board: what happens to the ticket happens to its card. How it stays
// one card and one comment each, whatever crashes, says the README.
import type { EventOf } from '../../schemas/events.ts';
import { ticketEvents } from '../../schemas/events.ts';
import { defineDestination } from '../destinations/consumer.ts';
import { NotNow, Refused } from '../destinations/failures.ts';
import type { Logger } from '../runtime/logger.ts';
import type { FieldItem } from './api.ts';
import { Board, type HeldCard, type OurField } from './board.ts';
import { remembering, shownBy, written, type CardEvent, type Identity, type Memory, type Shown } from './memory.ts';
import { section } from './section.ts';
import { assignmentComments, descriptionOf, descriptionWithoutCreation, messageComments, nameOfCard, nameWithoutCreation, type Comment } from './texts.ts';

type Files = EventOf<'message.received'>['content']['files'];

/** An event on its way to its card. */
interface Work {
  readonly board: Board;
  readonly ticket: Identity;
  readonly effectId: string;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

const LONGEST_FILE_NAME = 250;

export const consumer = defineDestination(ticketEvents, {
  name: 'trello',
  section,
  events: ['ticket.created', 'message.received', 'agent.assigned', 'status.changed'],
  connect: (place) => new Board(place),
  async handle(event, { destination: board, effectId, signal, logger, ownedSince }) {
    if (event.event_type === 'message.received' && event.is_private && !board.section.private_notes) return;
    const ticket = { integrationId: event.source.integration_id, ticketId: event.ticket_id };
    const work: Work = { board, ticket, effectId, signal, logger };
    await board.use(ticket, { ownedSince, eventAt: event.timestamp, signal }, async (found) => {
      try {
        await bring(event, found ?? await createFor(event, work), { ...work, isNew: found === null });
      } catch (error) {
        board.forget(ticket);
        if (!(error instanceof Refused)) throw error;
        await board.assertOpen();
        if (error.status !== 404) throw error;
        board.isGone(ticket);
        throw new NotNow(`${error.message}: the card is gone; the ticket gets another`, { sent: false });
      }
    });
  },
});

/** Also for an event whose ticket's creation never came, or comes later. */
function createFor(event: CardEvent, { board, ticket, signal }: Work): Promise<HeldCard> {
  const memory = remembering({ ...ticket, events: [] }, event);
  const isCreation = event.event_type === 'ticket.created';
  return board.create(memory, {
    shown: shownBy(memory),
    name: isCreation ? nameOfCard(ticket, event) : nameWithoutCreation(ticket),
    desc: isCreation ? descriptionOf(ticket, event, board.section) : descriptionWithoutCreation(ticket, board.section),
  }, signal);
}

/** What the event adds comes first; that the card remembers it, last: begun again, it adds what is still missing. */
async function bring(event: CardEvent, card: HeldCard, work: Work & { readonly isNew: boolean }): Promise<void> {
  const before = shownBy(card.memory);
  const memory = remembering(card.memory, event);
  const after = shownBy(memory);
  switch (event.event_type) {
    case 'ticket.created':
      if (!work.isNew) await describe(event, card, work);
      await attach(event.initial_message.files, card, work);
      break;
    case 'message.received':
      await comment(messageComments(work.effectId, event), card, work);
      await attach(event.content.files, card, work);
      break;
    case 'agent.assigned':
      await assign(event, { card, after, work });
      break;
    case 'status.changed': break;
  }
  if (!work.isNew && after.statusKey !== before.statusKey) await work.board.move(card, after, work.signal);
  await remember(event, { card, memory, after, work });
}

/** A creation that comes after other events fills in the card, unless somebody has written there meanwhile. */
async function describe(event: EventOf<'ticket.created'>, { id, name, desc }: HeldCard, { board, ticket, signal }: Work): Promise<void> {
  const change = {
    ...(name.trim() === nameWithoutCreation(ticket) ? { name: nameOfCard(ticket, event) } : {}),
    ...(desc.trim() === descriptionWithoutCreation(ticket, board.section).trim() ? { desc: descriptionOf(ticket, event, board.section) } : {}),
  };
  if (Object.keys(change).length > 0) await board.trello.updateCard(id, change, signal);
}

async function comment(comments: readonly Comment[], card: HeldCard, { board, signal }: Work): Promise<void> {
  for (const { mark, text } of comments) {
    if (card.marks.has(mark)) continue;
    await board.trello.comment(card.id, text, signal);
    card.marks.add(mark);
  }
}

async function attach(files: Files, card: HeldCard, { board, signal, logger }: Work): Promise<void> {
  for (const { file_url: url, file_name: name } of files) {
    if (url === null || !/^https?:\/\//i.test(url) || card.urls.has(url)) continue;
    try {
      await board.trello.attach(card.id, { url, name: (name ?? url).slice(0, LONGEST_FILE_NAME) }, signal);
    } catch (error) {
      // An address that Trello does not like costs the link, not the message, which names the file.
      if (!(error instanceof Refused) || error.status !== 400) throw error;
      await board.assertOpen();
      logger.warn({ error: error.message }, 'file not attached');
    }
    card.urls.add(url);
  }
}

async function assign(event: EventOf<'agent.assigned'>, { card, after, work }: { card: HeldCard; after: Shown; work: Work }): Promise<void> {
  const { board, effectId, signal } = work;
  if (await board.memberOf(event.assignee.agent_id ?? '') === null) await comment(assignmentComments(effectId, event), card, work);
  // Whom the ticket belongs to now, whatever this event says: it may be late.
  const member = await board.memberOf(after.assigneeId);
  if (member !== null && !card.members.has(member)) {
    await board.trello.addMember(card.id, member, signal);
    card.members.add(member);
  }
  for (const other of await board.mappedMembers()) {
    if (other === member || !card.members.has(other)) continue;
    await board.trello.removeMember(card.id, other, signal);
    card.members.delete(other);
  }
}

interface Remembered {
  readonly card: HeldCard;
  readonly memory: Memory;
  readonly after: Shown;
  readonly work: Work;
}

/** Writes our fields where they differ, as far as the board has them; those of another board aren't ours to write. */
async function remember(event: CardEvent, { card, memory, after, work: { board, signal } }: Remembered): Promise<void> {
  const wanted: Readonly<Partial<Record<OurField, string>>> = {
    ...(event.event_type === 'ticket.created' ? { telegramUserId: String(event.customer.telegram_user_id) } : {}),
    status: after.status,
    ...(after.firstResponseSeconds === null ? {} : { firstResponse: String(after.firstResponseSeconds) }),
    memory: written(memory),
  };
  const items: FieldItem[] = [];
  for (const [key, field] of card.isOnBoard ? await board.fields() : []) {
    const value = wanted[key];
    if (value === undefined || card.values.get(field.id) === value) continue;
    items.push({ idCustomField: field.id, value: field.type === 'number' ? { number: value } : { text: value } });
    card.values.set(field.id, value);
  }
  if (items.length > 0) await board.setFields(card, items, signal);
  card.memory = memory;
}
