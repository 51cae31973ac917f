// The boards of a Trello to try with: what its API keeps of lists, cards, comments, fields and members, as far as one needs it to
// bring tickets there. In memory.

export interface Comment {
  readonly id: string;
  readonly text: string;
  readonly date: string;
}
export interface StoredCard {
  readonly id: string;
  idBoard: string;
  idList: string;
  name: string;
  desc: string;
  closed: boolean;
  readonly idMembers: string[];
  readonly comments: Comment[];
  readonly attachments: { readonly id: string; readonly url: string; readonly name: string }[];
  /** By id of the field. */
  readonly values: Map<string, { text?: string; number?: string }>;
}
export interface StoredList {
  readonly id: string;
  readonly idBoard: string;
  name: string;
  closed: boolean;
}
export interface StoredField {
  readonly id: string;
  readonly idModel: string;
  readonly name: string;
  readonly type: string;
}
interface Move {
  readonly id: string;
  readonly card: string;
  readonly date: string;
}
export interface StoredBoard {
  readonly id: string;
  readonly shortLink: string;
  name: string;
  closed: boolean;
  readonly members: { readonly id: string; readonly username: string }[];
  /** Cards that people moved from here to another board. */
  readonly moved: Move[];
  /** And those that came from another. */
  arrived?: Move[];
}

let counter = Math.floor(Math.random() * 0xffffff);

/** As Trello makes them: seconds since 1970 in hexadecimal, then what makes it the only one. */
export function objectId(now = Date.now()): string {
  counter = (counter + 1) % 0xffffffffff;
  return `${Math.floor(now / 1_000).toString(16).padStart(8, '0')}${counter.toString(16).padStart(16, '0')}`;
}

export class TrelloStore {
  readonly boards = new Map<string, StoredBoard>();
  readonly lists = new Map<string, StoredList>();
  readonly cards = new Map<string, StoredCard>();
  readonly fields = new Map<string, StoredField>();

  /** As text, to go on with later. */
  written(): string {
    const maps = { boards: this.boards, lists: this.lists, cards: this.cards, fields: this.fields };
    return JSON.stringify(maps, (_key, value: unknown) => (value instanceof Map ? { map: [...value as Map<string, unknown>] } : value));
  }

  static read(text: string): TrelloStore {
    const read = JSON.parse(text, (_key, value: unknown) => {
      const { map } = (value ?? {}) as { map?: [string, unknown][] };
      return Array.isArray(map) ? new Map(map) : value;
    }) as Pick<TrelloStore, 'boards' | 'lists' | 'cards' | 'fields'>;
    const store = new TrelloStore();
    for (const [id, board] of read.boards) store.boards.set(id, board);
    for (const [id, list] of read.lists) store.lists.set(id, list);
    for (const [id, card] of read.cards) store.cards.set(id, card);
    for (const [id, field] of read.fields) store.fields.set(id, field);
    return store;
  }

  addBoard(name: string, { lists = [], members = [] }: { lists?: readonly string[]; members?: readonly string[] } = {}): StoredBoard {
    const id = objectId();
    const board = { id, shortLink: id.slice(-8), name, closed: false, members: members.map((username) => ({ id: objectId(), username })), moved: [] };
    this.boards.set(id, board);
    for (const list of lists) this.addList(board, list);
    return board;
  }

  /** By either id. */
  board(id: string): StoredBoard | undefined {
    return this.boards.get(id) ?? [...this.boards.values()].find(({ shortLink }) => shortLink === id);
  }

  addList({ id: idBoard }: StoredBoard, name: string): StoredList {
    const list = { id: objectId(), idBoard, name, closed: false };
    this.lists.set(list.id, list);
    return list;
  }

  addField({ id: idModel }: StoredBoard, name: string, type: string): StoredField {
    const field = { id: objectId(), idModel, name, type };
    this.fields.set(field.id, field);
    return field;
  }

  addCard({ id: idList, idBoard }: StoredList, name: string, desc: string): StoredCard {
    const card = { id: objectId(), idBoard, idList, name, desc, closed: false, idMembers: [], comments: [], attachments: [], values: new Map<string, { text?: string; number?: string }>() };
    this.cards.set(card.id, card);
    return card;
  }

  listsOf(board: StoredBoard): StoredList[] {
    return [...this.lists.values()].filter(({ idBoard, closed }) => idBoard === board.id && !closed);
  }

  cardsOf(board: StoredBoard): StoredCard[] {
    return [...this.cards.values()].filter(({ idBoard }) => idBoard === board.id);
  }

  fieldsOf(board: StoredBoard): StoredField[] {
    return [...this.fields.values()].filter(({ idModel }) => idModel === board.id);
  }

  /** What a card shows in a field of that name. */
  valueOf(card: StoredCard, name: string): string | undefined {
    const field = [...this.fields.values()].find((candidate) => candidate.name === name && candidate.idModel === card.idBoard);
    const value = field === undefined ? undefined : card.values.get(field.id);
    return value?.text ?? value?.number;
  }

  /** As a person does it. */
  moveToBoard(card: StoredCard, list: StoredList): void {
    const move = (): Move => ({ id: objectId(), card: card.id, date: new Date().toISOString() });
    this.boards.get(card.idBoard)?.moved.push(move());
    const to = this.boards.get(list.idBoard);
    if (to !== undefined) (to.arrived ??= []).push(move());
    card.idBoard = list.idBoard;
    card.idList = list.id;
    card.values.clear();
  }
}
