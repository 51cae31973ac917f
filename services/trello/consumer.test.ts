import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TrelloServer } from '../../infra/demo/trello/server.ts';
import { objectId, type StoredBoard, type StoredCard } from '../../infra/demo/trello/store.ts';
import { sampleEvent, type TicketEvent } from '../../schemas/events.ts';
import { placeFor } from '../destinations/consumer.ts';
import { NotNow } from '../destinations/failures.ts';
import { readDestinations } from '../destinations/file.ts';
import { deliver } from '../runtime/consumer/testing.ts';
import type { Opened } from '../runtime/consumer.ts';
import { createLogger } from '../runtime/logger.ts';
import { command } from './command.ts';
import { consumer } from './consumer.ts';
import { section } from './section.ts';
import { LONGEST_TEXT } from './texts.ts';

const TOKEN = 'a-token-that-nobody-may-see';
const logger = createLogger('trello', 'fatal');
let folder = '';
let server: TrelloServer;
let board: StoredBoard;
let opened: Opened<unknown>;
let offset = 0;

const usual = ['New', 'Open', 'Pending', 'On hold', 'Solved', 'Closed', 'Discarded'];
const limits = { perKey: 30_000, perToken: 10_000, windowMs: 10_000 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-trello-'));
});
afterAll(() => rm(folder, { recursive: true }));

const file = (): string => join(folder, 'destinations.json');

async function open(more: object = {}): Promise<void> {
  await writeFile(file(), JSON.stringify({ acme: { trello: { api_url: server.url, key: 'k', token: TOKEN, board: board.shortLink, ...more } } }));
  await (opened as Opened<unknown> | undefined)?.close?.();
  opened = await consumer.open({ DESTINATIONS_FILE: file() }, logger);
}

beforeEach(async () => {
  server = await TrelloServer.start({ key: 'k', token: TOKEN, limits });
  board = server.store.addBoard('Support', { lists: usual, members: ['lea', 'max'] });
  for (const [name, type] of [['telegram_user_id', 'number'], ['Ticket Status', 'text'], ['First Response Time', 'number'], ['Ticketstream', 'text']] as const) server.store.addField(board, name, type);
  await open({ ticket_url: 'https://crm.example/t/{ticket_id}', members: { 'agent-lea': 'Lea', 'agent-max': '@max', 'agent-gone': 'nobody' } });
});
afterEach(async () => {
  await opened.close?.();
  server.stop();
});

const at = (clock: string): Date => new Date(`2026-03-02T${clock}:00.000Z`);
const base = (clock: string, ticket = 'TKT-1') => ({ event_id: `e-${++offset}`, ticket_id: ticket, timestamp: at(clock), source: { integration_id: 'acme' } });
const created = (clock: string, more: object = {}, ticket = 'TKT-1') => sampleEvent('ticket.created', {
  ...base(clock, ticket), customer: { telegram_user_id: 4_503_599_627_370_495, first_name: 'Mira', last_name: 'M.', username: 'mira' },
  channel: { type: 'direct_message', chat_id: '77' }, initial_message: { message_id: 'm0', text: 'My parcel is late' }, metadata: '{"source_url":"https://shop.example/o/1"}', ...more,
});
const message = (clock: string, sender: object, more: object = {}, ticket = 'TKT-1') => sampleEvent('message.received', { ...base(clock, ticket), message_id: `m${offset}`, sender: { type: 'customer', ...sender }, content: { text: 'said', content_type: 'text' }, ...more });
const reply = (clock: string, ticket = 'TKT-1') => message(clock, { type: 'agent', agent_id: 'agent-lea' }, {}, ticket);
const status = (clock: string, previous_status: string, new_status: string, ticket = 'TKT-1') => sampleEvent('status.changed', { ...base(clock, ticket), previous_status, new_status });
const assigned = (clock: string, assignee: object) => sampleEvent('agent.assigned', { ...base(clock), assignee: { ...assignee }, assigned_by: { type: 'agent', name: 'Kim' } });

