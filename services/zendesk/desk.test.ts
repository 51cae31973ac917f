import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sampleEvent } from '../../schemas/events.ts';
import { openZendesk, type ZendeskServer } from '../../test/vendors/zendesk.ts';
import type { Fault } from '../../test/vendors/vendor.ts';
import { NotNow, Refused } from '../destinations/failures.ts';
import { createApi } from '../destinations/http.ts';
import { Zendesk } from './client.ts';
import { Desk, importHistory, type DeskEvent } from './desk.ts';
import type { ZendeskSection } from './section.ts';

let server: ZendeskServer;
beforeAll(async () => {
  server = await openZendesk({ email: 'me@example.com', token: 'the-token', agents: [31], groups: [9] });
});
afterAll(() => server.close());
beforeEach(() => {
  server.tickets.length = 0;
  server.asked.length = 0;
});

const NOON = Date.UTC(2026, 2, 2, 12);
const at = (minute: number): Date => new Date(NOON + minute * 60_000);
let ticketId = '';
let serial = 0;
beforeEach(() => {
  ticketId = `TKT-${++serial}`;
});
const source = { integration_id: 'acme' };
const created = (more: object = {}) => sampleEvent('ticket.created', {
  ticket_id: ticketId, event_id: 'e-created', timestamp: at(0), source, customer: { telegram_user_id: 42, first_name: 'Mira', last_name: 'S' }, channel: { type: 'direct_message' },
  initial_message: { message_id: '1', text: 'My parcel is lost', content_type: 'text' }, ...more,
});
const message = (id: string, minute: number, text: string | null, more: object = {}) => sampleEvent('message.received', {
  ticket_id: ticketId, event_id: id, timestamp: at(minute), source, message_id: id, sender: { type: 'customer' }, content: { text, content_type: 'text' }, is_private: false, ...more,
});
const status = (id: string, minute: number, new_status: string) => sampleEvent('status.changed', { ticket_id: ticketId, event_id: id, timestamp: at(minute), source, new_status });
const assigned = (id: string, minute: number, assignee: { agent_id?: string; group_id?: string; name?: string }) => sampleEvent('agent.assigned', { ticket_id: ticketId, event_id: id, timestamp: at(minute), source, assignee });

const section = (): ZendeskSection => ({ url: server.url, email: 'me@example.com', api_token: 'the-token', statuses: { 'Waiting for parts': 'hold' }, agents: { lea: 31 }, groups: { returns: 9 }, private_notes: true, requests_per_minute: 2_500 });
/** A machine under load takes its time; what is not answered at all needs none. */
let timeoutMs = 5_000;
let onRequest = (): void => undefined;
const client = (settings = section()): Zendesk => new Zendesk(settings, (options) => {
  const api = createApi({ ...options, limits: [], secrets: [settings.api_token], timeoutMs });
  return {
    request: (request) => {
      onRequest();
      return api.request(request);
    },
  };
});
/** A process: what it knows dies with it. */
const process = (now: () => Date = () => at(0), settings = section()) => {
  const desk = new Desk(client(settings), settings, now);
  return (event: DeskEvent, mayBeRepeated = false, offset = 100): Promise<void> =>
    desk.take(event, { effectId: `${event.ticket_id}/${event.event_id}`, mayBeRepeated, signal: new AbortController().signal, position: { topic: 't', partition: 0, offset } });
};
const only = () => {
  expect(server.tickets).toHaveLength(1);
  const [ticket] = server.tickets;
  expect.assert(ticket !== undefined);
  return ticket;
};

