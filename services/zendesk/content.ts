// What of a ticket becomes what in Zendesk: subject, comments, status, assignee. Pure; the same for what is live and for what is imported.
import { createHash } from 'node:crypto';
import type { AgentAssigned, MessageReceived, StatusChanged, TicketCreated } from '../../schemas/events.ts';
import { statusKey, StatusMap, type Category } from '../ticket/desk/status.ts';
import type { Changes, ZendeskComment } from './client.ts';
import type { ZendeskSection, ZendeskStatus } from './section.ts';

/** No two tickets share one: only the second part may have a slash. */
export const externalId = (integrationId: string, ticketId: string): string => `${encodeURIComponent(integrationId)}/${ticketId}`;
export const subjectOf = (ticketId: string): string => `Telegram ${ticketId}`;

/** Of every ticket that comes from here. */
export const TAG = 'ticketstream';

/** Of a ticket whose creation has come: its requester is the customer. */
export const OPENED_TAG = `${TAG}_opened`;

/** The message that opened the ticket may come again as one of its messages: a tag tells its id. */
export const openingTag = (messageId: string): string => `${TAG}_m_${/^\d{1,20}$/.test(messageId) ? messageId : createHash('sha256').update(messageId).digest('hex').slice(0, 16)}`;

/** Up to where in the log a ticket was imported. */
export const placeTag = (partition: number, offset: number): string => `${TAG}_p_${partition}_${offset}`;
export function isImported(tags: readonly string[], { partition, offset }: { readonly partition: number; readonly offset: number }): boolean {
  return tags.some((tag) => {
    const [, at, upTo] = /^ticketstream_p_(\d+)_(\d+)$/.exec(tag) ?? [];
    return Number(at) === partition && offset <= Number(upTo);
  });
}

/** Zendesk's closed is for ever; what is over here may be opened again. */
const byCategory: Readonly<Record<Category, ZendeskStatus>> = { new: 'new', open: 'open', pending: 'pending', on_hold: 'hold', solved: 'solved', closed: 'solved', discarded: 'solved' };

const builtIn = new StatusMap();

export function statusOf(name: string, { statuses }: Pick<ZendeskSection, 'statuses'>): ZendeskStatus {
  const own = Object.entries(statuses).find(([status]) => statusKey(status) === statusKey(name))?.[1];
  return own ?? byCategory[builtIn.read(name).category];
}

type Files = MessageReceived['content']['files'];

/** A comment has the time at which Zendesk gets it; what happened this much earlier says so. */
const LATE_MS = 120_000;
const instant = (at: Date): string => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;

export interface Words {
  readonly text: string | null;
  readonly contentType: string | null;
  readonly files: Files;
  /** Who wrote it, when Zendesk doesn't know them. */
  readonly by: string | null;
  readonly at: Date;
}

export function bodyOf({ text, contentType, files, by, at }: Words, now: Date): string {
  const head = [...(by === null ? [] : [by]), ...(now.getTime() - at.getTime() > LATE_MS ? [instant(at)] : [])].join(', ');
  const attached = files.map(({ file_name, file_url, content_type }) => `[file: ${file_name ?? content_type ?? 'without a name'}${file_url === null ? '' : ` ${file_url}`}]`);
  const said = [...(text === null || text === '' ? [] : [text]), ...attached];
  // Zendesk takes no comment without a word.
  const lines = said.length > 0 ? said : [`(${contentType === null || contentType === 'text' ? 'no text' : contentType})`];
  return [...(head === '' ? [] : [`${head}:`]), ...lines].join('\n');
}

export function openingComment({ customer, channel, initial_message: message, timestamp }: TicketCreated, requester: number | null, now: Date): ZendeskComment {
  const hasMessage = message.message_id !== null || message.text !== null || message.files.length > 0 || message.content_type !== null;
  const words = { text: hasMessage ? message.text : `${customer.first_name} opened a ticket (${channel.type})`, contentType: message.content_type, files: message.files, by: null, at: timestamp };
  return { body: bodyOf(words, now), public: true, ...(requester === null ? {} : { author_id: requester }) };
}

export function messageComment({ sender, content, is_private, timestamp }: MessageReceived, requester: number | null, { agents }: Pick<ZendeskSection, 'agents'>, now: Date): ZendeskComment {
  const isCustomer = sender.type === 'customer';
  const author = isCustomer ? requester : sender.type === 'agent' ? agents[sender.agent_id ?? ''] ?? null : null;
  const name = sender.type === 'agent' ? sender.agent_id ?? sender.username ?? 'agent' : sender.type;
  return {
    body: bodyOf({ text: content.text, contentType: content.content_type, files: content.files, by: author === null ? name : null, at: timestamp }, now),
    public: !is_private, ...(author === null ? {} : { author_id: author }),
  };
}

export const statusChanges = ({ new_status }: StatusChanged, section: Pick<ZendeskSection, 'statuses'>): Changes => ({ status: statusOf(new_status, section) });

export function saysOver(event: { readonly event_type: string; readonly new_status?: string; readonly status?: string | null }, section: Pick<ZendeskSection, 'statuses'>): boolean {
  const status = event.event_type === 'status.changed' ? event.new_status : event.event_type === 'ticket.created' ? event.status : null;
  return status != null && ['solved', 'closed'].includes(statusOf(status, section));
}

/** Whom Zendesk knows becomes the assignee; of others a line for the agents' eyes tells. */
export function assignmentChanges({ assignee }: AgentAssigned, { agents, groups }: Pick<ZendeskSection, 'agents' | 'groups'>): Changes {
  const agent = assignee.agent_id === null ? null : agents[assignee.agent_id];
  const group = assignee.group_id === null ? undefined : groups[assignee.group_id];
  const unknown = [...(agent === undefined ? [assignee.name ?? assignee.agent_id] : []), ...(assignee.group_id !== null && group === undefined ? [assignee.group_id] : [])];
  return {
    // A group that is named without an agent leaves nobody in charge of it.
    ...(agent === undefined ? {} : { assignee_id: agent }),
    ...(group === undefined ? {} : { group_id: group }),
    ...(unknown.length === 0 ? {} : { comment: { body: `Assigned to ${unknown.join(', ')}`, public: false } }),
  };
}
