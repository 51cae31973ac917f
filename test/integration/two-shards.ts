// A snapshot's tables as a cluster holds them, on the one server that tests have: each ticket in one of two databases, by the hash that
// the shards have, and over both a table of the snapshot's name, as Distributed is one over shards: it asks each for its rows, FINAL
// included, and puts them together. The views are the snapshot's own, over these.
import { createdBy } from '../../infra/cluster/render.ts';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';

const databases = ['queue', 'agents'];
const SHARDS = [0, 1];

interface Made {
  readonly name: string;
  readonly engine: string;
  readonly definition: string;
}

async function split(clickhouse: ClickHouse, snapshot: string, database: string, table: string, like: string): Promise<void> {
  const source = `${snapshot}_${database}.${table}`;
  const [columns] = await clickhouse.query<{ names: string }>(`SELECT arrayStringConcat(groupArray(name), ', ') AS names FROM system.columns WHERE concat(database, '.', table) = '${like}' AND default_kind != 'MATERIALIZED'`);
  for (const shard of SHARDS) {
    await clickhouse.command(`CREATE TABLE shard_${shard}_${database}.${table}_local AS ${like}`);
    await clickhouse.command(`INSERT INTO shard_${shard}_${database}.${table}_local (${columns?.names ?? ''}) SELECT ${columns?.names ?? ''} FROM ${source} WHERE cityHash64(integration_id, ticket_id) % ${SHARDS.length} = ${shard}`);
  }
  await clickhouse.command(`CREATE TABLE shards_${database}.${table} AS ${like} ENGINE = Merge(REGEXP('^shard_\\\\d_${database}$'), '^${table}_local$')`);
}

/** Each as soon as those that it rests on are there. */
async function createAll(clickhouse: ClickHouse, views: readonly string[]): Promise<void> {
  for (let waiting = views; waiting.length > 0;) {
    const left: string[] = [];
    let refusal: unknown;
    for (const view of waiting) {
      await clickhouse.command(view).catch((error: unknown) => {
        refusal = error;
        left.push(view);
      });
    }
    if (left.length === waiting.length) throw refusal;
    waiting = left;
  }
}

/** The same text about the shards. */
export const onShards = (sql: string, snapshot: string): string => sql.replaceAll(new RegExp(`\\b${snapshot}_(${databases.join('|')})(?=\\.)`, 'g'), 'shards_$1');

/** @returns the rows that each shard has of each table. */
export async function playTwoShards(clickhouse: ClickHouse, snapshot: string): Promise<readonly number[]> {
  const rows: number[] = [];
  const views: string[] = [];
  for (const database of databases) {
    for (const name of [...SHARDS.map((shard) => `shard_${shard}`), 'shards']) await clickhouse.command(`CREATE DATABASE ${name}_${database}`);
    const made = await clickhouse.query<Made>(`SELECT name, engine, create_table_query AS definition FROM system.tables WHERE database = '${snapshot}_${database}'`);
    await split(clickhouse, snapshot, database, 'timeline', `${database}.timeline`);
    const tables = made.filter(({ definition }) => createdBy(definition)?.spread === 'sharded').map(({ name }) => name);
    for (const table of tables) await split(clickhouse, snapshot, database, table, `${snapshot}_${database}.${table}`);
    for (const table of ['timeline', ...tables]) {
      for (const shard of SHARDS) rows.push((await clickhouse.query<{ n: number }>(`SELECT count() AS n FROM shard_${shard}_${database}.${table}_local`))[0]?.n ?? 0);
    }
    views.push(...made.filter(({ name, engine }) => engine === 'View' && name !== 'timeline').map(({ definition }) => onShards(definition, snapshot)));
  }
  await createAll(clickhouse, views);
  return rows;
}

export async function dropShards(clickhouse: ClickHouse): Promise<void> {
  for (const database of databases) {
    for (const name of ['shards', ...SHARDS.map((shard) => `shard_${shard}`)]) await clickhouse.command(`DROP DATABASE IF EXISTS ${name}_${database} SYNC`);
  }
}

const rounded = (value: unknown): unknown => {
  if (typeof value === 'number') return Number(value.toPrecision(12));
  if (Array.isArray(value)) return value.map(rounded);
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, rounded(member)])) : value;
};

/** Of a view, in one order; sums of fractions as far as they don't depend on that of adding. */
export const rowsOf = async (clickhouse: ClickHouse, sql: string): Promise<unknown> => rounded(await clickhouse.query(`SELECT * FROM (${sql}) ORDER BY ALL`));
