// Arrival decides nothing: the same events in several random orders, some of them twice, landed in
// batches of random size with the facts recomputed after each, give identical tables.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { histories, inTenant } from '../oracle/histories.ts';
import { historyConfig } from '../oracle/history-config.ts';
import { firstArrivals } from '../oracle/timeline.ts';
import { environment } from '../support.ts';
import { forgetTenants, landEvents, loadConfig } from './history-landing.ts';

const HISTORIES = 40;
const ORDERS = 3;
const BATCHES = 3;
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const databases = ['queue', 'agents'];

const clickhouse = connectClickHouse(environment.clickhouseUrl);
const tenantOf = (order: number): string => `order${order}-${SEED}`;
const patternOf = (order: number): string => `%-${tenantOf(order)}-%`;

/** Which of two bodies of one identity wins is a matter of arrival, so each identity has one body here. */
function eventsOf(order: number): CrmEvent[] {
  return fc.sample(histories, { numRuns: HISTORIES, seed: SEED })
    .flatMap((history, index) => firstArrivals(inTenant(history, `${tenantOf(order)}-${index}`).events));
}

/** Order 0 is the order of the events; in the others each has a random place, and every third event a second one. */
function arrivalsOf(order: number): CrmEvent[] {
  const events = eventsOf(order);
  const sent = order === 0 ? events : [...events, ...events.filter((_, i) => i % 3 === 0)];
  const [ranks = []] = fc.sample(fc.array(fc.nat(), { minLength: sent.length, maxLength: sent.length }), { numRuns: 1, seed: SEED + order });
  return sent
    .map((event, i) => ({ event, rank: order === 0 ? i : ranks[i] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ event }, i) => ({ ...event, kafka_offset: i }));
}

function batchesOf(order: number, arrivals: readonly CrmEvent[]): CrmEvent[][] {
  const [cuts = []] = fc.sample(fc.array(fc.nat({ max: arrivals.length }), { minLength: BATCHES - 1, maxLength: BATCHES - 1 }), { numRuns: 1, seed: SEED - order });
  const bounds = [0, ...cuts.sort((a, b) => a - b), arrivals.length];
  return bounds.slice(1).map((to, i) => arrivals.slice(bounds[i], to)).filter((batch) => batch.length > 0);
}

async function recompute(database: string, pattern: string): Promise<void> {
  const facts = `${database}.ticket_facts_of(tickets = [], as_of = '2106-01-01 00:00:00.000', known_at = '2106-01-01 00:00:00.000')`;
  await clickhouse.command(`INSERT INTO ${database}.ticket_facts SELECT * FROM ${facts} WHERE like(integration_id, '${pattern}')`);
}

/** One hash per ticket; findings and versions depend on arrival and are left out. */
async function hashesOf(database: string, order: number): Promise<unknown[]> {
  const left = database === 'queue' ? 'integration_id, version, findings' : 'integration_id, version';
  return clickhouse.query(`
    SELECT replaceOne(integration_id, '${tenantOf(order)}', '') AS tenant, ticket_id, cityHash64(toString(tuple(* EXCEPT (${left})))) AS hash
    FROM ${database}.ticket_facts FINAL WHERE like(integration_id, '${patternOf(order)}') ORDER BY tenant, ticket_id`);
}

before(async () => {
  const orders = Array.from({ length: ORDERS }, (_, order) => order);
  const { calendars } = historyConfig([]);
  const office = orders.flatMap(eventsOf).map((event) => event.source.integration_id).filter((id) => id.startsWith('crm-a'));
  await loadConfig(clickhouse, { calendars, defaultCalendars: Object.fromEntries(office.map((id) => [id, 'history-office'])), policies: [] });
  for (const order of orders) {
    for (const batch of batchesOf(order, arrivalsOf(order))) {
      await landEvents(clickhouse, batch, databases);
      for (const database of databases) await recompute(database, patternOf(order));
    }
  }
});

after(async () => {
  await forgetTenants(clickhouse, `%-order_-${SEED}-%`, databases);
  await clickhouse.close();
});

for (const database of databases) {
  test(`${database}.ticket_facts are the same after ${ORDERS} random orders with repetitions in random batches`, async () => {
    const expected = await hashesOf(database, 0);
    assert.ok(expected.length > HISTORIES, 'there is something to compare');
    for (let order = 1; order < ORDERS; order += 1) assert.deepEqual(await hashesOf(database, order), expected, `order ${order}, SEED=${SEED}`);
  });
}
