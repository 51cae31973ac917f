// An integration's board: its lists, fields and members, and the cards of its tickets with what we know of each.
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Place } from '../destinations/consumer.ts';
import { NotNow, Refused } from '../destinations/failures.ts';
import { lastMarkIn } from '../destinations/marks.ts';
import type { Logger } from '../runtime/logger.ts';
import { statusKey, type Category } from '../ticket/desk/status.ts';
import { PAGE, Trello, type Field, type FieldItem, type Named } from './api.ts';
import { Cached } from './cached.ts';
import { IndexOfCards, markOn } from './index-of-cards.ts';
import { commentsFrom, ManyCards, type ReadCard } from './many-cards.ts';
import { readMemory, type Identity, type Memory, type Shown } from './memory.ts';
import type { TrelloSection } from './section.ts';
import { markOfTicket, NO_CREATION } from './texts.ts';

/** Fields that we make and write; all others are people's. */
export const fieldsOfOurs = {
  telegramUserId: { name: 'telegram_user_id', type: 'number', display_cardFront: false },
  status: { name: 'Ticket Status', type: 'text', display_cardFront: true },
  firstResponse: { name: 'First Response Time', type: 'number', display_cardFront: true },
  memory: { name: 'Ticketstream', type: 'text', display_cardFront: false },
} as const;
export type OurField = keyof typeof fieldsOfOurs;

export const defaultLists: Readonly<Record<Category, string>> = {
  new: 'New', open: 'Open', pending: 'Pending', on_hold: 'On hold', solved: 'Solved', closed: 'Closed', discarded: 'Discarded',
};

/** What we know of a ticket's card. */
export interface HeldCard {
  readonly id: string;
  readonly isOnBoard: boolean;
  readonly name: string;
  /** Only while it says that the creation has not come: nothing else of it is asked for. */
  readonly desc: string;
  /** Of our comments on it. */
  readonly marks: Set<string>;
  /** From when on they are known; 0 when all are. */
  readonly marksSince: number;
  readonly urls: Set<string>;
  readonly members: Set<string>;
  /** By id of the field. */
  readonly values: Map<string, string>;
  memory: Memory;
  /** When this was true. */
  readonly asOf: number;
}

/** As long as a process that has lost a partition may take to notice, and its last request to arrive. */
const SETTLE_MS = 2_000;
const MOST_CARDS = 10_000;

export class Board {
  readonly trello: Trello;
  readonly section: TrelloSection;
  readonly #logger: Logger;
  readonly #index: IndexOfCards;
  readonly #held = new LRUCache<string, HeldCard>({ max: MOST_CARDS });
  readonly #many: ManyCards;
  /** How many events are being brought to the card of a ticket. */
  readonly #inUse = new Map<string, number>();
  /** Of tickets that were in use while many cards were read: what was read of theirs may be older than what was written. */
  #touched = new Set<string>();
  readonly #id: Cached<string>;
  readonly #lists: Cached<Named[]>;
  readonly #fields: Cached<ReadonlyMap<OurField, Field>>;
  readonly #members: Cached<ReadonlyMap<string, string>>;
  readonly #warned = new Set<string>();

