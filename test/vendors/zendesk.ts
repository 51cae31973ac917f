// Zendesk's Ticketing API as far as we use it: tickets by external id, updates with comments and audits, users by external id,
// imports, idempotency keys, closed tickets that take nothing and their follow-ups, deleted ones, no solving without an assignee, the limit
// of updates a ticket.
import { jsonOf, openVendor, type Answer, type Asked, type Vendor } from './vendor.ts';

interface Comment {
  readonly body: string;
  readonly public: boolean;
  readonly author_id: number;
  readonly created_at: string;
}

export interface ZendeskTicket {
  readonly id: number;
  external_id: string | null;
  subject: string;
  status: string;
  requester_id: number;
  assignee_id: number | null;
  group_id: number | null;
  tags: string[];
  created_at: string;
  readonly imported: boolean;
  /** Of the closed ticket that it goes on from. */
  readonly followup_source_id: number | null;
  readonly comments: Comment[];
  readonly audits: { readonly metadata: { readonly custom: Fields } }[];
}

interface User {
  readonly id: number;
  readonly external_id: string;
  name: string;
}

export interface ZendeskServer extends Vendor {
  readonly tickets: ZendeskTicket[];
  readonly users: User[];
}

export interface ZendeskOptions {
  readonly email: string;
  readonly token: string;
  readonly agents?: readonly number[];
  readonly groups?: readonly number[];
  /** Zendesk's 30 in ten minutes by default; here for ever. */
  readonly updatesPerTicket?: number;
}

type Fields = Readonly<Record<string, unknown>>;

const ME = 1;
const statuses = ['new', 'open', 'pending', 'hold', 'solved', 'closed'];
const missing: Answer = { status: 404, body: { error: 'RecordNotFound', description: 'Not found' } };
const invalid = (field: string, description: string): Answer => ({ status: 422, body: { error: 'RecordInvalid', description: 'Record validation errors', details: { [field]: [{ description }] } } });
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const ticketIn = ({ body }: Asked): Fields => (jsonOf(body)['ticket'] ?? {}) as Fields;
const customOf = (fields: Fields): Fields => ((fields['metadata'] ?? {}) as { readonly custom?: Fields }).custom ?? {};
const shown = (ticket: ZendeskTicket): Fields => Object.fromEntries(Object.entries(ticket).filter(([name]) => !['comments', 'audits', 'imported'].includes(name)));

function unsolvable({ status, assignee_id }: Fields, assigned: number | null): Answer | null {
  const assignee = assignee_id === undefined ? assigned : assignee_id;
  return ['solved', 'closed'].includes(text(status)) && assignee === null ? invalid('base', 'Assignee: is required when solving a ticket') : null;
}

class Account {
  readonly tickets: ZendeskTicket[] = [];
  readonly users: User[] = [];
  readonly #options: Required<ZendeskOptions>;
  #lastId = 0;
  readonly #keys = new Map<string, { readonly body: string; readonly ticket: ZendeskTicket }>();
  readonly #updates = new WeakMap<ZendeskTicket, number>();

  constructor(options: ZendeskOptions) {
    this.#options = { agents: [], groups: [], updatesPerTicket: 30, ...options };
  }

  answer(asked: Asked): Answer {
    const { email, token, groups } = this.#options;
    const { pathname, searchParams } = new URL(asked.path, 'http://zendesk');
    if (asked.headers.authorization !== `Basic ${Buffer.from(`${email}/token:${token}`).toString('base64')}`) return { status: 401, body: { error: 'Couldn\'t authenticate you' } };
    const [, kind = '', id = '', more = ''] = /^\/api\/v2\/(tickets|users|groups|imports)\/?(\w+)?(?:\/(\w+))?(?:\.json)?$/.exec(pathname) ?? [];
    const ticket = this.tickets.find((known) => String(known.id) === id);
    switch (`${asked.method} ${kind}`) {
      case 'GET tickets': return this.#show(ticket, { id, more, query: searchParams });
      case 'POST tickets': return this.#create(asked);
      case 'PUT tickets': return ticket === undefined ? missing : this.#update(ticket, asked);
      case 'POST imports': {
        const made = this.#make(ticketIn(asked), true);
        return 'id' in made ? { status: 201, body: { ticket: shown(made) } } : made;
      }
      case 'POST users': return this.#user(asked);
      case 'GET users': return id === 'me' ? { status: 200, body: { user: { id: ME, role: 'admin' } } } : this.#knows(Number(id)) ? { status: 200, body: { user: { id: Number(id) } } } : missing;
      case 'GET groups': return groups.includes(Number(id)) ? { status: 200, body: { group: { id: Number(id) } } } : missing;
      default: return missing;
    }
  }

