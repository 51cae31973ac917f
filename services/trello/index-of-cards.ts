// Which card is whose. The board itself is the store: every card says its ticket from the moment it exists (the last mark of
// its description) and once more in a field of ours, which no editing of texts takes away. Here is a copy, filled once, and
// brought up to date by what was made since: with each assignment, since another process may have made cards until then,
// and after a creation whose answer was lost.
import type { Logger } from '../runtime/logger.ts';
import { Refused } from '../destinations/failures.ts';
import { madeAt, PAGE, type IndexedCard, type Trello } from './api.ts';
import { readMemory } from './memory.ts';
import { markOfDescription, markOfTicket } from './texts.ts';

/** Cards of one second come in any order, and clocks differ. */
const OVERLAP_MS = 60_000;

export interface IndexOptions {
  readonly trello: Trello;
  readonly boardId: () => Promise<string>;
  /** The field in which a card says whose it is; null when the board has none. */
  readonly memoryField: () => Promise<string | null>;
  readonly logger: Logger;
}

export class IndexOfCards {
  readonly #options: IndexOptions;
  /** By mark of the ticket. */
  readonly #cards = new Map<string, string>();
  #upToDateAt = -1;
  #newest = '';
  #movesSeenSince: string | undefined;
  #refreshing: Promise<void> | null = null;

  constructor(options: IndexOptions) {
    this.#options = options;
  }

  /** @param asOf a copy from before then does not tell that there is none. */
  async find(mark: string, asOf: number): Promise<string | undefined> {
    while (!this.#cards.has(mark) && this.#upToDateAt < asOf) await this.#refreshOnce();
    return this.#cards.get(mark);
  }

  get size(): number {
    return this.#cards.size;
  }

  /** Whether it is the card of that ticket; people may have made copies of it. */
  isOf(mark: string, id: string): boolean {
    return this.#cards.get(mark) === id;
  }

  add(mark: string, id: string): void {
    this.#cards.set(mark, id);
  }

  remove(mark: string): void {
    this.#cards.delete(mark);
  }

  /** A creation may have been done although nobody said so. */
  mayBeBehind(): void {
    this.#upToDateAt = -1;
  }

  #refreshOnce(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const begun = Date.now();
    const { trello, boardId, memoryField, logger } = this.#options;
    const [board, field] = [await boardId(), await memoryField()];
    const isFirst = this.#newest === '';
    const since = isFirst ? undefined : new Date(madeAt(this.#newest) - OVERLAP_MS).toISOString();
    let count = 0;
    for (let before: string | undefined; ;) {
      const page = await trello.cards(board, { since, before });
      for (const card of page) this.#take(card, field);
      count += page.length;
      before = page.map(({ id }) => id).sort()[0];
      if (page.length < PAGE) break;
      logger.info({ board, cards: count }, 'reading the board’s cards');
    }
    await this.#takeMoved(board, field);
    this.#upToDateAt = begun;
    if (isFirst) logger.info({ board, cards: count, tickets: this.#cards.size }, 'the board’s cards are known');
  }

  #take(card: IndexedCard, field: string | null): void {
    const { id } = card;
    if (id > this.#newest) this.#newest = id;
    const mark = markOn(card, field);
    if (mark === null) return;
    const known = this.#cards.get(mark);
    // Of two, which only people can make by copying, the older.
    if (known === undefined || id < known) this.#cards.set(mark, id);
  }

  /** Cards that people moved to another board are still their tickets' cards. */
  async #takeMoved(board: string, field: string | null): Promise<void> {
    const { trello } = this.#options;
    const from = new Date(Date.now() - OVERLAP_MS).toISOString();
    const known = new Set(this.#cards.values());
    const moved = new Set((await trello.movedAway(board, this.#movesSeenSince)).flatMap(({ data }) => data.card?.id ?? []));
    for (const id of moved) {
      if (known.has(id)) continue;
      try {
        this.#take(await trello.card(id), field);
      } catch (error) {
        // Deleted there, or on a board that is none of ours.
        if (!(error instanceof Refused)) throw error;
      }
    }
    this.#movesSeenSince = from;
  }
}

/** Whose the card says it is. @param field in which it says so; null when the board has none. */
export function markOn({ desc, customFieldItems = [] }: IndexedCard, field: string | null): string | null {
  const memory = readMemory(customFieldItems.find(({ idCustomField }) => idCustomField === field)?.value?.text);
  return memory === null ? markOfDescription(desc) : markOfTicket(memory);
}
