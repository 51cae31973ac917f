// Many cards that a process knows nothing of, as after a restart with a backlog: a read for each would cost more than reading the
// board in pages. So after as many single reads as the pages would cost, all cards of the board are read at once, with the comments
// that the events at hand may have: none is older than its event. What a card looked like while it was written to is not taken.
import { groupBy } from '../runtime/group-by.ts';
import type { Logger } from '../runtime/logger.ts';
import { Refused } from '../destinations/failures.ts';
import { madeAt, PAGE, type BoardAction, type Card, type Comment, type Trello } from './api.ts';

export interface ReadCard {
  readonly card: Card;
  readonly comments: readonly Comment[];
  /** From when on its comments are known. */
  readonly commentsSince: number;
  /** When this was true. */
  readonly asOf: number;
}

export interface ManyCardsOptions {
  readonly trello: Trello;
  readonly boardId: () => Promise<string>;
  /** How many cards the board has, as far as that is known. */
  readonly count: () => number;
  readonly onBegin: () => void;
  readonly onRead: (cards: readonly ReadCard[]) => Promise<void>;
  readonly logger: Logger;
}

/** Single reads that are cheaper than anything else. */
const FEW = 10;
/** A CRM's clock may be ahead of Trello's by as much, and a comment still found. */
const CLOCKS_MS = 24 * 3_600_000;

/** The earliest time that a comment of the event can have. */
export const commentsFrom = (eventAt: Date): number => eventAt.getTime() - CLOCKS_MS;
/** Where a board has more comments since then, those of fewer days are known. */
const MOST_PAGES = 100;

export class ManyCards {
  readonly #options: ManyCardsOptions;
  #singles = 0;
  #oldest = Infinity;
  #begunAt = 0;
  #reading: Promise<void> | null = null;

  constructor(options: ManyCardsOptions) {
    this.#options = options;
  }

  get isReading(): boolean {
    return this.#reading !== null;
  }

  /**
   * To be called before a card is read by itself; resolves at once or when all have been taken.
   * @param since what was read before then is of no use. @param eventAt of the event for which the card is read.
   */
  async beforeSingleRead(since: number, eventAt: Date): Promise<void> {
    this.#oldest = Math.min(this.#oldest, commentsFrom(eventAt));
    if (this.#reading === null) {
      const isWorthIt = this.#begunAt < since && ++this.#singles > Math.max(FEW, Math.ceil(this.#options.count() / PAGE));
      if (!isWorthIt) return;
      this.#reading = this.#readAll().finally(() => {
        this.#reading = null;
      });
    }
    await this.#reading;
  }

  async #readAll(): Promise<void> {
    const { trello, boardId, onBegin, onRead, logger } = this.#options;
    const [begun, oldest] = [Date.now(), this.#oldest];
    this.#singles = 0;
    onBegin();
    try {
      const board = await boardId();
      const cards = await this.#pages<Card>((before) => trello.wholeCards(board, before));
      const { actions, since } = await this.#actions(board, oldest);
      const comments = groupBy(actions.filter(({ type }) => type === 'commentCard'), ({ data }) => data.card?.id ?? '');
      // Whose comments were made on another board.
      const arrived = new Set(actions.filter(({ type }) => type === 'moveCardToBoard').map(({ data }) => data.card?.id));
      await onRead(cards.filter(({ id }) => !arrived.has(id)).map((card) => ({ card, comments: comments.get(card.id) ?? [], commentsSince: since, asOf: begun })));
      [this.#begunAt, this.#oldest] = [begun, Infinity];
      logger.info({ board, cards: cards.length, comments: actions.length, comments_since: new Date(since).toISOString() }, 'many cards are met: all were read');
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // Each by itself, then.
      this.#begunAt = Infinity;
      logger.warn({ error: error.message }, 'the board’s cards can’t be read in pages');
    }
  }

  async #actions(board: string, oldest: number): Promise<{ readonly actions: readonly BoardAction[]; readonly since: number }> {
    const { trello } = this.#options;
    const actions = await this.#pages((before) => trello.history(board, { since: new Date(oldest).toISOString(), before }), MOST_PAGES);
    const isCut = actions.length === MOST_PAGES * PAGE;
    return { actions, since: isCut ? madeAt(actions.at(-1)?.id ?? '') + 1_000 : oldest };
  }

  /** The newest first, as Trello gives them. */
  async #pages<T extends { readonly id: string }>(read: (before: string | undefined) => Promise<T[]>, most = Infinity): Promise<T[]> {
    const all: T[] = [];
    for (let count = 0, before: string | undefined; count < most; count++) {
      const page = await read(before);
      all.push(...page);
      if (page.length < PAGE) break;
      before = page.map(({ id }) => id).sort()[0];
    }
    return all;
  }
}