test('a ticket lives in Zendesk as it does here: comments of both sides, notes, status, assignee', async () => {
  const take = process();
  const events = [
    created(), message('1', 0, 'My parcel is lost'), message('m2', 1, 'Hello?'), assigned('a1', 1, { agent_id: 'lea', group_id: 'returns' }), message('m3', 1, 'We look', { sender: { type: 'agent', agent_id: 'lea' } }),
    message('m4', 1, 'a note', { sender: { type: 'agent', agent_id: 'tom' }, is_private: true }), message('m5', 1, null, { content: { content_type: 'photo', files: [{ file_name: 'box.jpg', file_url: 'https://f/1', file_size: null, content_type: null }] } }),
    assigned('a2', 1, { agent_id: 'tom', name: 'Tom' }), status('s1', 2, 'waiting_for PARTS'), status('s2', 2, 'resolved'),
  ];
  for (const event of events) await take(event);
  const ticket = only();
  const mira = server.users.find(({ external_id }) => external_id === 'telegram:42');
  expect(mira?.name).toBe('Mira S');
  expect(ticket).toMatchObject({ external_id: `acme/${ticketId}`, requester_id: mira?.id, status: 'solved', assignee_id: 31, group_id: 9 });
  expect(ticket.comments.map(({ body, public: isPublic, author_id }) => [body, isPublic, author_id])).toStrictEqual([
    ['My parcel is lost', true, mira?.id], ['Hello?', true, mira?.id], ['We look', true, 31], ['tom:\na note', false, 1], ['[file: box.jpg https://f/1]', true, mira?.id], ['Assigned to Tom', false, 1],
  ]);
});

test('what happened long before says when', async () => {
  const take = process(() => at(30));
  await take(created());
  expect(only().comments[0]?.body).toBe('2026-03-02 12:00:00 UTC:\nMy parcel is lost');
});

test('without notes none goes there, not even to make a ticket', async () => {
  await process(undefined, { ...section(), private_notes: false })(message('n', 0, 'note', { is_private: true, sender: { type: 'agent', agent_id: 'lea' } }));
  expect(server.asked).toStrictEqual([]);
});

test('a ticket whose creation comes late, or never, is there all the same', async () => {
  const take = process();
  for (const event of [status('s1', 1, 'open'), message('m1', 1, 'Hello?'), created({ initial_message: { message_id: '7', text: 'First', content_type: 'text' } }), message('7', 0, 'First')]) await take(event);
  expect(only()).toMatchObject({ status: 'open', subject: `Telegram ${ticketId}` });
  expect(only().comments.map(({ body }) => body)).toStrictEqual(['A ticket that was there before', 'customer:\nHello?', 'First']);
  expect(only().requester_id).toBeGreaterThan(1);
});

const faults: readonly Fault[] = ['lost', 'silent', { status: 409 }, { status: 503 }, { status: 429, headers: { 'retry-after': '0' } }];
test.each(faults.map((fault) => [typeof fault === 'string' ? fault : `answered ${fault.status}`, fault] as const))('whichever request is %s, each event has its effect once', async (_what, fault) => {
  timeoutMs = fault === 'silent' ? 300 : 5_000;
  for (let faulty = 1; faulty <= 8; faulty++) {
    server.tickets.length = 0;
    ticketId = `TKT-${++serial}`;
    let requests = 0;
    onRequest = () => {
      if (++requests === faulty) server.faults.push(fault);
    };
    for (const event of [created(), message('m2', 1, 'Hello?'), status('s1', 2, 'pending'), message('m3', 3, 'Hello again')]) {
      // A new process for each try, as after a kill: nothing is remembered.
      for (let attempt = 1; ; attempt++) {
        const failure = await process()(event, attempt > 1).then(() => null, (error: unknown) => error);
        if (failure === null) break;
        expect(attempt).toBeLessThan(4);
        expect(failure).toBeInstanceOf(NotNow);
      }
    }
    onRequest = () => undefined;
    expect(only().comments.map(({ body }) => body)).toStrictEqual(['My parcel is lost', 'Hello?', 'Hello again']);
    expect(only().status).toBe('pending');
  }
  timeoutMs = 5_000;
});