  constructor(place: Place<TrelloSection>) {
    const { section, logger } = place;
    this.trello = new Trello(place);
    this.section = section;
    this.#logger = logger;
    this.#id = new Cached(() => this.assertOpen());
    this.#lists = new Cached(async () => ofTheBoard(this.trello.lists(await this.#id.get())));
    this.#fields = new Cached(async () => this.#readFields());
    this.#members = new Cached(async () => this.#readMembers());
    const boardId = (): Promise<string> => this.#id.get();
    this.#index = new IndexOfCards({ trello: this.trello, logger, boardId, memoryField: () => this.#memoryField() });
    this.#many = new ManyCards({
      trello: this.trello, logger, boardId, count: () => this.#index.size,
      onBegin: () => {
        this.#touched = new Set(this.#inUse.keys());
      },
      onRead: (cards) => this.#takeMany(cards),
    });
  }

  id = (): Promise<string> => this.#id.get();
  fields = (): Promise<ReadonlyMap<OurField, Field>> => this.#fields.get();

  /** Brings an event to the ticket's card as it is now; null when it has none. */
  async use<T>(ticket: Identity, at: { readonly ownedSince: Date; readonly eventAt: Date; readonly signal: AbortSignal }, bring: (card: HeldCard | null) => Promise<T>): Promise<T> {
    const card = await this.#find(ticket, at);
    const mark = markOfTicket(ticket);
    // Without a field, or after somebody emptied it, a card remembers nothing, not even whose it is.
    if (card?.memory.events.length === 0) card.memory = { ...ticket, events: [] };
    this.#inUse.set(mark, (this.#inUse.get(mark) ?? 0) + 1);
    if (this.#many.isReading) this.#touched.add(mark);
    try {
      return await bring(card);
    } finally {
      const others = (this.#inUse.get(mark) ?? 1) - 1;
      if (others === 0) this.#inUse.delete(mark);
      else this.#inUse.set(mark, others);
    }
  }

  async #find(ticket: Identity, { ownedSince, eventAt, signal }: { readonly ownedSince: Date; readonly eventAt: Date; readonly signal: AbortSignal }): Promise<HeldCard | null> {
    const settledAt = ownedSince.getTime() + SETTLE_MS;
    // Until then the partition's owner before may still be at work.
    await sleep(Math.max(0, settledAt - Date.now()), undefined, { signal });
    const mark = markOfTicket(ticket);
    const known = (): HeldCard | undefined => {
      const held = this.#held.get(mark);
      return held !== undefined && held.asOf >= settledAt && held.marksSince <= commentsFrom(eventAt) ? held : undefined;
    };
    const held = known();
    if (held !== undefined) return held;
    const id = await ofTheBoard(this.#index.find(mark, settledAt));
    if (id === undefined) return null;
    await ofTheBoard(this.#many.beforeSingleRead(settledAt, eventAt));
    const read = known();
    if (read !== undefined) return read;
    try {
      return this.#hold(mark, await this.#load(id, signal));
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) throw error;
      this.isGone(ticket);
      return null;
    }
  }

  async create(memory: Memory, { name, desc, shown }: { name: string; desc: string; shown: Shown }, signal: AbortSignal): Promise<HeldCard> {
    const mark = markOfTicket(memory);
    const asOf = Date.now();
    const idList = await this.listOf(shown) ?? await this.#firstList();
    try {
      const { id } = await this.trello.createCard({ idList, name, desc }, signal);
      this.#index.add(mark, id);
      return this.#hold(mark, { id, isOnBoard: true, name, desc, marks: new Set(), marksSince: -Infinity, urls: new Set(), members: new Set(), values: new Map(), memory: { ...memory, events: [] }, asOf });
    } catch (error) {
      // It may be there for all that.
      this.#index.mayBeBehind();
      throw error instanceof Refused && error.status === 404 ? notTheEvents(error) : this.#afterListChange(error);
    }
  }

  async move(card: HeldCard, shown: Shown, signal: AbortSignal): Promise<void> {
    const idList = card.isOnBoard ? await this.listOf(shown) : null;
    if (idList === null) return;
    await this.trello.updateCard(card.id, { idList }, signal).catch((error: unknown) => {
      throw this.#afterListChange(error);
    });
  }

  /** Writes fields; that one of them was deleted or is of another type costs the fields, not the event. */
  async setFields(card: HeldCard, items: readonly FieldItem[], signal: AbortSignal): Promise<void> {
    try {
      await this.trello.setFields(card.id, items, signal);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 400) throw error;
      await this.assertOpen();
      if (this.#fields.forget()) throw new NotNow(error.message, { sent: false });
      this.warnOnce(`the fields are not written: ${error.message.replaceAll(card.id, '…')}`);
    }
  }

  /** @returns the board's id. @throws NotNow when there is no such board, or somebody closed it: that is no event's fault. */
  async assertOpen(): Promise<string> {
    const { id, name, closed } = await ofTheBoard(this.trello.board(this.section.board));
    if (closed) throw new NotNow(`Trello: the board "${name}" is closed: reopen it, or name another in the section`, { sent: false });
    return id;
  }

  /** Something of it failed: what is known of the card may be wrong. */
  forget(ticket: Identity): void {
    this.#held.delete(markOfTicket(ticket));
  }

  /** Somebody deleted it: the ticket's next event makes another. */
  isGone(ticket: Identity): void {
    this.forget(ticket);
    this.#index.remove(markOfTicket(ticket));
  }

  /** By status, else by category, as configured or by the usual names; null when the board has no such list: the card stays where it is. */
  async listOf({ statusKey: key, category }: Pick<Shown, 'statusKey' | 'category'>): Promise<string | null> {
    const wanted = this.listNameOf(key, category);
    const list = (await this.#lists.get()).find(({ id, name }) => id === wanted || statusKey(name) === statusKey(wanted));
    if (list === undefined) this.warnOnce(`the board has no list "${wanted}", so cards whose status is ${category} stay where they are`);
    return list?.id ?? null;
  }

  listNameOf(key: string, category: Category): string {
    const configured = new Map(Object.entries(this.section.lists ?? {}).map(([name, list]) => [statusKey(name), list]));
    return configured.get(key) ?? configured.get(statusKey(category)) ?? defaultLists[category];
  }

  /** The member that an agent is, if the section says so and the board has it. */
  async memberOf(agentId: string): Promise<string | null> {
    const named = this.section.members?.[agentId];
    if (named === undefined) return null;
    const id = (await this.#members.get()).get(named.toLowerCase().replace(/^@/, ''));
    if (id === undefined) this.warnOnce(`the board has no member "${named}"`);
    return id ?? null;
  }

  /** All members whom we may put on a card and take off again. */
  async mappedMembers(): Promise<Set<string>> {
    const ids = await Promise.all(Object.keys(this.section.members ?? {}).map((agentId) => this.memberOf(agentId)));
    return new Set(ids.filter((id) => id !== null));
  }

  warnOnce(problem: string): void {
    if (this.#warned.has(problem)) return;
    this.#warned.add(problem);
    this.#logger.warn({ board: this.section.board }, problem);
  }

  #hold(mark: string, card: HeldCard): HeldCard {
    this.#held.set(mark, card);
    return card;
  }

  async #load(id: string, signal: AbortSignal): Promise<HeldCard> {
    const asOf = Date.now();
    const card = await this.trello.card(id, signal);
    const comments = [...card.actions ?? []];
    for (let last = comments; last.length === PAGE;) {
      last = [...await this.trello.moreComments(id, last.at(-1)?.id ?? '', signal)];
      comments.push(...last);
    }
    const isOnBoard = card.idBoard === await this.#id.get();
    return heldCard({ card, comments, commentsSince: -Infinity, asOf }, { field: await this.#memoryField(), isOnBoard });
  }

  /** Without those that were in use meanwhile, and no more than there is room for. */
  async #takeMany(cards: readonly ReadCard[]): Promise<void> {
    const field = await this.#memoryField();
    for (const read of cards) {
      const mark = markOn(read.card, field);
      if (mark === null || !this.#index.isOf(mark, read.card.id) || this.#touched.has(mark)) continue;
      if (!this.#held.has(mark) && this.#held.size >= MOST_CARDS) return;
      this.#hold(mark, heldCard(read, { field, isOnBoard: true }));
    }
  }

  async #memoryField(): Promise<string | null> {
    return (await this.#fields.get()).get('memory')?.id ?? null;
  }

  async #readFields(): Promise<ReadonlyMap<OurField, Field>> {
    const all = await ofTheBoard(this.trello.fields(await this.#id.get()));
    const keys = Object.keys(fieldsOfOurs) as OurField[];
    return new Map(keys.flatMap((key) => {
      const { name } = fieldsOfOurs[key];
      const field = all.find((candidate) => statusKey(candidate.name) === statusKey(name));
      return field === undefined ? [] : [[key, field] as const];
    }));
  }

  async #readMembers(): Promise<ReadonlyMap<string, string>> {
    const members = await ofTheBoard(this.trello.members(await this.#id.get()));
    return new Map(members.flatMap(({ id, username }) => [[id.toLowerCase(), id], [username.toLowerCase(), id]]));
  }

  async #firstList(): Promise<string> {
    const [first] = await this.#lists.get();
    if (first === undefined) throw new NotNow('Trello: the board has no list', { sent: false });
    return first.id;
  }

  /** A list that was there may have been archived meanwhile: read again, the card goes elsewhere. */
  #afterListChange(error: unknown): unknown {
    if (!(error instanceof Refused) || !/idList/i.test(error.said) || !this.#lists.forget()) return error;
    return new NotNow(error.message, { sent: false });
  }
}

/** That there is no such board is no event's fault: all wait until a person mends it. */
const notTheEvents = ({ message }: Refused): NotNow => new NotNow(`${message}: is the section's board right? (npm run trello -- check)`, { sent: false });

const ofTheBoard = <T>(answer: Promise<T>): Promise<T> => answer.catch((error: unknown) => {
  throw error instanceof Refused ? notTheEvents(error) : error;
});

function heldCard({ card, comments, commentsSince, asOf }: ReadCard, { field, isOnBoard }: { readonly field: string | null; readonly isOnBoard: boolean }): HeldCard {
  const values = new Map((card.customFieldItems ?? []).map(({ idCustomField, value }) => [idCustomField, value?.text ?? value?.number ?? '']));
  return {
    id: card.id, asOf, values, isOnBoard, name: card.name,
    desc: card.desc.startsWith(NO_CREATION) ? card.desc : '',
    marks: new Set(comments.flatMap(({ data }) => lastMarkIn(data.text ?? '') ?? [])), marksSince: commentsSince,
    urls: new Set((card.attachments ?? []).map(({ url }) => url)),
    members: new Set(card.idMembers),
    memory: readMemory(values.get(field ?? '')) ?? { integrationId: '', ticketId: '', events: [] },
  };
}
