// What a customer may see of an event. A private note never becomes an entry, and everything
// that is written to disk is made of entries.
import type { MessageReceived, TicketCreated } from '../../schemas/events.ts';

export interface Entry {
  readonly event_id: string;
  /** Event time, ISO 8601. */
  readonly at: string;
  /** Order within one instant, as everywhere: a creation comes before messages. */
  readonly rank: number;
  readonly message_id: string | null;
  readonly from: string;
  readonly text: string;
  /** Names or addresses of attached files. */
  readonly files: readonly string[];
}

type Files = MessageReceived['content']['files'];

const namesOf = (files: Files): string[] => files.map(({ file_name, file_url, content_type }) => file_name ?? file_url ?? content_type ?? 'file');

/** Agents' and rules' names are the company's business. */
const SUPPORT = 'Support';

function opened({ event_id, timestamp, customer, initial_message: message }: TicketCreated): Entry {
  return {
    event_id: event_id.toLowerCase(), at: timestamp.toISOString(), rank: 0, message_id: message.message_id,
    // Without a name, e.g. of a customer who was forgotten, they are one all the same.
    from: customer.first_name === '' ? 'Customer' : customer.first_name, text: message.text ?? '', files: namesOf(message.files),
  };
}

/** The type says it too: there is no way to an entry for a message that is private. */
function said({ event_id, timestamp, message_id, sender, content }: MessageReceived & { readonly is_private: false }): Entry {
  return {
    event_id: event_id.toLowerCase(), at: timestamp.toISOString(), rank: 1, message_id,
    from: sender.type === 'customer' ? 'Customer' : SUPPORT, text: content.text ?? '', files: namesOf(content.files),
  };
}

const isPublic = (event: MessageReceived): event is MessageReceived & { readonly is_private: false } => !event.is_private;

export function publicEntry(event: TicketCreated | MessageReceived): Entry | null {
  if (event.event_type === 'ticket.created') return opened(event);
  return isPublic(event) ? said(event) : null;
}
