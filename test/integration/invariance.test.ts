// Arrival decides nothing: the same events in several random orders, some of them twice, written to
// the log in bursts of random size, and landed by two processes of each projection, one of which is
// killed and started again in between, give identical tables.
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { GroupDescription } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadContracts } from '../../schemas/contract.ts';
import { createEncoder } from '../../services/runtime/avro/avro.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { connectKafka } from '../../services/runtime/kafka/admin.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { histories } from '../oracle/histories.ts';
import { inTenant } from '../oracle/history-variants.ts';
import { historyConfig } from '../oracle/history-config.ts';
import { firstArrivals } from '../oracle/order.ts';
import { connection, writtenSchemaId } from '../system/quarantine-cli.ts';
import { closeClients, environment, eventually, query } from '../system/support.ts';
import { consumerStarted, endAll, run, type Running } from './consumer-kit.ts';
import { root } from './copy-of-the-code.ts';
import { forgetTenants, loadConfig } from './history-landing.ts';

const HISTORIES = Number(process.env['HISTORIES'] ?? 40);
const ORDERS = 3;
const BATCHES = 3;
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const projections = { queue: 'queue-analytics', agents: 'agent-analytics' } as const;
const databases = ['queue', 'agents'] as const;
type Database = (typeof databases)[number];

const clickhouse = connectClickHouse(environment.clickhouseUrl);
const topic = eventsTopic('production');
const tenantOf = (order: number): string => `order${order}-${SEED}`;
const everyTenant = `%-order_-${SEED}-%`;

/**
 * Which of two bodies of one identity wins is a matter of arrival, so each identity has one body here. Each history has tickets
 * of its own, since the ticket decides the partition: three ids for all of them lie in so few that one process may get them all.
 */
function eventsOf(order: number): CrmEvent[] {
  return fc.sample(histories, { numRuns: HISTORIES, seed: SEED })
    .flatMap((history, index) => firstArrivals(inTenant(history, `${tenantOf(order)}-${index}`).events)
      .map((event) => ({ ...event, ticket_id: `${event.ticket_id}-${index}` })))
    .filter((event) => event.source.environment === 'production');
}

/** Order 0 is the order of the events; in the others each has a random place, and every third event a second one. */
function arrivalsOf(order: number): CrmEvent[] {
  const events = eventsOf(order);
  const sent = order === 0 ? events : [...events, ...events.filter((_, i) => i % 3 === 0)];
  const [ranks = []] = fc.sample(fc.array(fc.nat(), { minLength: sent.length, maxLength: sent.length }), { numRuns: 1, seed: SEED + order });
  return sent
    .map((event, i) => ({ event, rank: order === 0 ? i : ranks[i] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ event }) => event);
}

function batchesOf(order: number, arrivals: readonly CrmEvent[]): CrmEvent[][] {
  const [cuts = []] = fc.sample(fc.array(fc.nat({ max: arrivals.length }), { minLength: BATCHES - 1, maxLength: BATCHES - 1 }), { numRuns: 1, seed: SEED - order });
  const bounds = [0, ...cuts.sort((a, b) => a - b), arrivals.length];
  return bounds.slice(1).map((to, i) => arrivals.slice(bounds[i], to)).filter((batch) => batch.length > 0);
}

/** Appends a batch as the ingress would have. */
async function openLog(): Promise<{ append: (batch: readonly CrmEvent[]) => Promise<void>; close: () => Promise<void> }> {
  const producer = await connectProducer(connection, [topic]);
  const encoders = new Map(await Promise.all([...(await loadContracts()).values()].map(async ({ record, eventType }) =>
    [eventType, createEncoder(record, await writtenSchemaId(topic, eventType))] as const)));
  return {
    append: async (batch) => {
      await Promise.all(batch.map((event) => {
        const value = encoders.get(event.event_type)?.(event);
        expect.assert(value);
        return producer.append(topic, { key: event.ticket_id, value, headers: { received_at: new Date(event.received_at).toISOString() } });
      }));
    },
    close: () => producer.close(),
  };
}