test('an event that is delivered again finds its mark, also behind hundreds of changes', async () => {
  const take = process();
  await take(created());
  await take(message('m1', 1, 'once'));
  only().audits.push(...Array.from({ length: 250 }, () => ({ metadata: { custom: {} } })));
  for (const event of [created(), message('m1', 1, 'once')]) await process()(event, true);
  expect(only().comments.map(({ body }) => body)).toStrictEqual(['My parcel is lost', 'once']);
});

test('what Zendesk refuses is told in its words, without a secret', async () => {
  await process()(created());
  const error = await process(undefined, { ...section(), agents: { lea: 99 } })(assigned('a1', 1, { agent_id: 'lea' })).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Refused);
  expect(String(error)).toMatch(/Assignee: is invalid/);
  const wrong = await process(undefined, { ...section(), api_token: 'other-token' })(message('m2', 1, 'x')).catch((caught: unknown) => caught);
  expect(wrong).toBeInstanceOf(NotNow);
  expect(String(wrong)).not.toMatch(/other-token|Basic/);
});

const bodies = () => server.tickets.map(({ comments }) => comments.map(({ body }) => body));
const miras = (): unknown => server.users.find(({ external_id }) => external_id === 'telegram:42')?.id;

test('a ticket that is closed for ever goes on in a follow-up, with the same customer; what says that it is over makes none', async () => {
  const take = process();
  for (const event of [created(), message('m1', 1, 'Hello?')]) await take(event);
  only().status = 'closed';
  for (const event of [status('s1', 2, 'closed'), message('1', 0, 'My parcel is lost')]) await take(event);
  expect(server.tickets).toHaveLength(1);
  for (const event of [message('m2', 3, 'It is lost again'), status('s2', 3, 'open'), message('m3', 4, 'Still?')]) await take(event);
  // What the first of them has is not in the second.
  for (const event of [message('m1', 1, 'Hello?'), message('m2', 3, 'It is lost again'), created()]) await process()(event, true);
  expect(bodies()).toStrictEqual([['My parcel is lost', 'Hello?'], ['It is lost again', 'Still?']]);
  expect(server.tickets[1]).toMatchObject({ followup_source_id: server.tickets[0]?.id, external_id: `acme/${ticketId}`, status: 'open', requester_id: miras(), comments: [{ author_id: miras() }, { author_id: miras() }] });
  Object.assign(server.tickets[1] ?? {}, { status: 'closed' });
  await process()(assigned('a1', 5, { agent_id: 'lea' }));
  expect(server.tickets[2]).toMatchObject({ followup_source_id: server.tickets[1]?.id, assignee_id: 31, comments: [{ public: false, body: expect.stringMatching(/^Goes on from ticket \d+, which is closed$/) as string }] });
  await process()(message('m4', 6, 'Thanks'));
  expect(bodies()[2]).toHaveLength(2);
});

test('a ticket that somebody deleted is made anew by what comes next', async () => {
  const take = process();
  await take(created());
  server.tickets.length = 0;
  for (const event of [message('m1', 1, 'Hello?'), message('m2', 2, 'Anybody?')]) await take(event);
  expect(only()).toMatchObject({ followup_source_id: null, requester_id: miras() });
  expect(bodies()).toStrictEqual([['Hello?', 'Anybody?']]);
  // Who does not know whose it was says that a customer wrote it.
  server.tickets.length = 0;
  await process()(message('m3', 3, 'Well?'));
  // Closed, known as such, and then deleted.
  only().status = 'closed';
  const knows = process();
  await knows(status('s1', 4, 'solved'));
  server.tickets.length = 0;
  await knows(message('m4', 5, 'Oh'));
  expect(bodies()).toStrictEqual([['customer:\nOh']]);
});

