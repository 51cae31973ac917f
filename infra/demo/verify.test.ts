import { expect, test } from 'vitest';
import type { CrmEvent } from './events.ts';
import { Ledger, type Fate } from './ledger.ts';
import { checkDelivery, isExact, type Query, type TableCheck } from './verify.ts';

const event = (eventId: string): CrmEvent => ({
  eventId, eventType: 'ticket.created', integrationId: 'acme', platform: 'crm', ticketId: 'T1', at: 0, version: '1.2', payload: {},
});

function ledgerOf(fates: Readonly<Record<string, Fate>>): Ledger {
  const ledger = new Ledger();
  for (const [id, fate] of Object.entries(fates)) ledger.record(event(id), fate);
  return ledger;
}

/** A ClickHouse that holds these ids, by table; the others hold `a` and `b` once. */
const holding = (tables: Readonly<Record<string, Readonly<Record<string, number>>>>): Query => (sql) => {
  const table = /FROM (\S+)/.exec(sql)?.[1] ?? '';
  const rows = tables[table] ?? (table === 'log.quarantine' ? {} : { a: 1, b: 1 });
  const answer: unknown[] = sql.startsWith('SELECT count()') ? [{ rows: 2 }] : Object.entries(rows).map(([id, copies]) => ({ id, copies }));
  return Promise.resolve(answer as never);
};

const wrong = async (query: Query, ledger: Ledger): Promise<TableCheck[]> => (await checkDelivery(query, ledger)).filter((check) => !isExact(check));
const both = (): Ledger => ledgerOf({ a: 'accepted', b: 'duplicate' });

test('acknowledged events that every table holds once pass', async () => {
  expect(await wrong(holding({}), both())).toStrictEqual([]);
});

test('events of others do not count against the run', async () => {
  const [check] = await checkDelivery(holding({ 'log.events': { a: 1, b: 1, x: 3 } }), both());
  expect([check?.others, check !== undefined && isExact(check)]).toStrictEqual([1, true]);
});

test('a missing event, one that is there twice, and one that is in quarantine as well are found', async () => {
  expect((await wrong(holding({ 'queue.timeline': { a: 1 } }), both())).map(({ table, missing }) => [table, missing])).toStrictEqual([['queue.timeline', ['b']]]);
  expect((await wrong(holding({ 'log.events': { a: 2, b: 1 } }), both())).map(({ table, repeated }) => [table, repeated])).toStrictEqual([['log.events', ['a']]]);
  expect((await wrong(holding({ 'log.quarantine': { a: 1 } }), both())).map(({ table, astray }) => [table, astray])).toStrictEqual([['log.quarantine', ['a']]]);
});

test('a quarantined event must be in quarantine', async () => {
  const ledger = ledgerOf({ a: 'accepted', b: 'accepted', q: 'quarantined' });
  expect((await wrong(holding({}), ledger)).map(({ missing }) => missing)).toStrictEqual([['q']]);
  expect(await wrong(holding({ 'log.quarantine': { q: 1 } }), ledger)).toStrictEqual([]);
});

test('an event that was dropped and then acknowledged as a copy counts as acknowledged', async () => {
  const ledger = ledgerOf({ a: 'accepted', b: 'dropped' });
  ledger.record(event('b'), 'duplicate');
  expect(ledger.of('acme').dropped.size).toBe(0);
  expect(await wrong(holding({}), ledger)).toStrictEqual([]);
});
