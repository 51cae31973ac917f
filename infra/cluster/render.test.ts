import { describe, expect, test } from 'vitest';
import { define } from '../projections/definition.ts';
import { findProjections } from '../projections/find.ts';
import { rendered, spreadOfDefinition, type Cluster } from './render.ts';

const sharded = new Set(['queue.ticket_facts', 'queue_next.ticket_facts', 'queue.timeline']);
const cluster: Cluster = { name: 'tickets', spreadOf: (table) => Promise.resolve(sharded.has(table) ? 'sharded' : table.startsWith('config.') ? 'everywhere' : 'plain') };
const said = (sql: string): Promise<string[]> => rendered(sql, cluster);

describe('a table', () => {
  test('whose key names a ticket is local on each shard, and Distributed under its own name', async () => {
    expect(await said(`-- What ENGINE = Memory would not say.
CREATE TABLE IF NOT EXISTS queue.facts
(
    integration_id String COMMENT 'Tenant, with ENGINE = Log and it''s key.', -- it's
    ticket_id String
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (integration_id, ticket_id)
SETTINGS index_granularity = 512
COMMENT 'Facts, one row ''per'' ticket.'`)).toStrictEqual([
      `CREATE TABLE IF NOT EXISTS queue.facts_local ON CLUSTER 'tickets'
(
    integration_id String COMMENT 'Tenant, with ENGINE = Log and it''s key.', -- it's
    ticket_id String
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version)
ORDER BY (integration_id, ticket_id)
SETTINGS index_granularity = 512
COMMENT 'Facts, one row ''per'' ticket.'`,
      `CREATE TABLE IF NOT EXISTS queue.facts ON CLUSTER 'tickets' AS queue.facts_local ENGINE = Distributed('tickets', 'queue', 'facts_local', cityHash64(integration_id, ticket_id)) COMMENT 'Facts, one row ''per'' ticket.'`,
    ]);
  });

  test('of any other key is whole on every server', async () => {
    expect(await said('CREATE OR REPLACE TABLE queue_next.views (query String) ENGINE = MergeTree ORDER BY tuple()')).toStrictEqual([
      `CREATE OR REPLACE TABLE queue_next.views ON CLUSTER 'tickets' (query String) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/everywhere', '{shard}-{replica}') ORDER BY tuple()`]);
  });

  test('that holds nothing is on each server as it is', async () => {
    expect(await said('CREATE TABLE IF NOT EXISTS queue.door (a String) ENGINE = Null')).toStrictEqual([`CREATE TABLE IF NOT EXISTS queue.door ON CLUSTER 'tickets' (a String) ENGINE = Null`]);
  });

  test.each(['CREATE TABLE a.b AS queue.ticket_facts', 'CREATE TABLE a.b ENGINE = MergeTree ORDER BY x AS SELECT 1 AS x', 'OPTIMIZE TABLE queue.timeline FINAL', 'CREATE USER mira'])(
    'is not made by what would mean another thing on a cluster: %s', async (sql) => {
      await expect(said(sql)).rejects.toThrow(/no way is known/);
    });
});

