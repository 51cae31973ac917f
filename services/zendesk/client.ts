// Zendesk's Ticketing API, as far as it is used here.
import { NotNow, Refused } from '../destinations/failures.ts';
import { MOST_BYTES_OF_A_PAGE, type Api, type ApiOptions, type ApiRequest } from '../destinations/http.ts';
import type { ZendeskSection } from './section.ts';

export interface ZendeskComment {
  readonly body: string;
  readonly public: boolean;
  readonly author_id?: number;
  /** Of imports only: a comment that is added live has the time at which it is added. */
  readonly created_at?: string;
}

export interface NewTicket {
  readonly external_id: string;
  readonly subject: string;
  readonly requester_id?: number;
  readonly tags: readonly string[];
  readonly status?: string;
  readonly assignee_id?: number;
  readonly group_id?: number;
  /** Of the closed ticket that this one goes on from. */
  readonly via_followup_source_id?: number;
}

export interface Changes {
  readonly comment?: ZendeskComment;
  readonly status?: string;
  readonly subject?: string;
  readonly requester_id?: number;
  readonly assignee_id?: number | null;
  readonly group_id?: number;
  readonly additional_tags?: readonly string[];
}

export interface Found {
  readonly id: number;
  readonly status: string;
  readonly requester_id: number | null;
  readonly assignee_id: number | null;
  readonly tags: readonly string[];
}

interface Audits {
  readonly audits?: readonly { readonly metadata?: { readonly custom?: Readonly<Record<string, unknown>> } }[];
  readonly meta?: { readonly has_more?: boolean; readonly after_cursor?: string };
}

/** Under this name an update says in its audit which effect of ours it is; people don't see it in the ticket. */
const MARK = 'ticketstream';
const marked = (mark: string): object => ({ metadata: { custom: { [MARK]: mark } } });

/** A wrong token or address waits for whoever mends it: no event is at fault. */
const OUR_FAULT = [401, 403];

/** Somebody changed the same thing at the same moment: Zendesk says to try again. */
const CONFLICT = 409;

/** For a dry run: as if Zendesk had done it. */
function pretend({ path, json }: ApiRequest): unknown {
  const { ticket } = (json ?? {}) as { readonly ticket?: Partial<Found> };
  return path.includes('/users/') ? { user: { id: 0 } } : { ticket: { id: 0, status: 'new', requester_id: 0, assignee_id: null, tags: [], ...ticket } };
}

export class Zendesk {
  readonly #api: Api;
  /** Updates have a limit of their own, 100 a minute for all tickets. */
  readonly #updates: Api;

  constructor({ url, email, api_token, requests_per_minute }: ZendeskSection, open: (options: Omit<ApiOptions, 'secrets'>) => Api) {
    const headers = { authorization: `Basic ${Buffer.from(`${email}/token:${api_token}`).toString('base64')}`, accept: 'application/json' };
    const limit = { key: `zendesk ${url}`, requests: requests_per_minute, perMs: 60_000 };
    const options = { name: 'Zendesk', baseUrl: url, headers, alsoNotNow: [...OUR_FAULT, CONFLICT], answersJson: true, timeoutMs: 30_000, pretend };
    this.#api = open({ ...options, limits: [limit] });
    this.#updates = open({ ...options, limits: [limit, { key: `zendesk updates ${url}`, requests: 100, perMs: 60_000 }] });
  }

  async me(): Promise<{ readonly id: number; readonly role: string } | null> {
    const { body } = await this.#api.request({ method: 'GET', path: '/api/v2/users/me.json' });
    const { user } = body as { readonly user?: { readonly id: number | null; readonly role: string } };
    return user === undefined || user.id === null ? null : { id: user.id, role: user.role };
  }

  /** Whether there is such a thing: a user or a group. */
  async has(kind: 'users' | 'groups', id: number): Promise<boolean> {
    const { body } = await this.#api.request({ method: 'GET', path: `/api/v2/${kind}/${id}.json` });
    return typeof body === 'object' && body !== null;
  }

