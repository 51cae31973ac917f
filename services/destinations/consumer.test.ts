import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sampleEvent, ticketEvents, type TicketEvent } from '../../schemas/events.ts';
import { deliver } from '../runtime/consumer/testing.ts';
import { createLogger } from '../runtime/logger.ts';
import { defineDestination } from './consumer.ts';
import { NotNow, Refused } from './failures.ts';
import { lastMarkIn, markOf } from './marks.ts';
import { defineSection } from './section.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-destination-'));
});
afterAll(() => rm(folder, { recursive: true }));

const section = defineSection<{ readonly board: string }>({ name: 'trello', schema: { type: 'object', properties: { board: { type: 'string' } } } });
const logger = createLogger('test', 'fatal');
let connections = 0;
let act: (event: TicketEvent, board: string) => void | Promise<void> = () => undefined;
const consumer = defineDestination(ticketEvents, {
  name: 'trello', section, events: ['ticket.created'],
  connect: ({ integrationId, section: { board } }) => `${integrationId} ${board} ${++connections}`,
  handle: async (event, { destination }): Promise<void> => {
    await Promise.resolve();
    await act(event, destination);
  },
});
const created = (integration_id: string) => sampleEvent('ticket.created', { source: { integration_id } });

test('an event goes to its integration’s destination, whose client is kept until the section changes', async () => {
  const path = join(folder, 'a.json');
  const write = (board: string) => writeFile(path, JSON.stringify({ acme: { trello: { board } } }));
  await write('first');
  const opened = await consumer.open({ DESTINATIONS_FILE: path }, logger);
  const seen: string[] = [];
  act = (_event, board) => {
    seen.push(board);
  };
  try {
    expect(opened.idle?.()).toBeNull();
    for (const integration of ['acme', 'globex', 'acme']) expect(await deliver(consumer, created(integration), { tools: opened.tools })).toBeUndefined();
    await write('second');
    await vi.waitUntil(async () => {
      await deliver(consumer, created('acme'), { tools: opened.tools });
      return seen.at(-1) === 'acme second 2';
    }, { timeout: 5_000 });
    expect([...new Set(seen)]).toStrictEqual(['acme first 1', 'acme second 2']);
    await writeFile(path, '{}');
    await vi.waitUntil(() => opened.idle?.() !== null, { timeout: 5_000 });
    expect(opened.idle?.()).toMatch(/no integration has a section trello/);
  } finally {
    await opened.close?.();
  }
});

test('a new section waits for what is under way by the one before, and a section that is gone lets events pass', async () => {
  const path = join(folder, 'c.json');
  await writeFile(path, JSON.stringify({ acme: { trello: { board: 'first' } }, globex: { trello: { board: 'other' } } }));
  const { tools, close, idle } = await consumer.open({ DESTINATIONS_FILE: path }, logger);
  const seen: string[] = [];
  let end: () => void = () => undefined;
  act = (_event, board) => {
    seen.push(board.replace(/ \d+$/, ''));
    return seen.length > 1 ? undefined : new Promise<void>((resolve) => (end = resolve));
  };
  const first = deliver(consumer, created('acme'), { tools });
  await vi.waitUntil(() => seen.length === 1);
  await writeFile(path, JSON.stringify({ acme: { trello: { board: 'second' } }, globex: { trello: { board: 'other' } } }));
  const sections = (tools as { readonly sections: () => ReadonlyMap<string, { readonly board: string }> }).sections;
  await vi.waitUntil(() => sections().get('acme')?.board === 'second', { timeout: 5_000 });
  const others = [deliver(consumer, created('acme'), { tools }), deliver(consumer, created('acme'), { tools })];
  await deliver(consumer, created('globex'), { tools });
  expect(seen).toStrictEqual(['acme first', 'globex other']);
  end();
  await Promise.all([first, ...others]);
  expect(seen).toStrictEqual(['acme first', 'globex other', 'acme second', 'acme second']);
  await writeFile(path, '{}');
  await vi.waitUntil(() => idle?.() !== null, { timeout: 5_000 });
  expect(await deliver(consumer, created('acme'), { tools })).toBeUndefined();
  expect(seen).toHaveLength(4);
  await close?.();
});

test('what the vendor refuses is rejected with its words; what is not possible now waits; anything else is tried again', async () => {
  const path = join(folder, 'b.json');
  await writeFile(path, JSON.stringify({ acme: { trello: { board: 'b' } } }));
  const { tools, close } = await consumer.open({ DESTINATIONS_FILE: path }, logger);
  const answer = (error: Error) => {
    act = () => {
      throw error;
    };
    return deliver(consumer, created('acme'), { tools });
  };
  expect(await answer(new Refused('Vendor said no', { status: 400, said: 'no' }))).toStrictEqual({ outcome: 'reject', reason: 'Vendor said no' });
  await expect(answer(new NotNow('later', { sent: true }))).rejects.toThrow('later');
  await expect(answer(new TypeError('a defect'))).rejects.toThrow('a defect');
  await close?.();
});

test('without a file it is idle, and says why', async () => {
  const opened = await consumer.open({ DESTINATIONS_FILE: '' }, logger);
  expect(opened.idle?.()).toBe('DESTINATIONS_FILE is not set');
});

test('a mark is found again as the last one in a text', () => {
  expect(markOf('acme/1/e')).toMatch(/^ts:[0-9a-f]{16}$/);
  expect(markOf('acme/1/e', '2')).not.toBe(markOf('acme/1/e'));
  expect(lastMarkIn(`said ${markOf('x')} himself\n${markOf('y')} and someone behind it`)).toBe(markOf('y'));
  expect(lastMarkIn('ts:none')).toBeNull();
});