describe('a change', () => {
  test('of columns is one of both tables, of anything else one of the rows’ own', async () => {
    expect(await said("ALTER TABLE queue.timeline ADD COLUMN IF NOT EXISTS a String COMMENT 'x'")).toStrictEqual([
      "ALTER TABLE queue.timeline_local ON CLUSTER 'tickets' ADD COLUMN IF NOT EXISTS a String COMMENT 'x'", "ALTER TABLE queue.timeline ON CLUSTER 'tickets' ADD COLUMN IF NOT EXISTS a String COMMENT 'x'"]);
    expect(await said("ALTER TABLE queue.timeline MODIFY COMMENT 'ADD COLUMN'")).toStrictEqual(["ALTER TABLE queue.timeline_local ON CLUSTER 'tickets' MODIFY COMMENT 'ADD COLUMN'"]);
  });

  test('of a table that is everywhere is said once, and of a view on each server', async () => {
    expect(await said('ALTER TABLE config.status_map DELETE WHERE 1')).toStrictEqual(['ALTER TABLE config.status_map DELETE WHERE 1']);
    expect(await said('ALTER TABLE queue.feeds MODIFY QUERY SELECT 1')).toStrictEqual(["ALTER TABLE queue.feeds ON CLUSTER 'tickets' MODIFY QUERY SELECT 1"]);
  });

  test('of places moves the rows last, so that all of it can be said again when it is broken off', async () => {
    const distributed = (table: string, like: string): string => {
      const [database = '', name = ''] = table.split('.');
      return `CREATE OR REPLACE TABLE ${table} ON CLUSTER 'tickets' AS ${like} ENGINE = Distributed('tickets', '${database}', '${name}_local', cityHash64(integration_id, ticket_id))`;
    };
    expect(await said('EXCHANGE TABLES queue.ticket_facts AND queue_next.ticket_facts')).toStrictEqual([
      distributed('queue.ticket_facts', 'queue_next.ticket_facts_local'), distributed('queue_next.ticket_facts', 'queue.ticket_facts_local'),
      "EXCHANGE TABLES queue.ticket_facts_local AND queue_next.ticket_facts_local ON CLUSTER 'tickets'",
    ]);
    expect(await said('RENAME TABLE queue_next.ticket_facts TO queue_previous.ticket_facts')).toStrictEqual([
      distributed('queue_previous.ticket_facts', 'queue_next.ticket_facts'),
      "RENAME TABLE IF EXISTS queue_next.ticket_facts_local TO queue_previous.ticket_facts_local ON CLUSTER 'tickets'",
      "DROP TABLE IF EXISTS queue_next.ticket_facts ON CLUSTER 'tickets' SYNC",
    ]);
  });
});

test.each([
  ['CREATE DATABASE IF NOT EXISTS queue', "CREATE DATABASE IF NOT EXISTS queue ON CLUSTER 'tickets'"],
  ['DROP DATABASE IF EXISTS queue_next SYNC', "DROP DATABASE IF EXISTS queue_next ON CLUSTER 'tickets' SYNC"],
  ["CREATE OR REPLACE VIEW queue.v (a String) AS SELECT 'CREATE TABLE'", "CREATE OR REPLACE VIEW queue.v ON CLUSTER 'tickets' (a String) AS SELECT 'CREATE TABLE'"],
  ['CREATE MATERIALIZED VIEW IF NOT EXISTS queue.f TO queue.timeline AS SELECT 1', "CREATE MATERIALIZED VIEW IF NOT EXISTS queue.f ON CLUSTER 'tickets' TO queue.timeline AS SELECT 1"],
  ['CREATE OR REPLACE FUNCTION one AS () -> 1', "CREATE OR REPLACE FUNCTION one ON CLUSTER 'tickets' AS () -> 1"],
  ['SYSTEM RELOAD DICTIONARY config.live', "SYSTEM RELOAD DICTIONARY ON CLUSTER 'tickets' config.live"],
  ['INSERT INTO queue.timeline SELECT 1', 'INSERT INTO queue.timeline SELECT 1'],
])('%s', async (sql, there) => {
  expect(await said(sql)).toStrictEqual([there]);
});

test('of our own tables those of tickets are sharded, and nothing else is', async () => {
  const statements = (await Promise.all((await findProjections()).map(define))).flatMap((defined) => defined.statements.filter(({ kind }) => kind === 'table').map(({ target, text }) => ({ table: target.replace('{database}', defined.projection.database), text })));
  const spread = statements.map(({ table, text }) => [table, spreadOfDefinition(text)] as const);
  expect(new Set(spread.flatMap(([table, kind]) => (kind === 'sharded' ? [table] : [])))).toStrictEqual(new Set([
    'queue.timeline', 'queue.failed_tickets', 'queue.ticket_facts', 'queue.sla_timer_facts', 'agents.timeline', 'agents.failed_tickets', 'agents.ticket_facts',
    'log.event_store', 'log.event_bodies', 'log.rule_action_store']));
  expect(spread.filter(([, kind]) => kind !== 'sharded').map(([, kind]) => kind)).toSatisfy((kinds: string[]) => kinds.every((kind) => kind === 'everywhere'));
});
