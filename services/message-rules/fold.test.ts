import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileRules, firings, inLogOrder, mayFire, upTo, type TicketRow } from './fold.ts';
import type { Rule } from './section.ts';

const start = Date.UTC(2026, 2, 2, 9);
const rule = (more: Partial<Rule> = {}): Rule => ({ id: 'refund', since: '2026-01-01T00:00:00Z', from: 'customer', when: { words: ['refund'] }, once_per_seconds: 3_600, then: [{ reply: 'We are on your refund.' }], ...more });
const compiled = (...rules: Rule[]) => compileRules({ rules: rules.length === 0 ? [rule()] : rules }, [{ bot_token: '777:abc' }, {}, { bot_token: '888:of-another-tenant' }]);

let offset = 0;
const row = (minute: number, more: Partial<TicketRow> = {}): TicketRow => ({
  event_id: `e${offset}`, event_type: 'message.received', at_ms: start + minute * 60_000, received_ms: start + minute * 60_000, text: 'refund!', message_id: String(100 + offset), sender_type: 'customer',
  sender_telegram_user_id: 42, is_private: false, is_automated: null, language: null, channel_type: null, chat_id: null, topic_id: null, queue_id: null, kafka_partition: 0, kafka_offset: offset++, ...more,
});
const created = (minute: number, more: Partial<TicketRow> = {}): TicketRow =>
  row(minute, { event_type: 'ticket.created', sender_type: null, is_private: null, language: 'de', channel_type: 'direct_message', chat_id: '77', topic_id: '5', text: null, ...more });
const fired = (rows: readonly TicketRow[], ...rules: Rule[]): string[] => firings(rows, compiled(...rules)).map(({ rule: { id }, row: { event_id } }) => `${id} ${event_id}`);

test('a rule fires once within its time, and again after it', () => {
  const rows = [created(0), row(1), row(30), row(61), row(200)];
  expect(firings(rows, compiled()).map(({ row: { at_ms } }) => (at_ms - start) / 60_000)).toStrictEqual([1, 61, 200]);
  expect(firings(rows, compiled())[0]?.chat).toStrictEqual({ chatId: '77', topicId: '5', messageId: rows[1]?.message_id });
});

test('rules that answer each other by a machine that nobody knows come to an end; what answers nobody does not', () => {
  const ping = rule({ id: 'ping', when: { words: ['ping'] }, once_per_seconds: 0, then: [{ reply: 'pong' }] });
  const mirror = rule({ id: 'mirror', when: { patterns: ['.'] }, once_per_seconds: 0, then: [{ notify: { chat_id: 1, text: 'Somebody writes' } }] });
  const echoes = Array.from({ length: 100 }, (_, n) => row(n, { text: `ping (quoted by another bot, ${n})`, sender_telegram_user_id: null }));
  const setOff = fired([created(0), ...echoes, row(1_500, { text: 'ping' })], ping, mirror);
  expect(setOff.filter((text) => text.startsWith('ping'))).toHaveLength(21);
  expect(setOff.filter((text) => text.startsWith('mirror'))).toHaveLength(101);
});

test('the message that opens a ticket counts, and its copy does not', () => {
  const opening = created(0, { text: 'refund', message_id: '1' });
  expect(fired([opening, row(0, { message_id: '1' })], rule({ once_per_seconds: 0 }))).toStrictEqual([`refund ${opening.event_id}`]);
});

test('no reply, note, bot, rule or echo of our own words sets a rule off', () => {
  const silent = [
    row(1, { sender_type: 'agent' }), row(1, { sender_type: 'bot' }), row(1, { is_automated: true }), row(1, { sender_type: 'customer', is_automated: true }), row(1, { sender_telegram_user_id: 777 }), row(1, { sender_telegram_user_id: 888 }), created(1, { text: 'refund', sender_telegram_user_id: 777 }), row(1, { sender_type: 'agent', is_private: true, sender_telegram_user_id: 777 }),
    row(1, { is_private: true, sender_type: 'agent' }), row(1, { is_private: null }), row(1, { text: 'We are on your refund.\n' }), row(1, { text: null }), row(1, { event_type: 'status.changed' }),
  ];
  expect(fired(silent)).toStrictEqual([]);
  for (const said of silent) expect(mayFire(said, compiled())).toBe(false);
  const note = row(1, { is_private: true, sender_type: 'agent' });
  expect(fired([note, row(2), row(3, { is_private: true, sender_type: 'agent', is_automated: true })], rule({ from: 'note' }))).toStrictEqual([`refund ${note.event_id}`]);
});

test('queue, channel and language are those that the ticket had when the message came', () => {
  const queue = (minute: number, queue_id: string | null) => row(minute, { event_type: 'agent.assigned', queue_id, text: null, sender_type: null });
  const rows = [created(0), row(1), queue(2, 'returns'), row(3), queue(4, null), row(5), queue(6, 'sales'), row(7)];
  const inReturns = rule({ when: { words: ['refund'], queues: ['returns'], languages: ['de'], channels: ['direct_message'] }, once_per_seconds: 0 });
  expect(fired(rows, inReturns)).toStrictEqual([rows[3], rows[5]].map((found) => `refund ${found?.event_id ?? ''}`));
});

test('what was received before a rule was there is nothing to it', () => {
  const rows = [created(0), row(1), row(10)];
  expect(fired(rows, rule({ since: new Date(start + 5 * 60_000).toISOString() }))).toStrictEqual([`refund ${rows[2]?.event_id ?? ''}`]);
});

test('what was decided for a message stays, whatever comes later, in whatever order the archive gives it', () => {
  const message = fc.record({ minute: fc.integer({ min: 0, max: 300 }), later: fc.integer({ min: 0, max: 300 }), text: fc.constantFrom('refund', 'hello'), isCustomer: fc.boolean() });
  fc.assert(fc.property(fc.array(message, { maxLength: 15 }), fc.infiniteStream(fc.integer()), (messages, shuffle) => {
    // Received in any order, and by several doors whose clocks differ: only the log's order is certain.
    const rows = messages.map(({ minute, later, text, isCustomer }, index) => row(minute, { kafka_offset: index, received_ms: start + later, text, sender_type: isCustomer ? 'customer' : 'agent' }));
    const whole = fired(inLogOrder(rows));
    const live = rows.flatMap(({ event_id }, index) => {
      // At that time the archive had at least this one and those before, in any order.
      const there = rows.slice(0, index + 1).map((found) => ({ found, rank: Number(shuffle.next().value) })).sort((a, b) => a.rank - b.rank).map(({ found }) => found);
      return firings(upTo(there, event_id) ?? [], compiled()).filter((firing) => firing.row.event_id === event_id).map(({ rule: { id } }) => `${id} ${event_id}`);
    });
    expect(live).toStrictEqual(whole);
  }));
});

test('after partitions were added, what lies in the first one comes first', () => {
  const rows = [row(9, { kafka_partition: 7, kafka_offset: 0 }), row(1, { kafka_partition: 2, kafka_offset: 900 })];
  expect(inLogOrder(rows).map(({ kafka_partition }) => kafka_partition)).toStrictEqual([2, 7]);
  expect(upTo(rows, 'nowhere')).toBeNull();
});