test.each(faults.map((fault) => [typeof fault === 'string' ? fault : `answered ${fault.status}`, fault] as const))('whichever request is %s, what was closed or deleted goes on in one ticket, each event once', async (_what, fault) => {
  timeoutMs = fault === 'silent' ? 300 : 5_000;
  for (const end of ['closed', 'deleted']) {
    for (let faulty = 1; faulty <= 6; faulty++) {
      server.tickets.length = 0;
      ticketId = `TKT-${++serial}`;
      // It knows the ticket as it was.
      const before = process();
      await before(created());
      if (end === 'closed') only().status = 'closed';
      else server.tickets.length = 0;
      let requests = 0;
      onRequest = () => {
        if (++requests === faulty) server.faults.push(fault);
      };
      for (const event of [message('m1', 1, 'Hello?'), message('m2', 2, 'Anybody?')]) {
        for (let attempt = 1; ; attempt++) {
          const failure = await (attempt === 1 ? before : process())(event, attempt > 1).then(() => null, (error: unknown) => error);
          if (failure === null) break;
          expect(attempt).toBeLessThan(4);
          expect(failure).toBeInstanceOf(NotNow);
        }
      }
      onRequest = () => undefined;
      expect(bodies().at(-1)?.map((body) => body.replace('customer:\n', ''))).toStrictEqual(['Hello?', 'Anybody?']);
      expect(server.tickets).toHaveLength(end === 'closed' ? 2 : 1);
    }
  }
  timeoutMs = 5_000;
});

test('a ticket that is nobody’s is solved by the token’s user, since Zendesk solves no other', async () => {
  const take = process();
  for (const event of [created(), status('s1', 1, 'solved')]) await take(event);
  expect(only()).toMatchObject({ status: 'solved', assignee_id: 1 });
  ticketId = `TKT-${++serial}`;
  await take(status('s2', 1, 'solved'));
  expect(server.tickets[1]).toMatchObject({ status: 'solved', assignee_id: 1 });
});

test('a time that is still to come is imported as of now', async () => {
  const ahead = 5_000_000;
  const events: DeskEvent[] = [created(), message('m2', ahead, 'From a clock that is wrong', { sender: { type: 'agent', agent_id: 'lea' } }), status('s', ahead, 'solved')];
  expect(await importHistory(client(), section(), { integrationId: 'acme', ticketId, events, places: [] })).not.toBeNull();
  const { created_at = '' } = only().comments.at(-1) ?? {};
  expect(Date.parse(created_at)).toBeLessThanOrEqual(Date.now());
  expect(only().status).toBe('solved');
});

test('history is imported with its own times, once, and what is live goes on from there', async () => {
  const events: DeskEvent[] = [created(), message('1', 0, 'My parcel is lost'), message('m2', 1, 'We look', { sender: { type: 'agent', agent_id: 'lea' } }), message('n', 2, 'note', { is_private: true, sender: { type: 'agent', agent_id: 'tom' } }), assigned('a', 2, { group_id: 'returns' }), status('s', 3, 'solved')];
  const history = { integrationId: 'acme', ticketId, events, places: [{ partition: 0, offset: 50 }] };
  server.faults.push({ status: 200, body: { tickets: [] } }, { status: 200, body: { user: { id: 1 } } }, 'lost');
  await expect(importHistory(client(), section(), history)).rejects.toBeInstanceOf(NotNow);
  expect(await importHistory(client(), section(), history)).toBeNull();
  expect(only()).toMatchObject({ imported: true, status: 'solved', group_id: 9, created_at: at(0).toISOString() });
  expect(only().comments.map(({ body, public: isPublic, created_at }) => [body, isPublic, created_at])).toStrictEqual([
    ['My parcel is lost', true, at(0).toISOString()], ['We look', true, at(1).toISOString()], ['tom:\nnote', false, at(2).toISOString()],
  ]);
  // Read again from before the import: what it has is passed over, what came after is added.
  for (const event of events) await process()(event, false, 50);
  await process()(message('m3', 9, 'Thanks'), false, 51);
  expect(only().comments.map(({ body }) => body).slice(3)).toStrictEqual(['Thanks']);
});
