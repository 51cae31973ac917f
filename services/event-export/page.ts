// The same as a page that a person can read: without a script, without anything from elsewhere. What people wrote is escaped,
// and each text finds its own direction, so that Arabic, Persian and Hebrew stand right between lines that run the other way.
import type { OwnDetails, OwnMessage, OwnTicket, Person } from './person.ts';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
export const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');

/** A piece of somebody's text within a line of ours: what it does to the direction ends with it. */
const isolated = (text: string): string => `<bdi>${escaped(text)}</bdi>`;

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2.5rem;border-top:1px solid #d0d7de;padding-top:1rem}
dl{display:grid;grid-template-columns:max-content auto;gap:.2rem 1rem}dt{color:#57606a}dd{margin:0;overflow-wrap:anywhere}
article{margin:.8rem 0;padding:.6rem .8rem;border-radius:.5rem;background:#f3f5f7}article.support{background:#e7f1fb}
header{font-size:.85rem;color:#57606a}p{margin:.2rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere}`;

const labels: Readonly<Record<keyof OwnDetails, string>> = {
  telegram_user_id: 'Telegram user id', username: 'Telegram user name', first_name: 'First name', last_name: 'Last name', language_code: 'Language', contact_phone: 'Phone', email: 'E-mail',
};

const when = (at: string): string => `<time datetime="${escaped(at)}">${escaped(at.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'))}</time>`;
const line = (label: string, value: string | number | null): string => (value === null || value === '' ? '' : `<dt>${label}</dt><dd>${isolated(String(value))}</dd>`);

function detailsOf({ opened_at, customer, channel, metadata }: OwnTicket): string {
  if (opened_at === null) return '<p>A ticket of somebody else, in which you wrote.</p>';
  const told = customer === null ? '' : (Object.keys(labels) as (keyof OwnDetails)[]).map((name) => line(labels[name], customer[name])).join('');
  const where = channel === null ? '' : `${line('Channel', channel.type)}${line('Chat', channel.chat_id)}${line('Topic', channel.topic_id)}`;
  return `<dl><dt>Opened</dt><dd>${when(opened_at)}</dd>${told}${where}${line('Further data', metadata)}</dl>`;
}

function messageOf({ at, author, text, files }: OwnMessage): string {
  const attached = files.map(({ file_name, file_url, content_type }) => `<p dir="auto">File: ${isolated(file_name ?? file_url ?? content_type ?? 'without a name')}</p>`).join('');
  const said = text === null || text === '' ? '' : `<p dir="auto">${escaped(text)}</p>`;
  return `<article class="${author}"><header>${author === 'customer' ? 'You' : 'Support'} · ${when(at)}</header>${said === '' && attached === '' ? '<p>(nothing that is held, or can still be read)</p>' : `${said}${attached}`}</article>`;
}

export async function* personAsPage(person: Person, at: Date, tickets: AsyncIterable<OwnTicket>): AsyncGenerator<string> {
  yield `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Your data</title><style>${style}</style></head><body>
<h1>Your data</h1>
<dl>${line('Telegram user id', person.telegramUserId)}${line('Held for', person.integrationId)}<dt>As of</dt><dd>${when(at.toISOString())}</dd></dl>
`;
  let any = false;
  for await (const ticket of tickets) {
    any = true;
    yield `<section><h2>Ticket ${isolated(ticket.ticket_id)}</h2>${detailsOf(ticket)}\n${ticket.messages.map(messageOf).join('\n')}</section>\n`;
  }
  yield `${any ? '' : '<p>Nothing is held about this Telegram user.</p>\n'}</body></html>\n`;
}
