// The requests to Trello that we need, and what we read of the answers.
import type { Place } from '../destinations/consumer.ts';
import { MOST_BYTES_OF_A_PAGE, type Api } from '../destinations/http.ts';
import type { TrelloSection } from './section.ts';

export interface Named {
  readonly id: string;
  readonly name: string;
}
export interface Field extends Named {
  readonly type: string;
}
export interface Member {
  readonly id: string;
  readonly username: string;
}
export interface FieldItem {
  readonly idCustomField: string;
  readonly value: { readonly text?: string; readonly number?: string } | null;
}
export interface IndexedCard {
  readonly id: string;
  readonly desc: string;
  readonly customFieldItems?: readonly FieldItem[];
}
export interface Card extends IndexedCard {
  readonly idBoard: string;
  readonly idList: string;
  readonly name: string;
  readonly closed: boolean;
  readonly idMembers: readonly string[];
  readonly attachments?: readonly { readonly url: string }[];
  readonly actions?: readonly Comment[];
}
export interface Comment {
  readonly id: string;
  readonly data: { readonly text?: string };
}
export interface BoardAction {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly text?: string; readonly card?: { readonly id: string } };
}
export interface NewCard {
  readonly idList: string;
  readonly name: string;
  readonly desc: string;
}

/** Trello gives no more at once. */
export const PAGE = 1_000;
const WHOLE = { fields: 'desc,name,idBoard,idList,closed,idMembers', customFieldItems: true, attachments: true, attachment_fields: 'url' };
/** Ten seconds, and some more: Trello counts when requests arrive, and one may be longer on its way than another. With 10 s sharp 1 % came back as 429. */
const TEN_SECONDS = 10_300;
/** A key has the room of three tokens: 300 requests to 100. */
const TOKENS_PER_KEY = 3;
/** An object's first eight characters say when it was made. */
export const madeAt = (id: string): number => Number.parseInt(id.slice(0, 8), 16) * 1_000;

export class Trello {
  readonly #api: Api;
  readonly #auth: { readonly key: string; readonly token: string };

  constructor({ section: { api_url: baseUrl, key, token, requests_per_10_seconds: requests }, api }: Place<TrelloSection>) {
    this.#auth = { key, token };
    let pretended = 0;
    this.#api = api({
      name: 'Trello', baseUrl, answersJson: true,
      limits: [{ key: `trello ${baseUrl} ${token}`, requests, perMs: TEN_SECONDS }, { key: `trello ${baseUrl} ${key}`, requests: TOKENS_PER_KEY * requests, perMs: TEN_SECONDS }],
      // Revoked credentials and missing permissions are no event's fault, and are mended by a person.
      alsoNotNow: [401, 403],
      pretend: () => ({ id: `00000000dry${++pretended}` }),
    });
  }

  async #request<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, { query = {}, json, signal }: { query?: Record<string, string | number | boolean | undefined>; json?: unknown; signal: AbortSignal | undefined }): Promise<T> {
    // Descriptions, comments and fields may have 16,384 characters each.
    const request = { method, path: `/1${path}`, query: { ...query, ...this.#auth }, ...(json === undefined ? {} : { json }), ...(signal === undefined ? {} : { signal }), mostBytes: MOST_BYTES_OF_A_PAGE };
    return (await this.#api.request(request)).body as T;
  }

  board = (board: string, signal?: AbortSignal) => this.#request<Named & { closed: boolean; url?: string }>('GET', `/boards/${board}`, { query: { fields: 'name,closed,url' }, signal });
  me = (signal?: AbortSignal) => this.#request<Member>('GET', '/members/me', { query: { fields: 'username' }, signal });
  lists = (board: string, signal?: AbortSignal) => this.#request<Named[]>('GET', `/boards/${board}/lists`, { query: { filter: 'open', fields: 'name' }, signal });
  fields = (board: string, signal?: AbortSignal) => this.#request<Field[]>('GET', `/boards/${board}/customFields`, { signal });
  members = (board: string, signal?: AbortSignal) => this.#request<Member[]>('GET', `/boards/${board}/members`, { query: { fields: 'username' }, signal });

  /** Archived ones, too; the newest that are older than `before` and newer than `since`. */
  cards = (board: string, { since, before }: { since?: string | undefined; before?: string | undefined }, signal?: AbortSignal) =>
    this.#request<IndexedCard[]>('GET', `/boards/${board}/cards/all`, { query: { fields: 'desc', customFieldItems: true, limit: PAGE, since, before }, signal });

  movedAway = (board: string, since: string | undefined, signal?: AbortSignal) =>
    this.#request<{ data: { card?: { id?: string } } }[]>('GET', `/boards/${board}/actions`, { query: { filter: 'moveCardFromBoard', fields: 'data', limit: PAGE, since }, signal });

  /** The same with all that we use of a card but its comments. */
  wholeCards = (board: string, before: string | undefined) =>
    this.#request<Card[]>('GET', `/boards/${board}/cards/all`, { query: { ...WHOLE, limit: PAGE, before }, signal: undefined });

  /** Comments on the board's cards, and cards that came from another board. */
  history = (board: string, { since, before }: { since: string; before: string | undefined }) =>
    this.#request<BoardAction[]>('GET', `/boards/${board}/actions`, { query: { filter: 'commentCard,moveCardToBoard', fields: 'data,type', limit: PAGE, since, before }, signal: undefined });

  card = (id: string, signal?: AbortSignal) => this.#request<Card>('GET', `/cards/${id}`, {
    query: { ...WHOLE, actions: 'commentCard', actions_limit: PAGE, action_fields: 'data' }, signal,
  });

  moreComments = (id: string, before: string, signal?: AbortSignal) =>
    this.#request<Comment[]>('GET', `/cards/${id}/actions`, { query: { filter: 'commentCard', fields: 'data', limit: PAGE, before }, signal });

  createCard = (card: NewCard, signal?: AbortSignal) => this.#request<Named>('POST', '/cards', { json: { ...card, pos: 'bottom' }, signal });
  updateCard = (id: string, change: { idList?: string; name?: string; desc?: string }, signal?: AbortSignal) => this.#request('PUT', `/cards/${id}`, { json: change, signal });
  setFields = (id: string, customFieldItems: readonly FieldItem[], signal?: AbortSignal) => this.#request('PUT', `/cards/${id}/customFields`, { json: { customFieldItems }, signal });
  comment = (id: string, text: string, signal?: AbortSignal) => this.#request('POST', `/cards/${id}/actions/comments`, { json: { text }, signal });
  attach = (id: string, file: { url: string; name: string }, signal?: AbortSignal) => this.#request('POST', `/cards/${id}/attachments`, { json: file, signal });
  addMember = (id: string, value: string, signal?: AbortSignal) => this.#request('POST', `/cards/${id}/idMembers`, { json: { value }, signal });
  removeMember = (id: string, member: string, signal?: AbortSignal) => this.#request('DELETE', `/cards/${id}/idMembers/${member}`, { signal });
  createList = (idBoard: string, name: string) => this.#request<Named>('POST', '/lists', { json: { name, idBoard, pos: 'bottom' }, signal: undefined });
  createField = (idModel: string, field: { name: string; type: string; display_cardFront: boolean }) =>
    this.#request<Field>('POST', '/customFields', { json: { idModel, modelType: 'board', pos: 'bottom', ...field }, signal: undefined });
}
