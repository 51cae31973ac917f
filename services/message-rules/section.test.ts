import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDestinations } from '../destinations/file.ts';
import { rulesSection } from './section.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'message-rules-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(section: object): Promise<unknown> {
  const path = join(folder, 'destinations.json');
  await writeFile(path, JSON.stringify({ acme: { message_rules: section } }));
  return (await readDestinations(path, rulesSection)).get('acme');
}
const rule = (more: object = {}): object => ({ id: 'a', since: '2026-03-01T00:00:00Z', when: { words: ['x'] }, then: [{ reply: 'y' }], ...more });

test('the least that is needed, and what is taken for the rest', async () => {
  await writeFile(join(folder, 'token'), '777:abc\n');
  expect(await read({ bot_token_file: 'token', rules: [rule()] })).toMatchObject({
    bot_token: '777:abc', telegram_url: 'https://api.telegram.org', max_age_seconds: 3_600, rules: [{ from: 'customer', once_per_seconds: 86_400 }],
  });
});

test('everything that is wrong is told at once, and no secret of it', async () => {
  const webhook = (secret: string) => ({ webhook: { url: 'https://crm.example', signing_secret: secret } });
  const wrong = read({ rules: [
    rule({ when: { patterns: ['(?=x)', '(a)\\1', '('] } }), rule({ then: [webhook('c2VjcmV0'.repeat(4))] }),
    rule({ id: 'b', when: { words: ['x'], hours: { time_zone: 'Europe/Nowhere', days: ['mon'], from: '09:00', until: '18:00' } }, then: [{ reply: 'x' }] }),
  ] });
  await expect(wrong).rejects.toThrow(/rules\/1\/id is that of another rule[^]*rules\/0\/when\/patterns\/0 is no expression[^]*patterns\/1[^]*patterns\/2[^]*rules\/0\/then\/0 needs bot_token[^]*hours\/time_zone: Europe\/Nowhere is no time zone/);
  const malformed = read({ rules: [rule({ then: [webhook('not base64!'), {}, { reply: 'a', notify: { chat_id: 'b', text: 'c' } }] })] });
  await expect(malformed).rejects.toThrow(/then\/0\/webhook\/signing_secret must match[^]*then\/1 must NOT have fewer than 1[^]*then\/2 must NOT have more than 1[^]*then\/2\/notify\/chat_id must match/);
  await expect(malformed).rejects.not.toThrow(/not base64!|reply is missing/);
  await expect(read({ rules: [rule({ when: {} })] })).rejects.toThrow(/when/);
  await expect(read({ bot_token: 'nonsense', rules: [] })).rejects.not.toThrow(/nonsense/);
});
