import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTelegram, type TelegramServer } from '../../test/vendors/telegram.ts';
import { openVendor, type Fault, type Vendor } from '../../test/vendors/vendor.ts';
import { NotNow, Refused } from '../destinations/failures.ts';
import { createApi } from '../destinations/http.ts';
import { createLogger } from '../runtime/logger.ts';
import { Actor } from './act.ts';
import type { Archive, Effect, State } from './archive.ts';
import type { Firing } from './fold.ts';
import type { Action, RulesSection } from './section.ts';

const token = '777:secret-token';
const signingSecret = Buffer.from('a secret of some length').toString('base64');
let telegram: TelegramServer;
let receiver: Vendor;
beforeAll(async () => {
  telegram = await openTelegram({ token, chats: Object.fromEntries([[-100, [5]], ...Array.from({ length: 100 }, (_, n) => [77 + n, []])]) as Record<number, number[]>, perMinute: 1_000 });
  receiver = await openVendor(() => ({ status: 204 }));
});
afterAll(async () => {
  await telegram.close();
  await receiver.close();
});

/** What ClickHouse would hold. */
class Journal {
  readonly states = new Map<string, State[]>();
  readonly archive: Archive = {
    ticket: () => Promise.resolve([]),
    tickets: () => { throw new Error('not asked for'); },
    stateOf: (effect) => Promise.resolve(this.states.get(this.#key(effect))?.at(-1) ?? null),
    setState: (effect, state) => {
      if (state === this.dieAt) throw new Error('killed');
      this.states.set(this.#key(effect), [...(this.states.get(this.#key(effect)) ?? []), state]);
      return Promise.resolve();
    },
  };
  dieAt: State | null = null;
  #key({ ruleId, action }: Effect): string {
    return `${ruleId}/${action}`;
  }
}

/** Another for each test: a chat gets one message a second. */
let chat = 77;
let journal = new Journal();
beforeEach(() => {
  chat += 1;
  journal = new Journal();
  telegram.messages.length = 0;
  receiver.asked.length = 0;
});

const firing = (then: readonly Action[], to: Firing['chat'] = { chatId: String(chat), topicId: null, messageId: '12' }): Firing => ({
  because: 'refund', chat: to,
  rule: { id: 'refund', since: '', from: 'customer', when: {}, once_per_seconds: 0, then },
  row: {
    event_id: 'e-1', event_type: 'message.received', at_ms: Date.UTC(2026, 2, 2), received_ms: 0, text: 'PRIVATE WORDS', message_id: '12', sender_type: 'customer', sender_telegram_user_id: 1, is_private: false,
    is_automated: null, language: null, channel_type: null, chat_id: null, topic_id: null, queue_id: null, kafka_partition: 0, kafka_offset: 0,
  },
});
const section = (): RulesSection => ({ bot_token: token, telegram_url: telegram.url, max_age_seconds: 60, rules: [] });
const act = (then: readonly Action[], to?: Firing['chat']): Promise<void> => {
  const actor = new Actor(section(), (options) => createApi({ ...options, limits: [], secrets: [token, signingSecret], timeoutMs: 300 }), createLogger('test', 'silent'));
  return actor.act(firing(then, to), { integrationId: 'acme', ticketId: 'TKT-1' }, { archive: journal.archive, signal: new AbortController().signal });
};
const reply: Action = { reply: 'We are on it <b> & so on' };

test('a reply goes to the chat and topic of the ticket, to the message that asked, as it was written', async () => {
  await act([reply]);
  await act([reply]);
  expect(telegram.messages).toStrictEqual([expect.objectContaining({ chat_id: chat, text: 'We are on it <b> & so on', reply_to: 12 })]);
  expect(journal.states.get('refund/0')).toStrictEqual(['begun', 'done']);
  journal = new Journal();
  await act([reply], { chatId: '-100', topicId: '5', messageId: null });
  expect(telegram.messages.at(-1)).toMatchObject({ chat_id: -100, topic_id: 5 });
});

test('a ticket without a chat gets no reply, and the other actions are done', async () => {
  await act([reply, { notify: { chat_id: -100, topic_id: 5, text: 'Look' } }], null);
  expect(journal.states.get('refund/0')).toStrictEqual(['begun', 'impossible']);
  expect(telegram.messages.map(({ text }) => text)).toStrictEqual(['Look\nacme TKT-1']);
});

const faults: readonly (readonly [string, Fault, 1 | 0])[] = [
  ['answered 429', { status: 429, body: { ok: false, parameters: { retry_after: 1 } } }, 1], ['whose token is refused', { status: 401, body: { ok: false } }, 1],
  // Sent or not, nobody knows: of two evils, a message less.
  ['answered 502', { status: 502 }, 0], ['answered 504 though it was sent', { status: 504, isAfterEffect: true }, 1], ['answered 500 though it was sent', { status: 500, body: { ok: false }, isAfterEffect: true }, 1],
  ['answered with nothing but 200 though it was sent', { status: 200, isAfterEffect: true }, 1],
  ['whose answer is lost after it was sent', 'lost', 1], ['that breaks off before it is taken', 'refused', 0], ['that is not answered in time', 'silent', 0],
];
test.each(faults)('a reply %s is there once at the most, and each loss is told', async (_what, fault, times) => {
  telegram.faults.push(fault);
  await expect(act([reply])).rejects.toBeInstanceOf(NotNow);
  await act([reply]);
  await act([reply]);
  expect(telegram.messages).toHaveLength(times);
  const isSure = typeof fault === 'object' && fault.status >= 400 && fault.status < 500;
  expect(journal.states.get('refund/0')?.at(-1)).toBe(isSure ? 'done' : 'unknown');
});

test('killed before or after it was sent, a reply is there once at the most; a webhook comes again with the same id', async () => {
  const webhook: Action = { webhook: { url: receiver.url, signing_secret: signingSecret, data: { status: 'on_hold' } } };
  journal.dieAt = 'done';
  await expect(act([reply])).rejects.toThrow('killed');
  await expect(act([webhook])).rejects.toThrow('killed');
  journal.dieAt = null;
  journal.states.delete('refund/0');
  journal.states.set('refund/0', ['begun']);
  await act([reply]);
  expect(telegram.messages).toHaveLength(1);
  expect(journal.states.get('refund/0')?.at(-1)).toBe('unknown');
  journal.states.set('refund/0', ['begun']);
  await act([webhook]);
  expect(receiver.asked).toHaveLength(2);
  expect(receiver.asked[0]?.headers['webhook-id']).toBe(receiver.asked[1]?.headers['webhook-id']);
  for (const { body, headers } of receiver.asked) {
    expect(new Webhook(signingSecret).verify(body, headers as Record<string, string>)).toMatchObject({ type: 'message_rule.matched', data: { status: 'on_hold', ticket_id: 'TKT-1', rule_id: 'refund', because: 'refund' } });
    expect(body).not.toContain('PRIVATE WORDS');
  }
});

test('what is refused is told without a secret or a word, and keeps no other action from its turn', async () => {
  const error = await act([{ notify: { chat_id: 4, text: 'Look' } }, reply]).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Refused);
  expect(String(error)).toMatch(/chat not found/);
  expect(String(error)).not.toMatch(/secret-token|PRIVATE|We are/);
  expect(telegram.messages).toHaveLength(1);
  expect([...journal.states.values()].map((states) => states.at(-1))).toStrictEqual(['refused', 'done']);
});