  /** In the order in which they were made; deleted ones are not among them. */
  async find(externalId: string, signal?: AbortSignal): Promise<Found[]> {
    const { body } = await this.#api.request({ method: 'GET', path: '/api/v2/tickets.json', query: { external_id: externalId }, ...(signal === undefined ? {} : { signal }) });
    const { tickets = [] } = body as { readonly tickets?: readonly (Found & { readonly external_id?: string | null })[] };
    // A server that does not know the filter would give all tickets.
    return tickets.filter(({ external_id }) => external_id === externalId).toSorted((a, b) => a.id - b.id);
  }

  /** The same key makes no second ticket, for two hours by Zendesk's own memory. */
  async create(ticket: NewTicket, comment: ZendeskComment, { mark, key, signal }: { readonly mark: string; readonly key: string; readonly signal: AbortSignal }): Promise<Found> {
    const request: ApiRequest = { method: 'POST', path: '/api/v2/tickets.json', headers: { 'idempotency-key': key }, json: { ticket: { ...ticket, comment, ...marked(mark) } }, signal };
    const { body } = await this.#api.request(request).catch((error: unknown) => {
      // An earlier try with other words has made it, and it can't be found yet.
      throw error instanceof Refused && error.status === 400 && error.said.includes('IdempotentRequestError') ? new NotNow(error.message, { sent: true }) : error;
    });
    return (body as { readonly ticket: Found }).ticket;
  }

  async update(id: number, changes: Changes, { mark, signal }: { readonly mark: string; readonly signal: AbortSignal }): Promise<void> {
    await this.#updates.request({ method: 'PUT', path: `/api/v2/tickets/${id}.json`, json: { ticket: { ...changes, ...marked(mark) } }, signal });
  }

  /** Whether an update with this mark is in the ticket's history; a ticket that was deleted has none. */
  async hasMark(id: number, mark: string, signal: AbortSignal): Promise<boolean> {
    for (let after: string | undefined; ;) {
      const page: ApiRequest = { method: 'GET', path: `/api/v2/tickets/${id}/audits.json`, query: { 'page[size]': 100, 'page[after]': after }, signal, mostBytes: MOST_BYTES_OF_A_PAGE };
      const answer = await this.#api.request(page).catch((error: unknown) => {
        if (error instanceof Refused && error.status === 404) return null;
        throw error;
      });
      const { audits = [], meta } = (answer?.body ?? {}) as Audits;
      if (audits.some(({ metadata }) => metadata?.custom?.[MARK] === mark)) return true;
      if (meta?.has_more !== true || meta.after_cursor === undefined) return false;
      after = meta.after_cursor;
    }
  }

  /** Known by its external id, so that it is made once. No mail is sent to anybody. */
  async user(user: { readonly external_id: string; readonly name: string; readonly email?: string; readonly phone?: string }, signal?: AbortSignal): Promise<number> {
    const { body } = await this.#api.request({ method: 'POST', path: '/api/v2/users/create_or_update.json', json: { user, skip_verify_email: true }, ...(signal === undefined ? {} : { signal }) });
    return (body as { readonly user: { readonly id: number } }).user.id;
  }

  /** History, with its own times; no trigger runs, and nobody is notified. */
  async import(ticket: NewTicket & { readonly created_at: string; readonly solved_at?: string; readonly comments: readonly ZendeskComment[] }): Promise<number> {
    const { comments, ...rest } = ticket;
    // Imports call a comment's text `value`.
    const { body } = await this.#api.request({ method: 'POST', path: '/api/v2/imports/tickets.json', json: { ticket: { ...rest, comments: comments.map(({ body: value, ...comment }) => ({ ...comment, value })) } } });
    return (body as { readonly ticket: { readonly id: number } }).ticket.id;
  }
}
