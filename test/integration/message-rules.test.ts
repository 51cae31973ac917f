// Rules on messages on the running system: a customer asks, the bot answers once, whatever is killed; and what a new rule would have caught.
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newDataFolder } from '../system/data-folder.ts';
import { closeClients, eventually, newTicketId, query, send, sendUntilAccepted, ticket, type SignedEvent } from '../system/support.ts';
import { openTelegram, type TelegramServer } from '../vendors/telegram.ts';
import { consumerStarted, endAll, run, type Running } from './consumer-kit.ts';
import { root } from './copy-of-the-code.ts';

/** Of the tickets that support.ts makes. */
const chat = -1001987654321;
let telegram: TelegramServer;
let folder = '';
let env: Record<string, string> = {};
beforeAll(async () => {
  folder = await newDataFolder();
  telegram = await openTelegram({ token: '777:token', chats: { [chat]: [42], [-5]: [] } });
  const rules = [
    { id: 'refund', since: new Date(Date.now() - 60_000).toISOString(), when: { words: ['refund'], languages: ['de'] }, then: [{ reply: 'A refund takes 3 days.' }, { notify: { chat_id: -5, text: 'A refund is asked for' } }] },
    { id: 'later', since: '2099-01-01T00:00:00Z', when: { patterns: ['order #\\d+'] }, then: [{ reply: 'never' }] },
  ];
  await writeFile(join(folder, 'destinations.json'), JSON.stringify({ acme: { message_rules: { bot_token: '777:token', telegram_url: telegram.url, rules } } }));
  env = { DESTINATIONS_FILE: join(folder, 'destinations.json') };
});
afterAll(async () => {
  await endAll();
  await telegram.close();
  await closeClients();
  await rm(folder, { recursive: true, force: true });
});

const start = async (): Promise<Running> => {
  const running = run(root, ['services/message-rules/main.ts'], env);
  await consumerStarted(running);
  return running;
};
const states = (ticketId: string): Promise<unknown[]> => query('SELECT action, state FROM log.rule_actions WHERE ticket_id = {t:String} ORDER BY action', { t: ticketId });
const texts = (): string[] => telegram.messages.map(({ text }) => text);
const at = (minute: number): string => new Date(Date.UTC(2026, 2, 2, 9, minute)).toISOString();

test('a customer who asks is answered once, by nobody’s echo and after any kill; the dry run says what a rule would have caught', async () => {
  const [first, second, third] = [newTicketId(), newTicketId(), newTicketId()];
  let running = await start();
  const echo = ticket(first).message(at(2), { agent: 'bot' }, 'A refund takes 3 days.');
  const events: SignedEvent[] = [
    ticket(first).created(at(0), 'I want a refund! order #1'), ticket(first).message(at(1), 'customer', 'REFUND now'), echo,
    ticket(first).message(at(3), { agent: 'lea' }, 'no refund'), ticket(first).message(at(4), { agent: 'lea' }, 'refund?', true), ticket(first).message(at(5), 'customer', 'A refund takes 3 days.'),
  ];
  for (const event of events) expect((await send(event)).status).toBe(200);
  await eventually(async () => ((await states(first)).length === 2 && texts().length === 2 ? true : null), 'a reply and a notice');
  expect(telegram.messages).toMatchObject([{ chat_id: chat, topic_id: 42, text: 'A refund takes 3 days.', reply_to: 1 }, { chat_id: -5, text: `A refund is asked for\nacme ${first}` }]);

  // Telegram gets it, the answer is lost, and the service with it.
  telegram.faults.push('lost');
  await sendUntilAccepted(ticket(second).created(at(0), 'refund'));
  await eventually(() => Promise.resolve(texts().length === 3 ? true : null), 'a reply whose answer is lost');
  await running.end('SIGKILL');
  running = await start();
  await sendUntilAccepted(ticket(third).created(at(0), 'Refund?'));
  await eventually(async () => ((await states(third)).length === 2 && (await states(second)).length === 2 ? true : null), 'the next ones');
  await eventually(() => Promise.resolve(texts().length === 6 ? true : null), 'all messages');
  expect(texts().filter((text) => text.startsWith('A refund takes'))).toHaveLength(3);
  expect(await states(second)).toStrictEqual([{ action: 0, state: 'unknown' }, { action: 1, state: 'done' }]);
  expect(await states(first)).toStrictEqual([{ action: 0, state: 'done' }, { action: 1, state: 'done' }]);
  expect(running.output()).not.toMatch(/777:token|I want/);

  const command = (...args: string[]) => promisify(execFile)(process.execPath, ['infra/start/run.mjs', 'infra/destinations/destinations.ts', 'message-rules', ...args], { cwd: root, env: { ...process.env, ...env } });
  const [dry, checked] = await Promise.all([command('dry-run', '--since', '2026-01-01'), command('check')]);
  expect(dry.stdout.split('\n').find((line) => line.startsWith(`acme later: ${first}`))).toContain('"order #\\d+": would reply');
  expect(dry.stdout).toMatch(/acme refund: \d+ messages in \d+ of \d+ tickets/);
  expect(dry.stdout).not.toContain('I want');
  expect(checked.stdout).toMatch(/ok {7}acme: bot: @pager_bot\nok {7}acme: chat -5: supergroup Supervisors/);
  expect(texts()).toHaveLength(6);
});