/** A second process of each projection, once it shares the partitions with the first one. */
async function secondProcesses(): Promise<Running[]> {
  const names = Object.values(projections);
  const admin = connectKafka(connection).admin();
  await admin.connect();
  const groupsNow = async (): Promise<GroupDescription[]> => (await admin.describeGroups(names)).groups;
  // Not by their number alone: whoever was killed is a member until its session ends, and the first may join late.
  const before = new Set((await groupsNow()).flatMap(({ members }) => members.map(({ memberId }) => memberId)));
  const started = names.map((name) => run(root, [`services/${name}/main.ts`]));
  await Promise.all(started.map(consumerStarted));
  await eventually(async () => {
    const groups = await groupsNow();
    return groups.every(({ state, members }) => state === 'Stable' && members.length > 1 && members.some(({ memberId }) => !before.has(memberId))) ? true : null;
  }, 'a new member of each group');
  await admin.disconnect();
  return started;
}

/** What each of them landed, once that is something. */
const landedByAll = (all: readonly Running[]): Promise<number[]> => Promise.all(all.map((running) =>
  eventually(async () => Number(/^ticketstream_records_total\{[^}]*outcome="landed"[^}]*\} (\d+)$/m.exec(await running.metrics())?.[1] ?? 0) || null, 'records landed by a second process')
    .catch((error: unknown) => {
      throw new Error(running.output(), { cause: error });
    })));

const allLanded = (database: Database, events: number): Promise<true> => eventually(async () => {
  const [row] = await query<{ landed: number; told: number }>(`
    SELECT
        (SELECT uniqExact(integration_id, ticket_id, event_id) FROM ${database}.timeline WHERE like(integration_id, '${everyTenant}')) AS landed,
        (SELECT sum(bitAnd(version, 4294967295)) FROM ${database}.ticket_facts FINAL WHERE like(integration_id, '${everyTenant}')) AS told`);
  return row?.landed === events && row.told === events ? true : null;
}, `${events} events in ${database}`, 120_000);

/** One hash per ticket; findings and versions depend on arrival and are left out. */
async function hashesOf(database: Database, order: number): Promise<unknown[]> {
  const left = ['integration_id', 'version', 'config_version', ...(database === 'queue' ? ['findings'] : [])];
  return query(`
    SELECT replaceOne(integration_id, '${tenantOf(order)}', '') AS tenant, ticket_id, cityHash64(toString(tuple(* EXCEPT (${left.join(', ')})))) AS hash
    FROM ${database}.ticket_facts FINAL WHERE like(integration_id, '%-${tenantOf(order)}-%') ORDER BY tenant, ticket_id`);
}

let landedBySeconds: number[] = [];

beforeAll(async () => {
  const orders = Array.from({ length: ORDERS }, (_, order) => order);
  const events = orders.flatMap(eventsOf);
  const office = events.map((event) => event.source.integration_id).filter((id) => id.startsWith('crm-a'));
  await loadConfig(clickhouse, [...new Set(office)], { calendars: historyConfig([]).calendars, defaultCalendars: Object.fromEntries(office.map((id) => [id, 'history-office'])), policies: [] });
  const log = await openLog();
  let seconds = secondProcesses();
  await seconds;
  for (const order of orders) {
    for (const batch of batchesOf(order, arrivalsOf(order))) {
      await log.append(batch);
      await sleep(200);
    }
    if (order === 1) {
      landedBySeconds = await landedByAll(await seconds);
      await Promise.all((await seconds).map((running) => running.end('SIGKILL')));
      seconds = secondProcesses();
    }
  }
  await log.close();
  for (const database of databases) await allLanded(database, events.length);
  // They leave their groups; whoever is killed keeps its partitions until the session times out.
  await Promise.all((await seconds).map((running) => running.end('SIGTERM')));
});

afterAll(async () => {
  await endAll();
  await forgetTenants(clickhouse, everyTenant, databases);
  await clickhouse.close();
  await closeClients();
});

for (const database of databases) {
  test(`${database}.ticket_facts are the same after ${ORDERS} random orders with repetitions, landed by two processes`, async () => {
    const expected = await hashesOf(database, 0);
    expect(expected.length, 'there is something to compare').toBeGreaterThan(HISTORIES);
    for (let order = 1; order < ORDERS; order += 1) expect(await hashesOf(database, order), `order ${order}, SEED=${SEED}`).toStrictEqual(expected);
  });
}

test('both processes of a projection had a part in it', () => {
  for (const landed of landedBySeconds) expect(landed).toBeGreaterThan(0);
  expect(landedBySeconds).toHaveLength(databases.length);
});
