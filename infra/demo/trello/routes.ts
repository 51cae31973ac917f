// What Trello's REST API answers to the requests that bring tickets to a board. Texts of refusals are Trello's own.
import { objectId, type StoredBoard, type StoredCard, type TrelloStore } from './store.ts';

export interface TrelloRequest {
  readonly method: string;
  /** Without the version before it. */
  readonly path: string;
  /** Of the query and the body together, as Trello takes them. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface TrelloAnswer {
  readonly status: number;
  readonly body: unknown;
}

const LONGEST = 16_384;
const MOST = 1_000;
const ok = (body: unknown): TrelloAnswer => ({ status: 200, body });
const invalid = (name: string): TrelloAnswer => ({ status: 400, body: `invalid value for ${name}` });
export const notFound: TrelloAnswer = { status: 404, body: 'The requested resource was not found.' };

const textOf = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '');

/** An id, or a time, as the 24 digits that an object of then begins with. */
function asId(bound: string): string {
  if (/^[0-9a-f]{24}$/.test(bound)) return bound;
  return `${Math.floor(Date.parse(bound) / 1_000).toString(16).padStart(8, '0')}${'0'.repeat(16)}`;
}

/** The newest of what lies between `since` and `before`; `limit` of them at most. */
function page<T extends { readonly id: string }>(items: readonly T[], { since, before, limit }: TrelloRequest['values']): T[] {
  const [from, to] = [textOf(since), textOf(before)];
  return items.filter(({ id }) => (from === '' || id >= asId(from)) && (to === '' || id < asId(to)))
    .sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, Math.min(MOST, Number(textOf(limit)) || MOST));
}

const comments = (card: StoredCard) => card.comments.map(({ id, text, date }) => ({ id, type: 'commentCard', date, data: { text, card: { id: card.id } } }));
const fieldItems = (card: StoredCard) => [...card.values].map(([idCustomField, value]) => ({ id: objectId(), idCustomField, value, idModel: card.id, modelType: 'card' }));

function show(card: StoredCard, asked: TrelloRequest['values']) {
  const { id, idBoard, idList, name, desc, closed, idMembers, attachments } = card;
  return {
    id, idBoard, idList, name, desc, closed, idMembers,
    ...(textOf(asked['customFieldItems']) === 'true' ? { customFieldItems: fieldItems(card) } : {}),
    ...(textOf(asked['attachments']) === 'true' ? { attachments } : {}),
    ...(textOf(asked['actions']) === 'commentCard' ? { actions: page(comments(card), { limit: asked['actions_limit'] ?? 50 }) } : {}),
  };
}

/** As far as one asks for them here. */
function actionsOf(store: TrelloStore, board: StoredBoard): { id: string; type: string; data: object }[] {
  const moves = (type: string, all: StoredBoard['moved']) => all.map(({ id, card }) => ({ id, type, data: { card: { id: card } } }));
  return [...moves('moveCardFromBoard', board.moved), ...moves('moveCardToBoard', board.arrived ?? []), ...store.cardsOf(board).flatMap(comments)];
}

type Route = readonly [method: string, path: RegExp, answer: (store: TrelloStore, ids: readonly string[], values: TrelloRequest['values']) => TrelloAnswer];

function changeCard(store: TrelloStore, card: StoredCard, values: TrelloRequest['values']): TrelloAnswer {
  const { idList, name, desc, closed } = values;
  if (idList !== undefined) {
    const list = store.lists.get(textOf(idList));
    if (list === undefined || list.closed) return invalid('idList');
    card.idList = list.id;
  }
  if (textOf(desc).length > LONGEST) return invalid('desc');
  if (name !== undefined) card.name = textOf(name);
  if (desc !== undefined) card.desc = textOf(desc);
  if (closed !== undefined) card.closed = textOf(closed) === 'true';
  return ok(show(card, {}));
}

function createCard(store: TrelloStore, values: TrelloRequest['values']): TrelloAnswer {
  const list = store.lists.get(textOf(values['idList']));
  if (isClosed(store, list?.idBoard)) return boardIsClosed;
  if (list === undefined || list.closed) return invalid('idList');
  if (textOf(values['name']).length > LONGEST) return invalid('name');
  if (textOf(values['desc']).length > LONGEST) return invalid('desc');
  const card = store.addCard(list, textOf(values['name']), textOf(values['desc']));
  return ok(show(card, {}));
}

function setFields(store: TrelloStore, card: StoredCard, items: unknown): TrelloAnswer {
  if (!Array.isArray(items)) return invalid('customFieldItems');
  const updates = items as readonly { idCustomField: string; value: { text?: string; number?: string } }[];
  for (const { idCustomField, value } of updates) {
    const field = store.fields.get(idCustomField);
    if (field?.idModel !== card.idBoard) return { status: 400, body: 'Invalid custom field item' };
    if (typeof (field.type === 'number' ? value.number : value.text) !== 'string') return { status: 400, body: 'Invalid custom field item value' };
  }
  for (const { idCustomField, value } of updates) card.values.set(idCustomField, value);
  return ok(fieldItems(card));
}

function addComment(card: StoredCard, text: string): TrelloAnswer {
  if (text === '' || text.length > LONGEST) return invalid('text');
  const comment = { id: objectId(), text, date: new Date().toISOString() };
  card.comments.push(comment);
  return ok({ id: comment.id, type: 'commentCard', date: comment.date, data: { text, card: { id: card.id, name: card.name } } });
}

