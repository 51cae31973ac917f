import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleEvent } from '../../schemas/events.ts';
import { openPagerDuty, type PagerDutyServer } from '../../test/vendors/pagerduty.ts';
import { openTelegram, type TelegramServer } from '../../test/vendors/telegram.ts';
import { placeFor } from '../destinations/consumer.ts';
import { readDestinations } from '../destinations/file.ts';
import { deliver } from '../runtime/consumer/testing.ts';
import { createLogger } from '../runtime/logger.ts';
import { command } from './command.ts';
import { escalationsSection } from './section.ts';

const KEY = 'k'.repeat(32);
const token = `7:${'t'.repeat(35)}`;
const logger = createLogger('test', 'silent');
let [folder, file] = ['', ''];
let pagerDuty: PagerDutyServer;
let telegram: TelegramServer;

async function written(escalations: object): Promise<string> {
  await writeFile(file, JSON.stringify({ acme: { escalations } }));
  return file;
}
const destinations = () => ({
  pagerduty: { 'on-call': { routing_key_file: 'key', url: pagerDuty.url } },
  telegram: { leads: { bot_token: token, chat_id: -5, url: telegram.url } },
  routes: [{ to: ['on-call'], levels: ['management'] }, { to: ['leads'], hours: { time_zone: 'UTC', days: ['mon'], from: '00:00', until: '00:01' } }],
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'escalations-'));
  file = join(folder, 'destinations.json');
  await writeFile(join(folder, 'key'), KEY);
  [pagerDuty, telegram] = await Promise.all([openPagerDuty(KEY), openTelegram({ token, chats: { [-5]: [] } })]);
});
afterAll(async () => {
  await Promise.all([pagerDuty.close(), telegram.close(), rm(folder, { recursive: true })]);
});

test('check says of each destination what it found, and what to do; nobody is told anything', async () => {
  const section = (await readDestinations(await written(destinations()), escalationsSection)).get('acme');
  if (section === undefined) throw new Error('no section');
  expect(await command.check(placeFor('acme', section, escalationsSection, logger))).toStrictEqual([
    { what: 'on-call: PagerDuty takes events of this routing key', todo: null },
    { what: 'leads: the Telegram bot pager_bot sees the supergroup Supervisors; a topic shows with the first message only', todo: null },
  ]);
  const wrong = { ...section, pagerduty: { 'on-call': { routing_key: 'x'.repeat(32), url: pagerDuty.url } }, telegram: { leads: { bot_token: token, chat_id: -6, group_wait_seconds: 0, url: telegram.url } } };
  const findings = await command.check(placeFor('acme', wrong, escalationsSection, logger));
  expect(findings.map(({ what }) => what)).toStrictEqual(['on-call', 'leads']);
  expect(JSON.stringify(findings)).toMatch(/Invalid routing key.*chat not found/);
  expect(JSON.stringify(findings)).not.toContain(token);
  expect([pagerDuty.incidents, telegram.messages]).toStrictEqual([[], []]);
});

test('a file with faults is told all of them, and no secret', async () => {
  const problems: unknown = await readDestinations(await written({ pagerduty: { a: { routing_key: 'too-short-secret' } }, webhook: { b: { url: 'ftp://x', signing_secret: 'whsec_x' } }, routes: [{ to: ['c'], on: ['never'] }], colour: 'red' }), escalationsSection).catch((error: unknown) => error);
  for (const place of ['/acme/escalations/pagerduty/a/routing_key', '/webhook/b/url', '/webhook/b/signing_secret', '/routes/0/on/0', '/colour']) expect(String(problems)).toContain(place);
  expect(String(problems)).not.toContain('too-short-secret');
});

test('a dry run prints what would be sent and where, and sends nothing', async () => {
  const lines: string[] = [];
  const opened = await command.consumer.openDry({ DESTINATIONS_FILE: await written(destinations()) }, logger, (line) => lines.push(line));
  for (const integration_id of ['acme', 'globex']) {
    await deliver(command.consumer, sampleEvent('escalation.fired', { ticket_id: 'TKT-9', level: 'management', source: { integration_id } }), { tools: opened.tools });
  }
  await opened.close?.();
  expect(lines[0]).toBe('  on-call');
  expect(lines[1]).toMatch(/^PagerDuty on-call: would POST \/v2\/enqueue .*TKT-9/);
  expect(lines[2]).toMatch(/^ {2}leads/);
  expect(lines).toHaveLength(4);
  expect(lines.join('\n')).not.toContain(KEY);
  expect(lines.join('\n')).not.toContain(token);
  expect([pagerDuty.incidents, telegram.messages]).toStrictEqual([[], []]);
});