const deliverAll = async (...events: TicketEvent[]) => {
  for (const event of events) expect(await deliver(consumer, event, { tools: opened.tools })).toBeUndefined();
};
const cards = (): StoredCard[] => server.store.cardsOf(board);
function card(): StoredCard {
  const [only, second] = cards();
  if (only === undefined || second !== undefined) throw new Error(`there are ${cards().length} cards`);
  return only;
}
const listName = ({ idList }: StoredCard): string => server.store.lists.get(idList)?.name ?? '';
const shown = (name: string): string | undefined => server.store.valueOf(card(), name);
/** As a new process that knows nothing. */
const restart = (): Promise<void> => open();

test('a ticket becomes a card with its first message, who and where, links and fields', async () => {
  await deliverAll(created('09:00', { initial_message: { text: 'My parcel is late', files: [{ file_url: 'https://files.example/a.jpg', file_name: 'a.jpg', file_size: null, content_type: null }] } }));
  expect(listName(card())).toBe('New');
  expect(card().name).toBe('TKT-1 · Mira M.');
  for (const text of ['My parcel is late', 'https://crm.example/t/TKT-1', 'https://t.me/mira', '4503599627370495', 'direct_message, chat 77', 'https://shop.example/o/1', '2026-03-02 09:00:00 UTC']) expect(card().desc).toContain(text);
  expect([shown('telegram_user_id'), shown('Ticket Status'), shown('First Response Time')]).toStrictEqual(['4503599627370495', 'new', undefined]);
  expect(card().attachments).toMatchObject([{ url: 'https://files.example/a.jpg', name: 'a.jpg' }]);
  expect(server.served.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path.replace(card().id, '…')}`)).toStrictEqual(['POST /cards', 'POST /cards/…/attachments', 'PUT /cards/…/customFields']);
});

test('messages become comments that say whose they are; private notes stay away', async () => {
  await deliverAll(created('09:00'), message('09:01', { username: 'mira' }), reply('09:02'), message('09:03', { type: 'agent', agent_id: 'agent-lea' }, { is_automated: true }), message('09:04', { type: 'agent', agent_id: 'agent-lea' }, { is_private: true, content: { text: 'he is angry' } }));
  expect(card().comments.map(({ text }) => text.split('\n')[0])).toStrictEqual(['**Customer mira**:', '**Agent agent-lea**:', '**Automatic message agent-lea**:']);
  expect(JSON.stringify([...server.served])).not.toContain('angry');
  await open({ private_notes: true });
  await deliverAll(message('09:05', { type: 'agent', agent_id: 'agent-lea' }, { is_private: true }));
  expect(card().comments.at(-1)?.text).toMatch(/^\*\*PRIVATE NOTE, not for the customer, by agent-lea\*\*/);
});

test('the first response time is the fold’s, whatever the order in which events come', async () => {
  await deliverAll(reply('09:10'), created('09:00'), reply('09:05'), message('09:01', {}), reply('09:20'));
  expect(shown('First Response Time')).toBe('300');
  await restart();
  await deliverAll(reply('09:04'));
  expect(shown('First Response Time'), 'the card remembers what decides it').toBe('240');
});

test('a status moves the card to its list, by the section’s map or by category; a late one does not move it back', async () => {
  await deliverAll(created('09:00'), status('09:10', 'new', 'Waiting for customer'));
  expect([listName(card()), shown('Ticket Status')]).toStrictEqual(['Pending', 'Waiting for customer']);
  await deliverAll(status('09:20', 'Waiting for customer', 'resolved'));
  await restart();
  await deliverAll(status('09:15', 'Waiting for customer', 'open'));
  expect([listName(card()), shown('Ticket Status')]).toStrictEqual(['Solved', 'resolved']);
  server.store.addList(board, 'Legal');
  await open({ lists: { 'waiting on LEGAL': 'legal', open: 'Pending' } });
  await deliverAll(status('09:30', 'resolved', 'Waiting-on legal'));
  expect(listName(card())).toBe('Legal');
  await deliverAll(status('09:40', 'waiting on legal', 'in progress'));
  expect(listName(card())).toBe('Pending');
});

test('a card is made on demand, and filled in by the creation that comes later', async () => {
  await deliverAll(status('09:10', 'new', 'open'), message('09:05', {}));
  expect([card().name, listName(card()), card().comments.length]).toStrictEqual(['TKT-1', 'Open', 1]);
  await deliverAll(created('09:00'));
  expect([card().name, listName(card())]).toStrictEqual(['TKT-1 · Mira M.', 'Open']);
  expect(card().desc).toContain('My parcel is late');
});

test('what people wrote is not overwritten, and archived cards stay archived', async () => {
  await deliverAll(message('09:05', {}));
  Object.assign(card(), { desc: 'call her back', name: 'Parcel!', closed: true });
  await restart();
  await deliverAll(created('09:00'), status('09:10', 'new', 'open'));
  expect(card()).toMatchObject({ desc: 'call her back', name: 'Parcel!', closed: true });
  expect(listName(card())).toBe('Open');
});

test('an agent who is mapped becomes the card’s member, any other a line in the comments', async () => {
  const [lea, max] = board.members.map(({ id }) => id);
  await deliverAll(created('09:00'), assigned('09:01', { agent_id: 'agent-lea' }));
  expect(card().idMembers).toStrictEqual([lea]);
  await deliverAll(assigned('09:03', { agent_id: 'agent-max' }), assigned('09:02', { agent_id: 'agent-lea' }));
  expect(card().idMembers, 'the late one changes nothing').toStrictEqual([max]);
  await deliverAll(assigned('09:04', { agent_id: 'agent-zoe', name: 'Zoe', group_id: 'billing' }), assigned('09:05', {}));
  expect(card().idMembers).toStrictEqual([]);
  expect(card().comments.map(({ text }) => text.split('\n')[2])).toStrictEqual(['Assigned to Zoe, billing, by Kim', 'Assigned to nobody, by Kim']);
});

test('a long message becomes several comments, a long first one is cut and says so; nobody is mentioned', async () => {
  const long = `@board ${'word '.repeat(8_000)}`;
  await deliverAll(created('09:00', { initial_message: { text: long } }), message('09:01', {}, { content: { text: long } }));
  expect(card().desc.length).toBeLessThanOrEqual(LONGEST_TEXT);
  expect(card().desc).toMatch(/\(cut here: \d+ more characters\)/);
  expect(card().comments.map(({ text }) => /\((\d of \d)\)/.exec(text)?.[1])).toStrictEqual(['1 of 3', '2 of 3', '3 of 3']);
  expect(card().comments.map(({ text }) => text.split('\n\n').slice(1, -1).join('\n\n')).join('').replaceAll('\u200b', '')).toBe(long);
  expect(card().desc + String(card().comments[0]?.text)).not.toMatch(/@board/);
});

test('an event that comes again adds nothing, also to a process that knows nothing', async () => {
  const events = [created('09:00'), message('09:01', {}), reply('09:02'), status('09:03', 'new', 'open'), assigned('09:04', { agent_id: 'agent-zoe' })];
  await deliverAll(...events);
  const before = JSON.stringify([cards(), [...card().values]]);
  await deliverAll(...events);
  await restart();
  await deliverAll(...events);
  expect(JSON.stringify([cards(), [...card().values]])).toBe(before);
});

test.for(['POST /cards', 'PUT /cards/…/customFields', 'POST /cards/…/actions/comments', 'POST /cards/…/attachments', 'POST /cards/…/idMembers', 'PUT /cards/…'])('a reply to %s that is lost after the effect makes nothing twice', async (step) => {
  const files = [{ file_url: 'https://files.example/a.jpg', file_name: 'a', file_size: null, content_type: null }];
  const events = [created('09:00'), message('09:01', {}, { content: { text: 'x', files } }), assigned('09:02', { agent_id: 'agent-lea' }), status('09:03', 'new', 'open')];
  let lost = 0;
  server.fault = ({ method, path }) => (`${method} ${path.replace(/[0-9a-f]{24}/, '…')}` === step && lost++ === 0 ? { drop: 'after' } : undefined);
  for (const event of events) {
    await deliver(consumer, event, { tools: opened.tools }).catch(async (error: unknown) => {
      expect(error).toBeInstanceOf(NotNow);
      await deliver(consumer, event, { tools: opened.tools });
    });
  }
  expect(lost).toBeGreaterThan(0);
  expect([card().comments.length, card().attachments.length, card().idMembers.length, listName(card())]).toStrictEqual([1, 1, 1, 'Open']);
});

test('a deleted card is made again by the ticket’s next event; one on another board is still the ticket’s', async () => {
  await deliverAll(created('09:00'));
  server.store.cards.delete(card().id);
  await expect(deliver(consumer, message('09:01', {}), { tools: opened.tools })).rejects.toThrow(/the card is gone/);
  await deliverAll(message('09:01', {}));
  const again = card();
  const other = server.store.addBoard('Elsewhere', { lists: ['Inbox'] });
  const [inbox] = server.store.listsOf(other);
  if (inbox !== undefined) server.store.moveToBoard(again, inbox);
  await restart();
  await deliverAll(message('09:02', {}), status('09:03', 'new', 'open'));
  expect([cards().length, again.comments.length, again.idList]).toStrictEqual([0, 2, inbox?.id]);
});

test('a card whose description lost its mark is found by the field, one without the field by the mark', async () => {
  await deliverAll(created('09:00'));
  card().desc = 'nothing of ours';
  await restart();
  await deliverAll(message('09:01', {}));
  expect(card().comments).toHaveLength(1);
  server.store.fields.clear();
  await restart();
  await deliverAll(created('10:00', {}, 'TKT-2'));
  await restart();
  await deliverAll(message('10:01', {}, {}, 'TKT-2'));
  expect(cards().map(({ comments }) => comments.length)).toStrictEqual([1, 1]);
});

test('an outage and revoked credentials wait, what Trello will never take is rejected, and no token is told', async () => {
  const told: string[] = [];
  const answer = async (fault: object) => {
    server.fault = ({ method }) => (method === 'POST' || !('status' in fault) || fault.status !== 400 ? fault : undefined);
    const end = await deliver(consumer, created('09:00'), { tools: opened.tools }).catch((error: unknown) => error);
    told.push(JSON.stringify(end), String(end));
    return end;
  };
  for (const code of [401, 429, 500, 503]) expect(await answer({ status: code }), String(code)).toBeInstanceOf(NotNow);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect(await answer({ drop: 'before' })).toBeInstanceOf(NotNow);
  expect(await answer({ status: 400 })).toMatchObject({ outcome: 'reject' });
  expect(told.join()).not.toContain(TOKEN);
});

test('a board that is not there is no event’s fault', async () => {
  await open({ board: 'nosuchboard' });
  await expect(deliver(consumer, created('09:00'), { tools: opened.tools })).rejects.toThrow(/is the section's board right/);
});

test('while its board is closed a ticket waits, and nothing is lost; lists that are archived get no cards', async () => {
  await deliverAll(created('09:00'));
  board.closed = true;
  for (const event of [message('09:01', {}), created('09:00', {}, 'TKT-2')]) await expect(deliver(consumer, event, { tools: opened.tools })).rejects.toThrow(/the board "Support" is closed: reopen it/);
  await restart();
  await expect(deliver(consumer, message('09:01', {}), { tools: opened.tools })).rejects.toBeInstanceOf(NotNow);
  board.closed = false;
  for (const list of server.store.listsOf(board)) if (['New', 'Pending'].includes(list.name)) list.closed = true;
  await deliverAll(message('09:01', {}), created('09:00', {}, 'TKT-2'), status('09:02', 'new', 'pending'));
  expect(cards().map((one) => [listName(one), one.comments.length])).toStrictEqual([['New', 1], ['Open', 0]]);
});

test('two integrations on one board keep their tickets apart, also when ids are the same', async () => {
  const section = { api_url: server.url, key: 'k', token: TOKEN, board: board.shortLink };
  await writeFile(file(), JSON.stringify({ acme: { trello: section }, globex: { trello: section } }));
  const ofGlobex = (event: TicketEvent): TicketEvent => ({ ...event, source: { ...event.source, integration_id: 'globex' } });
  const events = [created('09:00'), ofGlobex(created('09:00')), message('09:01', {}), ofGlobex(reply('09:02')), ofGlobex(status('09:03', 'new', 'open'))];
  for (let process = 0; process < 2; process++) {
    await opened.close?.();
    opened = await consumer.open({ DESTINATIONS_FILE: file() }, logger);
    await deliverAll(...events);
    expect(cards().map((one) => [listName(one), one.comments.length, /of (\w+):?/.exec(one.desc)?.[1]])).toStrictEqual([['New', 1, 'acme'], ['Open', 1, 'globex']]);
  }
});

test('what is merged, spam or solved goes to its list, and comes back when it is opened again', async () => {
  await deliverAll(created('09:00'), status('09:01', 'new', 'merged'));
  expect(listName(card())).toBe('Discarded');
  await deliverAll(status('09:02', 'merged', 'reopened'), message('09:03', {}));
  expect([listName(card()), card().comments.length]).toStrictEqual(['Open', 1]);
  await deliverAll(status('09:04', 'reopened', 'solved'), status('09:05', 'solved', 'open'));
  expect(listName(card())).toBe('Open');
});

test('the board’s cards are all known, also when they are more than one answer holds', async () => {
  const [list] = server.store.listsOf(board);
  await deliverAll(created('09:00'));
  for (let n = 0; n < 2_100; n++) if (list !== undefined) server.store.addCard(list, `card ${n}`, 'of people');
  await restart();
  await deliverAll(message('09:01', {}));
  expect(cards().filter(({ comments }) => comments.length > 0)).toHaveLength(1);
  expect(cards()).toHaveLength(2_101);
});

test('a field that somebody deletes costs the field, not the event', async () => {
  await deliverAll(created('09:00'));
  server.store.fields.clear();
  await deliverAll(message('09:01', {}), status('09:02', 'new', 'open'));
  expect([card().comments.length, listName(card())]).toStrictEqual([1, 'Open']);
});

describe('many cards that a process knows nothing of', () => {
  const tickets = Array.from({ length: 60 }, (_, n) => `TKT-${n}`);
  const reads = (): string[] => server.served.filter(({ method }) => method === 'GET').map(({ path }) => path.replace(/\w{20,}/, 'id'));
  const cardOf = (ticket: string): StoredCard | undefined => cards().find(({ name }) => name.startsWith(`${ticket} `));
  const bring = (events: readonly TicketEvent[]): Promise<unknown[]> => Promise.all(events.map((event) => deliver(consumer, event, { tools: opened.tools })));
  const anotherProcess = (): Promise<void> => open({ requests_per_10_seconds: 10_000 });
  beforeEach(async () => {
    await anotherProcess();
    await bring(tickets.map((ticket) => created('09:00', {}, ticket)));
    await anotherProcess();
    server.served.length = 0;
  });

  test('are read in pages, not each by itself, and get what comes as if they had been', async () => {
    const replies = tickets.map((ticket) => reply('09:05', ticket));
    for (const event of replies) await bring([event]);
    expect(reads().filter((path) => path === '/cards/id').length).toBeLessThan(15);
    expect(reads().length).toBeLessThan(25);
    await anotherProcess();
    await bring(replies);
    for (const ticket of tickets) expect([cardOf(ticket)?.comments.length, server.store.valueOf(cardOf(ticket) as StoredCard, 'First Response Time')], ticket).toStrictEqual([1, '300']);
  });

  test('get no second comment from an event that comes again long after, whatever was read of them', async () => {
    const old = message('09:05', {}, {}, 'TKT-50');
    await bring([old]);
    const made = cardOf('TKT-50')?.comments;
    made?.splice(0, 1, ...made.map((comment) => ({ ...comment, id: objectId(at('09:06').getTime()) })));
    await anotherProcess();
    for (const ticket of tickets.slice(0, 40)) await bring([message('09:05', {}, { timestamp: new Date() }, ticket)]);
    expect(reads()).toContain('/boards/id/cards/all');
    await bring([old]);
    expect(cardOf('TKT-50')?.comments).toHaveLength(1);
  });

  test('are not taken as they were before this process wrote to them', async () => {
    await bring([message('09:05', {}, {}, 'TKT-0')]);
    const lost = reply('09:06', 'TKT-0');
    let isReading: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => (isReading = resolve));
    server.fault = ({ path, values }) => {
      if (path.endsWith('/actions') && String(values['filter']).includes('commentCard')) {
        isReading?.();
        return { delayMs: 300 };
      }
      return path.endsWith('/comments') && String(values['text']).includes('09:06') ? { drop: 'after' } : undefined;
    };
    const all = bring(tickets.slice(1).map((ticket) => message('09:05', {}, {}, ticket)));
    await begun;
    await bring([status('09:05', 'new', 'pending', 'TKT-0')]);
    await expect(deliver(consumer, lost, { tools: opened.tools })).rejects.toBeInstanceOf(NotNow);
    server.fault = undefined;
    await all;
    await bring([lost]);
    expect(cardOf('TKT-0')?.comments).toHaveLength(2);
    expect(server.store.valueOf(cardOf('TKT-0') as StoredCard, 'Ticketstream')).toContain('pending');
  });
});

test('check says what is missing, setup makes it', async () => {
  server.store.fields.clear();
  for (const list of server.store.listsOf(board)) if (list.name === 'On hold') list.closed = true;
  const value = (await readDestinations(file(), section)).get('acme');
  if (value === undefined) throw new Error('no section');
  const place = placeFor('acme', value, section, logger);
  const missing = async (): Promise<string[]> => (await command.check(place)).filter(({ todo }) => todo !== null).map(({ what }) => what);
  expect(await missing()).toStrictEqual(['list "On hold"', 'custom field "telegram_user_id"', 'custom field "Ticket Status"', 'custom field "First Response Time"', 'custom field "Ticketstream"', 'member nobody for agent agent-gone']);
  await command.setup(place);
  expect(await missing()).toStrictEqual(['member nobody for agent agent-gone']);
});

test('the Trello to try with shows its boards as a page', async () => {
  await deliverAll(created('09:00', { customer: { first_name: '<b>Mira</b>' } }), message('09:01', {}));
  const page = await (await fetch(server.url)).text();
  for (const text of ['Support: 1 cards', '<h2>New <span>(1)', 'TKT-1 · &#60;b&#62;Mira', 'title="Ticket Status">new<', '1 comment<', '<u>Customer</u>said</p>']) expect(page).toContain(text);
  expect(page, 'marks are for machines').not.toMatch(/ts:[0-9a-f]{16}/);
  expect(page).not.toContain('<b>Mira');
});

test('a dry run prints what it would do and does nothing', async () => {
  const lines: string[] = [];
  const dry = await consumer.openDry({ DESTINATIONS_FILE: file() }, logger, (line) => lines.push(line));
  await deliver(consumer, created('09:00'), { tools: dry.tools });
  await deliver(consumer, message('09:01', {}), { tools: dry.tools });
  await dry.close?.();
  expect(cards()).toStrictEqual([]);
  expect(lines[0]).toMatch(/^Trello: would POST \/1\/cards .*TKT-1/);
  expect(lines.some((line) => line.includes('/actions/comments'))).toBe(true);
  expect(lines.join()).not.toContain(TOKEN);
});