function attach(card: StoredCard, url: string, name: string): TrelloAnswer {
  if (!/^https?:\/\/[^\s/]+/.test(url)) return invalid('url');
  const attachment = { id: objectId(), url, name };
  card.attachments.push(attachment);
  return ok(attachment);
}

function addMember(store: TrelloStore, card: StoredCard, member: string): TrelloAnswer {
  if (store.boards.get(card.idBoard)?.members.some(({ id }) => id === member) !== true) return invalid('value');
  if (card.idMembers.includes(member)) return { status: 400, body: 'member is already on the card' };
  card.idMembers.push(member);
  return ok([]);
}

const boardIsClosed: TrelloAnswer = { status: 400, body: 'board is closed' };
const isClosed = (store: TrelloStore, idBoard: string | undefined): boolean => store.boards.get(idBoard ?? '')?.closed === true;

const onBoard = (answer: (store: TrelloStore, board: NonNullable<ReturnType<TrelloStore['board']>>, values: TrelloRequest['values']) => TrelloAnswer): Route[2] =>
  (store, [id = ''], values) => {
    const board = store.board(id);
    return board === undefined ? notFound : answer(store, board, values);
  };
const onCard = (answer: (store: TrelloStore, card: StoredCard, values: TrelloRequest['values'], ids: readonly string[]) => TrelloAnswer): Route[2] =>
  (store, [id = '', ...ids], values) => {
    const card = store.cards.get(id);
    return card === undefined ? notFound : answer(store, card, values, ids);
  };
const onOpenCard = (answer: Parameters<typeof onCard>[0]): Route[2] =>
  onCard((store, card, values, ids) => (isClosed(store, card.idBoard) ? boardIsClosed : answer(store, card, values, ids)));

const routes: readonly Route[] = [
  ['GET', /^\/members\/me$/, () => ok({ id: '5f0000000000000000000001', username: 'ticketstream' })],
  ['GET', /^\/boards\/(\w+)$/, onBoard((_store, { id, name, closed, shortLink }) => ok({ id, name, closed, url: `https://trello.com/b/${shortLink}` }))],
  ['GET', /^\/boards\/(\w+)\/lists$/, onBoard((store, board) => ok(store.listsOf(board)))],
  ['GET', /^\/boards\/(\w+)\/customFields$/, onBoard((store, board) => ok(store.fieldsOf(board)))],
  ['GET', /^\/boards\/(\w+)\/members$/, onBoard((_store, { members }) => ok(members))],
  ['GET', /^\/boards\/(\w+)\/cards\/all$/, onBoard((store, board, values) => ok(page(store.cardsOf(board), values).map((card) => show(card, values))))],
  ['GET', /^\/boards\/(\w+)\/actions$/, onBoard((store, board, values) => ok(page(actionsOf(store, board).filter(({ type }) => textOf(values['filter']).split(',').includes(type)), values)))],
  ['POST', /^\/lists$/, (store, _ids, { idBoard, name }) => {
    const board = store.board(textOf(idBoard));
    return board === undefined ? invalid('idBoard') : ok(store.addList(board, textOf(name)));
  }],
  ['POST', /^\/customFields$/, (store, _ids, { idModel, name, type }) => {
    const board = store.board(textOf(idModel));
    return board === undefined ? invalid('idModel') : ok(store.addField(board, textOf(name), textOf(type)));
  }],
  ['POST', /^\/cards$/, (store, _ids, values) => createCard(store, values)],
  ['GET', /^\/cards\/(\w+)$/, onCard((_store, card, values) => ok(show(card, values)))],
  ['PUT', /^\/cards\/(\w+)$/, onOpenCard(changeCard)],
  ['GET', /^\/cards\/(\w+)\/actions$/, onCard((_store, card, values) => ok(page(comments(card), values)))],
  ['POST', /^\/cards\/(\w+)\/actions\/comments$/, onOpenCard((_store, card, { text }) => addComment(card, textOf(text)))],
  ['POST', /^\/cards\/(\w+)\/attachments$/, onOpenCard((_store, card, { url, name }) => attach(card, textOf(url), textOf(name)))],
  ['PUT', /^\/cards\/(\w+)\/customFields$/, onOpenCard((store, card, { customFieldItems }) => setFields(store, card, customFieldItems))],
  ['POST', /^\/cards\/(\w+)\/idMembers$/, onOpenCard((store, card, { value }) => addMember(store, card, textOf(value)))],
  ['DELETE', /^\/cards\/(\w+)\/idMembers\/(\w+)$/, onOpenCard((_store, card, _values, [member = '']) => {
    if (!card.idMembers.includes(member)) return notFound;
    card.idMembers.splice(card.idMembers.indexOf(member), 1);
    return ok([]);
  })],
];

export function answerTo(store: TrelloStore, { method, path, values }: TrelloRequest): TrelloAnswer {
  for (const [wanted, pattern, answer] of routes) {
    const found = wanted === method ? pattern.exec(path) : null;
    if (found !== null) return answer(store, found.slice(1), values);
  }
  return { status: 404, body: `Cannot ${method} /1${path}` };
}
