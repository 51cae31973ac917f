import { expect, test } from 'vitest';
import type { ClickHouse } from '../../clickhouse.ts';
import { createLogger } from '../../logger.ts';
import { FailedTickets } from './failed-tickets.ts';

interface Note {
  readonly ticket_id: string;
  readonly error: string;
}

/** Keeps the latest note of each ticket, as the table does. */
function table(): { clickhouse: ClickHouse; notes: Map<string, Note>; inserts: () => number } {
  const notes = new Map<string, Note>();
  let inserts = 0;
  return {
    notes,
    inserts: () => inserts,
    clickhouse: {
      query: <Row>() => Promise.resolve([...notes.values()].filter(({ error }) => error !== '') as Row[]),
      read: () => Promise.reject(new Error('nothing is read in blocks here')),
      command: () => Promise.resolve(),
      insertEncoded: (_table, _format, body) => {
        inserts += 1;
        for (const line of body.toString().split('\n')) notes.set((JSON.parse(line) as Note).ticket_id, JSON.parse(line) as Note);
        return Promise.resolve();
      },
      ping: () => Promise.resolve(null),
      close: () => Promise.resolve(),
    },
  };
}

const ticket = (id: string) => ({ integration_id: 'acme', ticket_id: id });
const open = ({ clickhouse }: { clickhouse: ClickHouse }, max?: number): FailedTickets => new FailedTickets(clickhouse, 'd', createLogger('test', 'fatal'), max);

test('a ticket that failed is found by the next run, until its facts are computed', async () => {
  const kept = table();
  await open(kept).note([ticket('a'), ticket('b')], [{ ...ticket('b'), error: 'a defect' }]);
  const next = open(kept);
  expect(await next.load()).toStrictEqual([ticket('b')]);
  expect(next.warnings()).toStrictEqual(['FACTS_FAILED: 1 tickets have no or old facts, e.g. acme/b: a defect']);
  await next.note([ticket('b')], []);
  expect(next.warnings()).toStrictEqual([]);
  expect(await open(kept).load()).toStrictEqual([]);
});

test('what is known already is not written again', async () => {
  const kept = table();
  const failed = open(kept);
  for (let i = 0; i < 3; i++) await failed.note([ticket('a')], [{ ...ticket('a'), error: 'a defect' }]);
  await failed.note([ticket('b')], []);
  expect(kept.inserts()).toBe(1);
});

test('so many tickets that they can be no odd ones are not put aside: all wait for the defect to be mended', async () => {
  const kept = table();
  const failed = open(kept, 2);
  await failed.note([ticket('a'), ticket('b')], [ticket('a'), ticket('b')].map((of) => ({ ...of, error: 'a defect'.repeat(1_000) })));
  expect(kept.notes.get('a')?.error.length).toBe(500);
  await expect(failed.note([ticket('a'), ticket('c')], [{ ...ticket('c'), error: 'a defect' }])).rejects.toMatchObject({ code: 'FACTS_FAILED' });
  expect(kept.notes.has('c')).toBe(false);
  await failed.note([ticket('a')], []);
  await failed.note([ticket('c')], [{ ...ticket('c'), error: 'a defect' }]);
  expect(failed.count).toBe(2);
});
