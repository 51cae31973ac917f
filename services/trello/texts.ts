// What stands on a card in words: its name, its description, its comments. Trello takes 16,384 characters of a text: a message
// that is longer becomes several comments; a description says how much of it is missing.
import type { EventOf } from '../../schemas/events.ts';
import { lastMarkIn, markOf } from '../destinations/marks.ts';
import type { Identity } from './memory.ts';
import type { TrelloSection } from './section.ts';

type Created = EventOf<'ticket.created'>;
type Message = EventOf<'message.received'>;
type Assigned = EventOf<'agent.assigned'>;
type Files = Message['content']['files'];

export const LONGEST_TEXT = 16_384;
const LONGEST_NAME = 250;
/** Room for who said it, when, and the mark. */
const ROOM = 512;

/** Where a card says whose it is, besides the field: as the last mark of its description, there from the moment it exists. */
export const markOfTicket = ({ integrationId, ticketId }: Identity): string => markOf(JSON.stringify([integrationId, ticketId]), 'card');
export const markOfDescription = lastMarkIn;

export const NO_CREATION = '(The ticket\'s creation has not come yet.)';

const utc = (at: Date): string => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
const inLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** `@name` would notify a member of the board, and `@board` all of them: with an invisible blank behind the @ nobody is. */
const withoutMentions = (text: string): string => text.replaceAll(/(^|[^\p{L}\p{N}_])@(?=[\p{L}\p{N}_])/gu, '$1@\u200b');

/** The longest beginning that splits no character; at a line's end or a blank if one is near. */
function beginningOf(text: string, length: number): string {
  if (text.length <= length) return text;
  const head = text.slice(0, length);
  const whole = /[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head;
  const blank = Math.max(whole.lastIndexOf('\n'), whole.lastIndexOf(' '));
  return blank > length - 200 ? whole.slice(0, blank + 1) : whole;
}

function partsOf(text: string, length: number): string[] {
  const parts: string[] = [];
  for (let rest = text; parts.length === 0 || rest !== '';) {
    const part = beginningOf(rest, length);
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return parts;
}

const nameOf = ({ first_name, last_name }: Created['customer']): string => inLine(`${first_name} ${last_name ?? ''}`);

/** A card that an event needs before its ticket's creation came. */
export const nameWithoutCreation = ({ ticketId }: Identity): string => inLine(ticketId).slice(0, LONGEST_NAME);
export const nameOfCard = (ticket: Identity, { customer }: Created): string => beginningOf(`${nameWithoutCreation(ticket)} · ${nameOf(customer)}`, LONGEST_NAME);

const fileNames = (files: Files): string[] => files.map(({ file_name, file_url, content_type }) => `File: ${inLine(file_name ?? file_url ?? content_type ?? 'without a name')}`);

function sourceUrl(metadata: string | null): string | null {
  try {
    const { source_url: url } = JSON.parse(metadata ?? '{}') as { source_url?: unknown };
    return typeof url === 'string' && /^https?:\/\/\S+$/.test(url) && url.length < 2_000 ? url : null;
  } catch {
    return null;
  }
}

const ticketLine = ({ integrationId, ticketId }: Identity, { ticket_url: url }: TrelloSection): string => {
  const name = `Ticket ${inLine(ticketId)} of ${inLine(integrationId)}`;
  return url === undefined ? name : `${name}: ${url.replaceAll('{ticket_id}', encodeURIComponent(ticketId))}`;
};

export const descriptionWithoutCreation = (ticket: Identity, section: TrelloSection): string =>
  `${NO_CREATION}\n\n---\n${ticketLine(ticket, section)}\n\n${markOfTicket(ticket)}`;

export function descriptionOf(ticket: Identity, event: Created, section: TrelloSection): string {
  const { customer, channel, initial_message: message, metadata, timestamp } = event;
  const source = sourceUrl(metadata);
  const facts = [
    ticketLine(ticket, section),
    `Opened: ${utc(timestamp)}`,
    `Customer: ${nameOf(customer)}, Telegram id ${customer.telegram_user_id}${customer.username === null ? '' : `, https://t.me/${encodeURIComponent(customer.username)}`}`,
    `Channel: ${inLine(channel.type)}, chat ${inLine(channel.chat_id)}${channel.topic_id === null ? '' : `, topic ${inLine(channel.topic_id)}`}`,
    ...(source === null ? [] : [`Source: ${source}`]),
  ].map((line) => `- ${withoutMentions(line.slice(0, 2_500))}`);
  const behind = `\n\n---\n${facts.join('\n')}\n\n${markOfTicket(ticket)}`;
  const said = withoutMentions([message.text ?? '', ...fileNames(message.files)].filter((line) => line !== '').join('\n'));
  const room = LONGEST_TEXT - behind.length - ROOM;
  const shown = beginningOf(said, room);
  const missing = said.length - shown.length;
  return `${shown}${missing === 0 ? '' : `\n\n(cut here: ${missing} more characters)`}${behind}`;
}

function whoSaid({ sender, is_private, is_automated }: Message): string {
  const name = inLine(sender.username ?? sender.agent_id ?? '');
  const called = name === '' ? '' : ` ${name}`;
  if (is_private) return `PRIVATE NOTE, not for the customer,${called === '' ? '' : ` by${called}`}`;
  if (sender.type === 'customer') return `Customer${called}`;
  return sender.type === 'agent' && is_automated !== true ? `Agent${called}` : `Automatic message${called}`;
}

export interface Comment {
  readonly mark: string;
  readonly text: string;
}

function commentsOf(effectId: string, head: string, body: string, at: Date): Comment[] {
  const title = withoutMentions(head.slice(0, ROOM / 2));
  const parts = partsOf(withoutMentions(body), LONGEST_TEXT - ROOM);
  return parts.map((part, index) => {
    const mark = markOf(effectId, index === 0 ? '' : String(index));
    const number = parts.length === 1 ? '' : ` (${index + 1} of ${parts.length})`;
    return { mark, text: `**${title}**${number}:\n\n${part}\n\n${utc(at)} · ${mark}` };
  });
}

export const messageComments = (effectId: string, event: Message): Comment[] =>
  commentsOf(effectId, whoSaid(event), [event.content.text ?? '', ...fileNames(event.content.files)].filter((line) => line !== '').join('\n'), event.timestamp);

export function assignmentComments(effectId: string, { assignee, assigned_by: by, timestamp }: Assigned): Comment[] {
  const names = [assignee.name ?? assignee.agent_id, assignee.group_id].filter((name) => name !== null);
  const to = names.length === 0 ? 'Assigned to nobody' : `Assigned to ${names.map(inLine).join(', ')}`;
  const who = by.name ?? by.id;
  return commentsOf(effectId, 'Assignment', `${to}${who === null ? '' : `, by ${inLine(who)}`}`, timestamp);
}