  #knows(id: unknown): boolean {
    return id === ME || this.#options.agents.includes(Number(id)) || this.users.some((user) => user.id === id);
  }

  #wrongIn({ status, assignee_id, group_id, requester_id }: Fields): Answer | null {
    if (status !== undefined && !statuses.includes(text(status))) return invalid('status', `Status: ${text(status)} is not valid`);
    if (assignee_id !== undefined && assignee_id !== null && assignee_id !== ME && !this.#options.agents.includes(Number(assignee_id))) return invalid('assignee', 'Assignee: is invalid');
    if (group_id !== undefined && !this.#options.groups.includes(Number(group_id))) return invalid('group', 'Group: is invalid');
    return requester_id !== undefined && !this.#knows(requester_id) ? invalid('requester', 'Requester: is invalid') : null;
  }

  #comment(given: unknown, at: string): Comment | Answer {
    const { body, value, public: isPublic = true, author_id = ME, created_at = at } = (given ?? {}) as { body?: unknown; value?: unknown; public?: boolean; author_id?: number; created_at?: string };
    const words = text(body ?? value);
    if (words.trim() === '') return invalid('comment', 'Comment: cannot be blank');
    if (!this.#knows(author_id)) return invalid('author', 'Author: is invalid');
    if (Date.parse(created_at) > Date.now() + 1_000) return invalid('created_at', 'Created at: is in the future');
    return { body: words, public: isPublic, author_id, created_at };
  }

  #make(fields: Fields, imported: boolean): ZendeskTicket | Answer {
    const now = new Date().toISOString();
    const given = imported ? (fields['comments'] as unknown[] | undefined) ?? [] : [fields['comment']];
    const comments = given.map((comment) => this.#comment(comment, now));
    const source = this.tickets.find(({ id }) => id === fields['via_followup_source_id']);
    const wrong = this.#wrongIn(fields) ?? (imported ? null : unsolvable(fields, null)) ?? comments.find((comment) => 'status' in comment);
    if (wrong !== undefined) return wrong;
    if (fields['via_followup_source_id'] !== undefined && source === undefined) return invalid('via_followup_source_id', 'Via followup source: is invalid');
    const ticket: ZendeskTicket = {
      id: ++this.#lastId, external_id: (fields['external_id'] as string | undefined) ?? null, subject: text(fields['subject']), status: text(fields['status'] ?? 'new'),
      requester_id: (fields['requester_id'] as number | undefined) ?? ME, assignee_id: (fields['assignee_id'] as number | undefined) ?? null, group_id: (fields['group_id'] as number | undefined) ?? null,
      tags: [...((fields['tags'] as string[] | undefined) ?? [])], created_at: imported ? text(fields['created_at'] ?? now) : now, imported,
      // Zendesk takes no notice of it when that one isn't closed.
      followup_source_id: source?.status === 'closed' ? source.id : null,
      comments: comments as Comment[], audits: imported ? [] : [{ metadata: { custom: customOf(fields) } }],
    };
    this.tickets.push(ticket);
    return ticket;
  }

  #show(ticket: ZendeskTicket | undefined, { id, more, query }: { readonly id: string; readonly more: string; readonly query: URLSearchParams }): Answer {
    if (id === '') return { status: 200, body: { tickets: this.tickets.filter(({ external_id }) => external_id === query.get('external_id')).map(shown) } };
    if (ticket === undefined) return missing;
    if (more !== 'audits') return { status: 200, body: { ticket: shown(ticket) } };
    const size = Math.min(100, Number(query.get('page[size]') ?? 100));
    const from = Number(query.get('page[after]') ?? 0);
    return { status: 200, body: { audits: ticket.audits.slice(from, from + size), meta: { has_more: from + size < ticket.audits.length, after_cursor: String(from + size) } } };
  }

  #create(asked: Asked): Answer {
    const key = asked.headers['idempotency-key'];
    const before = typeof key === 'string' ? this.#keys.get(key) : undefined;
    if (before !== undefined) return before.body === asked.body ? { status: 201, body: { ticket: shown(before.ticket) }, headers: { 'x-idempotency-lookup': 'hit' } } : { status: 400, body: { error: 'IdempotentRequestError' } };
    const made = this.#make(ticketIn(asked), false);
    if (!('id' in made)) return made;
    if (typeof key === 'string') this.#keys.set(key, { body: asked.body, ticket: made });
    return { status: 201, body: { ticket: shown(made) }, headers: { 'x-idempotency-lookup': 'miss' } };
  }

  #update(ticket: ZendeskTicket, asked: Asked): Answer {
    const fields = ticketIn(asked);
    const count = (this.#updates.get(ticket) ?? 0) + 1;
    if (count > this.#options.updatesPerTicket) return { status: 429, body: { error: 'TooManyRequests' }, headers: { 'retry-after': '1' } };
    if (ticket.status === 'closed') return invalid('status', 'Status: closed prevents ticket update');
    const wrong = this.#wrongIn(fields) ?? unsolvable(fields, ticket.assignee_id);
    if (wrong !== null) return wrong;
    const comment = fields['comment'] === undefined ? null : this.#comment(fields['comment'], new Date().toISOString());
    if (comment !== null && 'status' in comment) return comment;
    this.#updates.set(ticket, count);
    if (comment !== null) ticket.comments.push(comment);
    for (const name of ['subject', 'status', 'requester_id', 'assignee_id', 'group_id'] as const) if (fields[name] !== undefined) Object.assign(ticket, { [name]: fields[name] });
    ticket.tags.push(...((fields['additional_tags'] as string[] | undefined) ?? []));
    ticket.audits.push({ metadata: { custom: customOf(fields) } });
    return { status: 200, body: { ticket: shown(ticket), audit: {} } };
  }

  #user(asked: Asked): Answer {
    const { external_id = '', name = '' } = (jsonOf(asked.body)['user'] ?? {}) as { external_id?: string; name?: string };
    if (name.trim() === '') return invalid('name', 'Name: is too short (minimum one character)');
    const there = this.users.find((known) => known.external_id.toLowerCase() === external_id.toLowerCase());
    if (there !== undefined) there.name = name;
    const one = there ?? { id: 5_000 + this.users.length, external_id, name };
    if (there === undefined) this.users.push(one);
    return { status: there === undefined ? 201 : 200, body: { user: one } };
  }
}

export async function openZendesk(options: ZendeskOptions, port = 0): Promise<ZendeskServer> {
  const account = new Account(options);
  return { ...(await openVendor((asked) => account.answer(asked), port)), tickets: account.tickets, users: account.users };
}
