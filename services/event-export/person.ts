// A person's own data, as they may ask for it: what they told about themselves, and what was said between them and support.
// Notes of the company are not in it, nor what other customers wrote in the same ticket.
import { sqlString } from '../runtime/clickhouse.ts';

/** What a person may see of a message. There is no field that could say that it is private, and no way to make one of a note. */
export interface OwnMessage {
  readonly at: string;
  readonly author: 'customer' | 'support';
  readonly text: string | null;
  readonly files: readonly { readonly file_name: string | null; readonly file_url: string | null; readonly file_size: number | null; readonly content_type: string | null }[];
}

/** What the person told when a ticket was opened. */
export interface OwnDetails {
  readonly telegram_user_id: number;
  readonly username: string | null;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly language_code: string | null;
  readonly contact_phone: string | null;
  readonly email: string | null;
}

export interface OwnTicket {
  readonly ticket_id: string;
  /** Null for a ticket of somebody else, in which the person wrote. */
  readonly opened_at: string | null;
  readonly customer: OwnDetails | null;
  readonly channel: { readonly type: string | null; readonly chat_id: string | null; readonly topic_id: string | null } | null;
  /** As the CRM sent it; JSON text. */
  readonly metadata: string | null;
  readonly messages: readonly OwnMessage[];
}

export interface PersonsArchive {
  query<Row>(sql: string): Promise<Row[]>;
  stream<Row>(sql: string): AsyncIterable<Row[]>;
}

export interface Person {
  readonly integrationId: string;
  readonly telegramUserId: number;
}

interface TicketRow {
  readonly ticket_id: string;
  readonly opened_at: string;
  readonly customer: OwnDetails;
  readonly channel: OwnTicket['channel'];
  readonly metadata: string | null;
}

interface MessageRow extends Omit<OwnMessage, 'at'> {
  readonly ticket_id: string;
  readonly at: string;
  readonly message_id: string | null;
  readonly opens: boolean;
}

const isoText = (column: string): string => `concat(replaceOne(toString(${column}), ' ', 'T'), 'Z')`;

const ticketsOf = ({ integrationId, telegramUserId }: Person): string => `
SELECT ticket_id, ${isoText('min(timestamp)')} AS opened_at,
    CAST(argMin((customer_telegram_user_id, customer_username, customer_first_name, customer_last_name, customer_language_code, customer_contact_phone, customer_email), (timestamp, event_id)),
        'Tuple(telegram_user_id Int64, username Nullable(String), first_name Nullable(String), last_name Nullable(String), language_code Nullable(String), contact_phone Nullable(String), email Nullable(String))') AS customer,
    CAST(argMin((channel_type, channel_chat_id, channel_topic_id), (timestamp, event_id)), 'Tuple(type Nullable(String), chat_id Nullable(String), topic_id Nullable(String))') AS channel,
    argMin(tuple(metadata), (timestamp, event_id)).1 AS metadata
FROM log.events
WHERE integration_id = ${sqlString(integrationId)} AND event_type = 'ticket.created' AND customer_telegram_user_id = ${telegramUserId}
GROUP BY ticket_id`;

/** From the one view that has no private message; of customers, only this one's. A ticket's messages come one after the other. */
const messagesOf = ({ integrationId, telegramUserId }: Person): string => `
SELECT ticket_id, ${isoText('timestamp')} AS at, author, text, files, message_id, opens
FROM
(
    SELECT *, event_id IN (SELECT event_id FROM log.events WHERE integration_id = ${sqlString(integrationId)} AND event_type = 'ticket.created' AND customer_telegram_user_id = ${telegramUserId}) AS opens,
        ticket_id IN (SELECT ticket_id FROM log.events WHERE integration_id = ${sqlString(integrationId)} AND event_type = 'ticket.created' AND customer_telegram_user_id = ${telegramUserId}) AS is_own
    FROM log.public_messages
    WHERE integration_id = ${sqlString(integrationId)}
)
WHERE if(is_own, author = 'support' OR ifNull(author_telegram_user_id, ${telegramUserId}) = ${telegramUserId}, ifNull(author_telegram_user_id, 0) = ${telegramUserId})
ORDER BY ticket_id, timestamp, opens DESC, event_id`;

/** Ticket by ticket, so that one is in memory at a time; first those that the person opened, in the order of their ids. */
export async function* ticketsOfPerson(archive: PersonsArchive, person: Person): AsyncGenerator<OwnTicket> {
  const opened = new Map((await archive.query<TicketRow>(ticketsOf(person))).map((ticket) => [ticket.ticket_id, ticket]));
  let current: Conversation | undefined;
  for await (const rows of archive.stream<MessageRow>(messagesOf(person))) {
    for (const row of rows) {
      if (current?.id !== row.ticket_id) {
        if (current !== undefined) yield ticketWith(opened, current);
        current = { id: row.ticket_id, messages: [], opening: null };
      }
      add(current, row);
    }
  }
  if (current !== undefined) yield ticketWith(opened, current);
  // Those in which nobody has written anything.
  for (const id of [...opened.keys()].sort()) yield ticketWith(opened, { id, messages: [] });
}

interface Conversation {
  readonly id: string;
  readonly messages: OwnMessage[];
  /** Id of the message that opened the ticket: it may come again as one of its messages. */
  opening: string | null;
}

function add(conversation: Conversation, { message_id, opens, at, author, text, files }: MessageRow): void {
  if (!opens && message_id !== null && message_id === conversation.opening) return;
  if (opens) conversation.opening = message_id;
  conversation.messages.push({ at, author, text, files });
}

/** A ticket is told once. */
function ticketWith(opened: Map<string, TicketRow>, { id, messages }: Pick<Conversation, 'id' | 'messages'>): OwnTicket {
  const ticket = opened.get(id);
  opened.delete(id);
  if (ticket === undefined) return { ticket_id: id, opened_at: null, customer: null, channel: null, metadata: null, messages };
  return { ticket_id: id, opened_at: ticket.opened_at, customer: ticket.customer, channel: ticket.channel, metadata: ticket.metadata, messages };
}

/** As one JSON document, piece by piece. */
export async function* personAsJson(person: Person, at: Date, tickets: AsyncIterable<OwnTicket>): AsyncGenerator<string> {
  yield `{"format":1,"integration_id":${JSON.stringify(person.integrationId)},"telegram_user_id":${person.telegramUserId},"exported_at":"${at.toISOString()}","tickets":[`;
  let comma = '';
  for await (const ticket of tickets) {
    yield `${comma}\n${JSON.stringify(ticket)}`;
    comma = ',';
  }
  yield '\n]}\n';
}
