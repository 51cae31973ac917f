import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openTelegram, type TelegramServer } from '../../test/vendors/telegram.ts';
import { createLogger } from '../runtime/logger.ts';
import { NotNow, Refused } from './failures.ts';
import { createApi } from './http.ts';
import { escaped, isDoubtful, isOfTheChat, retryAfterMs, TelegramBot } from './telegram.ts';

const token = '777:a-secret-token';
let telegram: TelegramServer;
beforeAll(async () => {
  telegram = await openTelegram({ token, chats: { ...Object.fromEntries(Array.from({ length: 20 }, (_, n): [number, number[]] => [n + 1, []])), [-77]: [7] }, moved: { [-76]: -77 }, perMinute: 1_000 });
});
afterEach(() => {
  telegram.messages.length = 0;
});
afterAll(() => telegram.close());

const botOf = (name = 'Telegram'): TelegramBot =>
  new TelegramBot({ name, token, url: telegram.url, logger: createLogger('test', 'silent'), api: (options) => createApi({ ...options, secrets: [token], timeoutMs: 300 }) });
const failureOf = (sending: Promise<unknown>): Promise<unknown> => sending.then(() => undefined, (error: unknown) => error);

test('two bots of one token write to a chat as if they were one, and to others meanwhile', async () => {
  const [one, other] = [botOf('one'), botOf('other')];
  await Promise.all([one.send({ chat: 1, text: 'a' }), other.send({ chat: '1', text: 'b' }), other.send({ chat: 2, text: 'c' })]);
  expect(telegram.messages.map(({ chat_id }) => chat_id)).toStrictEqual([1, 2, 1]);
});

test('a pause that Telegram asks for holds all bots of the token', async () => {
  telegram.faults.push({ status: 429, body: { ok: false, parameters: { retry_after: 1 } } });
  const limited = await failureOf(botOf().send({ chat: 3, text: 'a' }));
  expect(limited).toMatchObject({ retryAfterMs: 1_000, sent: false });
  const asked = telegram.asked.length;
  const sending = botOf('other').send({ chat: 4, text: 'b' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(telegram.asked).toHaveLength(asked);
  await sending;
  expect(telegram.messages).toHaveLength(1);
});

test('a group that became a supergroup is followed, with what is sent there', async () => {
  const bot = botOf();
  expect(await bot.send({ chat: -76, topic: 7, text: `<b>${escaped('<a & b>')}</b>`, isHtml: true, isSilent: true })).toBe(1);
  expect(telegram.messages).toMatchObject([{ chat_id: -77, topic_id: 7, text: '<a & b>', silent: true }]);
  const asked = telegram.asked.length;
  await bot.send({ chat: -76, text: 'as it is: <b>' });
  expect(telegram.asked.length - asked, 'the new chat is remembered').toBe(1);
  expect(telegram.messages.at(-1)?.text).toBe('as it is: <b>');
});

test('what was refused says whose fault it is, and what broke off whether it may be there', async () => {
  const gone = await failureOf(botOf().send({ chat: 1_000, text: 'a' }));
  expect(gone).toSatisfy((error) => error instanceof Refused && isOfTheChat(error));
  telegram.faults.push({ status: 403, body: { ok: false, description: 'Forbidden: bot was blocked by the user' } });
  expect(await failureOf(botOf().send({ chat: 5, text: 'a' }))).toSatisfy((error) => error instanceof Refused && isOfTheChat(error));
  expect(await failureOf(botOf().send({ chat: 6, text: '' }))).toSatisfy((error) => error instanceof Refused && !isOfTheChat(error));
  for (const [chat, fault, doubtful] of [[7, 'lost', true], [8, 'silent', true], [9, { status: 502 }, true], [10, { status: 401 }, false]] as const) {
    telegram.faults.push(fault);
    expect(await failureOf(botOf().send({ chat, text: 'a' })), String(chat)).toSatisfy((error) => error instanceof NotNow && isDoubtful(error) === doubtful && !error.message.includes(token));
  }
});

test('how long to wait is in the body of the answer', () => {
  expect(retryAfterMs('{"ok":false,"parameters":{"retry_after":7}}')).toBe(7_000);
  for (const body of ['', 'null', '<html>', '{"ok":true}']) expect(retryAfterMs(body)).toBe(0);
});
