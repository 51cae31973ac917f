import { expect, test } from 'vitest';
import { personAsPage } from './page.ts';
import { personAsJson, ticketsOfPerson, type OwnTicket, type PersonsArchive } from './person.ts';

const person = { integrationId: 'acme', telegramUserId: 42 };
const message = (ticket_id: string, at: string, text: string, more: object = {}): object => ({ ticket_id, at, author: 'customer', text, files: [], message_id: null, opens: false, ...more });
const details = { telegram_user_id: 42, username: null, first_name: 'Mira <b>', last_name: null, language_code: 'fa', contact_phone: null, email: null };

/** Rows come in pieces that end anywhere. */
function archive(opened: readonly object[], messages: readonly object[]): PersonsArchive {
  return {
    query: () => Promise.resolve(opened as never[]),
    stream: async function* () {
      for (const row of messages) yield await Promise.resolve([row] as never[]);
    },
  };
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

async function listOf(tickets: AsyncIterable<OwnTicket>): Promise<OwnTicket[]> {
  const list: OwnTicket[] = [];
  for await (const ticket of tickets) list.push(ticket);
  return list;
}

test('each ticket is told once, with its messages, the opening one once', async () => {
  const opened = ['T-1', 'T-3'].map((ticket_id) => ({ ticket_id, opened_at: '2026-03-02T09:00:00.000Z', customer: details, channel: null, metadata: null }));
  const tickets = await listOf(ticketsOfPerson(archive(opened, [
    message('T-1', '1', 'help', { opens: true, message_id: 'm1' }), message('T-1', '1', 'help', { message_id: 'm1' }), message('T-1', '2', 'we do', { author: 'support' }),
    message('T-2', '3', 'me too'),
  ]), person));
  expect(tickets.map(({ ticket_id, opened_at, messages }) => [ticket_id, opened_at !== null, messages.map(({ text }) => text)])).toStrictEqual([
    ['T-1', true, ['help', 'we do']], ['T-2', false, ['me too']], ['T-3', true, []],
  ]);
});

test('the page shows texts of any direction as they are, and runs nothing that somebody wrote', async () => {
  const nasty = '<script>alert("1")</script> & \'x\' سلام';
  const opened = [{ ticket_id: 'T-1"><img>', opened_at: '2026-03-02T09:00:00.000Z', customer: details, channel: { type: 'x', chat_id: '<i>', topic_id: null }, metadata: '{"a":"</section>"}' }];
  const rows = [message('T-1"><img>', '2026-03-02T09:00:00.000Z', nasty, { files: [{ file_name: '<x>.pdf', file_url: null, file_size: null, content_type: null }] })];
  const html = await textOf(personAsPage(person, new Date('2026-04-01'), ticketsOfPerson(archive(opened, rows), person)));
  expect(html).toContain('<p dir="auto">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39; سلام</p>');
  expect(html.replace(/<(\/?(html|head|meta|title|style|body|h1|h2|dl|dt|dd|time|section|article|header|p|bdi)\b[^<>]*|!doctype html)>/g, '')).not.toMatch(/[<>]/);
  expect(html).toContain("default-src 'none'");
});

test('a message of which nothing can be read any more is a message all the same', async () => {
  const html = await textOf(personAsPage(person, new Date('2026-04-01'), ticketsOfPerson(archive([], [message('T-1', '2026-03-02T09:00:00.000Z', '', { text: null })]), person)));
  expect(html).toMatch(/You · .*\(nothing that is held, or can still be read\)/);
});

test('the JSON document is one, whatever is in it', async () => {
  const rows = [message('T-1', '1', '"\u2028\n'), message('T-2', '2', 'x')];
  const json = JSON.parse(await textOf(personAsJson(person, new Date('2026-04-01'), ticketsOfPerson(archive([], rows), person)))) as { tickets: OwnTicket[] };
  expect(json.tickets.map(({ messages }) => messages[0]?.text)).toStrictEqual(['"\u2028\n', 'x']);
  const none = JSON.parse(await textOf(personAsJson(person, new Date('2026-04-01'), ticketsOfPerson(archive([], []), person)))) as { tickets: OwnTicket[] };
  expect(none.tickets).toStrictEqual([]);
  expect(await textOf(personAsPage(person, new Date('2026-04-01'), ticketsOfPerson(archive([], []), person)))).toContain('Nothing is held');
});
