// Zendesk's Ticketing API as far as we use it: tickets by external id, updates with comments and audits, users by external id,
// imports, idempotency keys, closed tickets that take nothing, the limit of updates a ticket.
import { jsonOf, openVendor, type Answer, type Asked, type Vendor } from './vendor.ts';

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
  readonly comments: { readonly body: string; readonly public: boolean; readonly author_id: number; readonly created_at: string }[];
  readonly audits: { readonly metadata: { readonly custom: Readonly<Record<string, unknown>> } }[];
}

export interface ZendeskServer extends Vendor {
  readonly tickets: ZendeskTicket[];
  readonly users: { readonly id: number; readonly external_id: string; name: string }[];
}

const ME = 1;
const statuses = ['new', 'open', 'pending', 'hold', 'solved', 'closed'];
const missing: Answer = { status: 404, body: { error: 'RecordNotFound', description: 'Not found' } };
const invalid = (field: string, description: string): Answer => ({ status: 422, body: { error: 'RecordInvalid', description: 'Record validation errors', details: { [field]: [{ description }] } } });

type Fields = Readonly<Record<string, unknown>>;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export async function openZendesk({ email, token, agents = [], groups = [], updatesPerTicket = 30 }: { email: string; token: string; agents?: readonly number[]; groups?: readonly number[]; updatesPerTicket?: number }, port = 0): Promise<ZendeskServer> {
  const tickets: ZendeskTicket[] = [];
  const users: { readonly id: number; readonly external_id: string; name: string }[] = [];
  const keys = new Map<string, { readonly body: string; readonly ticket: ZendeskTicket }>();
  const updates = new WeakMap<ZendeskTicket, number>();
  const knows = (id: unknown): boolean => id === ME || agents.includes(Number(id)) || users.some((user) => user.id === id);

  const wrongIn = (fields: Fields): Answer | null => {
    const { status, assignee_id, group_id, requester_id } = fields;
    if (status !== undefined && !statuses.includes(text(status))) return invalid('status', `Status: ${text(status)} is not valid`);
    if (assignee_id !== undefined && assignee_id !== null && !agents.includes(Number(assignee_id)) && assignee_id !== ME) return invalid('assignee', 'Assignee: is invalid');
    if (group_id !== undefined && !groups.includes(Number(group_id))) return invalid('group', 'Group: is invalid');
    return requester_id !== undefined && !knows(requester_id) ? invalid('requester', 'Requester: is invalid') : null;
  };
  const commentIn = (given: unknown, at: string): ZendeskTicket['comments'][number] | Answer => {
    const { body, value, public: isPublic = true, author_id = ME, created_at = at } = (given ?? {}) as { body?: unknown; value?: unknown; public?: boolean; author_id?: number; created_at?: string };
    const text = body ?? value;
    if (typeof text !== 'string' || text.trim() === '') return invalid('comment', 'Comment: cannot be blank');
    if (!knows(author_id)) return invalid('author', 'Author: is invalid');
    if (Date.parse(created_at) > Date.now() + 1_000) return invalid('created_at', 'Created at: is in the future');
    return { body: text, public: isPublic, author_id, created_at };
  };
  const shown = (ticket: ZendeskTicket): Fields => Object.fromEntries(Object.entries(ticket).filter(([name]) => !['comments', 'audits', 'imported'].includes(name)));

  const make = (fields: Fields, imported: boolean): ZendeskTicket | Answer => {
    const now = new Date().toISOString();
    const given = imported ? (fields['comments'] as unknown[] | undefined) ?? [] : [fields['comment']];
    const comments = given.map((comment) => commentIn(comment, now));
    const wrong = wrongIn(fields) ?? comments.find((comment) => 'status' in comment);
    if (wrong !== undefined) return wrong;
    const { metadata } = fields as { metadata?: { custom?: Fields } };
    const ticket: ZendeskTicket = {
      id: tickets.length + 1, external_id: (fields['external_id'] as string | undefined) ?? null, subject: text(fields['subject']), status: text(fields['status'] ?? 'new'),
      requester_id: (fields['requester_id'] as number | undefined) ?? ME, assignee_id: (fields['assignee_id'] as number | undefined) ?? null, group_id: (fields['group_id'] as number | undefined) ?? null,
      tags: [...((fields['tags'] as string[] | undefined) ?? [])], created_at: imported ? text(fields['created_at'] ?? now) : now, imported,
      comments: comments as ZendeskTicket['comments'], audits: imported ? [] : [{ metadata: { custom: metadata?.custom ?? {} } }],
    };
    tickets.push(ticket);
    return ticket;
  };

  const create = (asked: Asked): Answer => {
    const key = asked.headers['idempotency-key'];
    const before = typeof key === 'string' ? keys.get(key) : undefined;
    if (before !== undefined) return before.body === asked.body ? { status: 201, body: { ticket: shown(before.ticket) }, headers: { 'x-idempotency-lookup': 'hit' } } : { status: 400, body: { error: 'IdempotentRequestError' } };
    const made = make((jsonOf(asked.body)['ticket'] ?? {}) as Fields, false);
    if (!('id' in made)) return made;
    if (typeof key === 'string') keys.set(key, { body: asked.body, ticket: made });
    return { status: 201, body: { ticket: shown(made) }, headers: { 'x-idempotency-lookup': 'miss' } };
  };
  const update = (ticket: ZendeskTicket, asked: Asked): Answer => {
    const fields = (jsonOf(asked.body)['ticket'] ?? {}) as Fields;
    const count = (updates.get(ticket) ?? 0) + 1;
    if (count > updatesPerTicket) return { status: 429, body: { error: 'TooManyRequests' }, headers: { 'retry-after': '1' } };
    if (ticket.status === 'closed') return invalid('status', 'Status: closed prevents ticket update');
    const wrong = wrongIn(fields);
    if (wrong !== null) return wrong;
    const comment = fields['comment'] === undefined ? null : commentIn(fields['comment'], new Date().toISOString());
    if (comment !== null && 'status' in comment) return comment;
    updates.set(ticket, count);
    if (comment !== null) ticket.comments.push(comment);
    for (const name of ['subject', 'status', 'requester_id', 'assignee_id', 'group_id'] as const) if (fields[name] !== undefined) Object.assign(ticket, { [name]: fields[name] });
    ticket.tags.push(...((fields['additional_tags'] as string[] | undefined) ?? []));
    ticket.audits.push({ metadata: { custom: ((fields['metadata'] ?? {}) as { custom?: Fields }).custom ?? {} } });
    return { status: 200, body: { ticket: shown(ticket), audit: {} } };
  };
  const audits = ({ audits: all }: ZendeskTicket, query: URLSearchParams): Answer => {
    const size = Math.min(100, Number(query.get('page[size]') ?? 100));
    const from = Number(query.get('page[after]') ?? 0);
    return { status: 200, body: { audits: all.slice(from, from + size), meta: { has_more: from + size < all.length, after_cursor: String(from + size) } } };
  };
  const user = (asked: Asked): Answer => {
    const { external_id = '', name = '' } = (jsonOf(asked.body)['user'] ?? {}) as { external_id?: string; name?: string };
    if (name.trim() === '') return invalid('name', 'Name: is too short (minimum one character)');
    const there = users.find((known) => known.external_id.toLowerCase() === external_id.toLowerCase());
    if (there !== undefined) there.name = name;
    const one = there ?? { id: 5_000 + users.length, external_id, name };
    if (there === undefined) users.push(one);
    return { status: there === undefined ? 201 : 200, body: { user: one } };
  };

  const authorization = `Basic ${Buffer.from(`${email}/token:${token}`).toString('base64')}`;
  const answer = (asked: Asked): Answer => {
    const { pathname, searchParams } = new URL(asked.path, 'http://zendesk');
    if (asked.headers.authorization !== authorization) return { status: 401, body: { error: 'Couldn\'t authenticate you' } };
    const [, kind = '', id = '', more = ''] = /^\/api\/v2\/(tickets|users|groups|imports)\/?(\w+)?(?:\/(\w+))?(?:\.json)?$/.exec(pathname) ?? [];
    const ticket = tickets.find((known) => String(known.id) === id);
    switch (`${asked.method} ${kind}`) {
      case 'GET tickets': {
        if (id === '') return { status: 200, body: { tickets: tickets.filter(({ external_id }) => external_id === searchParams.get('external_id')).map(shown) } };
        return ticket === undefined ? missing : more === 'audits' ? audits(ticket, searchParams) : { status: 200, body: { ticket: shown(ticket) } };
      }
      case 'POST tickets': return create(asked);
      case 'PUT tickets': return ticket === undefined ? missing : update(ticket, asked);
      case 'POST imports': {
        const made = make((jsonOf(asked.body)['ticket'] ?? {}) as Fields, true);
        return 'id' in made ? { status: 201, body: { ticket: shown(made) } } : made;
      }
      case 'POST users': return user(asked);
      case 'GET users': return id === 'me' ? { status: 200, body: { user: { id: ME, role: 'admin' } } } : knows(Number(id)) ? { status: 200, body: { user: { id: Number(id) } } } : missing;
      case 'GET groups': return groups.includes(Number(id)) ? { status: 200, body: { group: { id: Number(id) } } } : missing;
      default: return missing;
    }
  };
  return { ...(await openVendor(answer, port)), tickets, users };
}
