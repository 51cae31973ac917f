import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  assert.deepEqual(await wrong(holding({}), both()), []);
});

test('events of others do not count against the run', async () => {
  const [check] = await checkDelivery(holding({ 'log.events': { a: 1, b: 1, x: 3 } }), both());
  assert.deepEqual([check?.others, check !== undefined && isExact(check)], [1, true]);
});

test('a missing event, one that is there twice, and one that is in quarantine as well are found', async () => {
  assert.deepEqual((await wrong(holding({ 'queue.timeline': { a: 1 } }), both())).map(({ table, missing }) => [table, missing]), [['queue.timeline', ['b']]]);
  assert.deepEqual((await wrong(holding({ 'log.events': { a: 2, b: 1 } }), both())).map(({ table, repeated }) => [table, repeated]), [['log.events', ['a']]]);
  assert.deepEqual((await wrong(holding({ 'log.quarantine': { a: 1 } }), both())).map(({ table, astray }) => [table, astray]), [['log.quarantine', ['a']]]);
});

test('a quarantined event must be in quarantine', async () => {
  const ledger = ledgerOf({ a: 'accepted', b: 'accepted', q: 'quarantined' });
  assert.deepEqual((await wrong(holding({}), ledger)).map(({ missing }) => missing), [['q']]);
  assert.deepEqual(await wrong(holding({ 'log.quarantine': { q: 1 } }), ledger), []);
});

test('an event that was dropped and then acknowledged as a copy counts as acknowledged', async () => {
  const ledger = ledgerOf({ a: 'accepted', b: 'dropped' });
  ledger.record(event('b'), 'duplicate');
  assert.equal(ledger.of('acme').dropped.size, 0);
  assert.deepEqual(await wrong(holding({}), ledger), []);
});
