import { expect, test } from 'vitest';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { assertEven, chosenCluster, onCluster, refuseCluster } from './on-cluster.ts';

/** A server that has these tables, as system.tables tells the one where rows lie, and notes what it is told. */
function server(tables: Readonly<Record<string, { name: string; engine: string }>> = {}, timeline?: string) {
  const told: string[] = [];
  const clickhouse: ClickHouse = {
    query: <Row>(sql: string, params?: Readonly<Record<string, unknown>>) => {
      if (sql.includes("name = 'timeline'")) return Promise.resolve((timeline === undefined ? [] : [{ name: timeline }]) as Row[]);
      if (params === undefined) told.push(sql);
      const found = tables[String(params?.['table'])];
      return Promise.resolve((found === undefined ? [] : [found]) as Row[]);
    },
    command: (sql) => {
      told.push(sql);
      return Promise.resolve();
    },
    insertEncoded: (table) => {
      told.push(`into ${table}`);
      return Promise.resolve();
    },
    read: () => Promise.resolve(Buffer.alloc(0)), ping: () => Promise.resolve(null), close: () => Promise.resolve(),
  };
  return { told, clickhouse };
}
const tables = { 'queue.ticket_facts': { name: 'ticket_facts_local', engine: 'ReplicatedReplacingMergeTree' }, 'config.status_map': { name: 'status_map', engine: 'ReplicatedReplacingMergeTree' } };

test('what a table is, the cluster is asked, and what this command made is known', async () => {
  const { told, clickhouse } = server(tables);
  const cluster = onCluster(clickhouse, 'tickets');
  await cluster.command("ALTER TABLE queue.ticket_facts MODIFY COMMENT 'x'");
  await cluster.command('CREATE TABLE queue_next.ticket_facts (integration_id String, ticket_id String) ENGINE = MergeTree ORDER BY (integration_id, ticket_id)');
  await cluster.command('TRUNCATE TABLE queue_next.ticket_facts');
  await cluster.command('DROP DATABASE queue_next');
  await cluster.command('TRUNCATE TABLE queue_next.ticket_facts');
  expect([told[0], told[3], told.at(-1)]).toStrictEqual([
    "ALTER TABLE queue.ticket_facts_local ON CLUSTER 'tickets' MODIFY COMMENT 'x'", "TRUNCATE TABLE queue_next.ticket_facts_local ON CLUSTER 'tickets'",
    "TRUNCATE TABLE queue_next.ticket_facts ON CLUSTER 'tickets'",
  ]);
});

test('a dictionary is loaded everywhere only once what was written is everywhere', async () => {
  const { told, clickhouse } = server(tables);
  const cluster = onCluster(clickhouse, 'tickets');
  await cluster.insertEncoded('config.status_map', 'JSONEachRow', Buffer.alloc(0));
  await cluster.insertEncoded('queue.ticket_facts', 'Native', Buffer.alloc(0));
  await cluster.command('SYSTEM RELOAD DICTIONARY config.live');
  await cluster.command('SYSTEM RELOAD DICTIONARY config.live');
  expect(told.slice(2)).toStrictEqual(["SYSTEM SYNC REPLICA ON CLUSTER 'tickets' config.status_map", "SYSTEM RELOAD DICTIONARY ON CLUSTER 'tickets' config.live", "SYSTEM RELOAD DICTIONARY ON CLUSTER 'tickets' config.live"]);
});

test('statements under way are looked for on every server', async () => {
  const { told, clickhouse } = server();
  await onCluster(clickhouse, 'tickets').query('SELECT count() FROM system.processes WHERE true');
  expect(told).toStrictEqual(["SELECT count() FROM clusterAllReplicas('tickets', system.processes) WHERE true"]);
});

test('a command finds out what it works on, and refuses what is something else', async () => {
  const asked = (timeline: string | undefined, name: string): Promise<string> => chosenCluster(server({}, timeline).clickhouse, name);
  expect([await asked(undefined, 'tickets'), await asked('tickets', ''), await asked('', ''), await asked('tickets', 'tickets')]).toStrictEqual(['tickets', 'tickets', '', 'tickets']);
  await expect(asked('', 'tickets')).rejects.toThrow(/holds the tables of one server/);
  await expect(refuseCluster(server({}, 'tickets').clickhouse, 'reconcile')).rejects.toThrow('reconcile works on one server');
  await refuseCluster(server({}, '').clickhouse, 'reconcile');
  await expect(asked('other', 'tickets')).rejects.toThrow(/of the cluster other, CLICKHOUSE_CLUSTER says tickets/);
});

test('nothing is changed while servers have different tables', async () => {
  const found = (places: readonly string[]): ClickHouse => ({ ...server().clickhouse, query: <Row>() => Promise.resolve(places.map((place) => ({ place })) as Row[]) });
  await assertEven(found([]), 'tickets');
  await expect(assertEven(found(['queue.timeline_local']), 'tickets')).rejects.toThrow(/^queue.timeline_local: not the same table on every server of tickets/);
});
