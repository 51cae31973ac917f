import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDestinations } from '../destinations/file.ts';
import { externalId, isImported, openingTag, placeTag, statusOf } from './content.ts';
import { zendeskSection } from './section.ts';

test('the least that is needed, what is taken for the rest, and what is wrong', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zendesk-section-'));
  const read = async (zendesk: object): Promise<unknown> => {
    await writeFile(join(folder, 'd.json'), JSON.stringify({ acme: { zendesk } }));
    return (await readDestinations(join(folder, 'd.json'), zendeskSection)).get('acme');
  };
  try {
    const least = { url: 'https://acme.zendesk.com', email: 'a@b.example', api_token: 'the-token' };
    expect(await read(least)).toStrictEqual({ ...least, statuses: {}, agents: {}, groups: {}, private_notes: true, requests_per_minute: 150 });
    for (const wrong of [{ ...least, url: 'acme.zendesk.com' }, { ...least, url: 'https://acme.zendesk.com/api' }, { ...least, statuses: { x: 'on_hold' } }, { ...least, agents: { lea: 'x' } }, { ...least, token: 'x' }]) {
      await expect(read(wrong)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.not.stringContaining('the-token') as string });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a status goes by its own entry, else by its category; what is over can be opened again', () => {
  const settings = { statuses: { 'Waiting_for parts': 'hold' } } as const;
  expect(['NEW', 'in progress', 'waiting for PARTS', 'awaiting customer', 'on-hold', 'resolved', 'closed', 'spam', 'made up'].map((name) => statusOf(name, settings)))
    .toStrictEqual(['new', 'open', 'hold', 'pending', 'hold', 'solved', 'solved', 'solved', 'open']);
});

test('tags tell the opening message and the place in the log', () => {
  expect(openingTag('123')).toBe('ticketstream_m_123');
  expect(openingTag('a b/ü')).toMatch(/^ticketstream_m_[0-9a-f]{16}$/);
  const tags = ['vip', placeTag(3, 50), placeTag(7, 0)];
  expect([[3, 50], [3, 51], [7, 0], [7, 1], [5, 0]].map(([partition = 0, offset = 0]) => isImported(tags, { partition, offset }))).toStrictEqual([true, false, true, false, false]);
  expect(isImported([], { partition: 0, offset: 0 })).toBe(false);
  expect(externalId('a', 'b/c')).not.toBe(externalId('a/b', 'c'));
});
