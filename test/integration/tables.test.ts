// The tables that are there and the definitions they come from say the same.
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { onCluster, unevenTables } from '../../infra/cluster/on-cluster.ts';
import { createTables } from '../../infra/facts/build.ts';
import { Printer } from '../../infra/migrate/printer.ts';
import { define } from '../../infra/projections/definition.ts';
import { findProjections } from '../../infra/projections/find.ts';
import { migrateProjection } from '../../infra/projections/tables.ts';
import { loadContracts } from '../../schemas/contract.ts';
import { landingColumns, landingTable } from '../../services/runtime/projection/landing.ts';
import { connectClickHouse, instantText, sqlString } from '../../services/runtime/clickhouse.ts';
import type { Row } from '../../services/runtime/native/encode.ts';
import { anyRows, columnsOfAll } from '../../services/runtime/native/testing/any-rows.ts';
import { rowsOf } from '../../services/runtime/native/testing/rows-of.ts';
import { Rows } from '../../services/runtime/projection/rows.ts';
import { closeClients, environment, query } from '../system/support.ts';

afterAll(closeClients);

const databases = (await findProjections()).map(({ projection }) => projection.database);

test('every database has a landing table per event type with a column per field', async () => {
  const contracts = [...(await loadContracts()).values()];
  for (const database of databases) {
    for (const { record } of contracts) {
      const columns = await query<{ name: string; type: string }>('SELECT name, type FROM system.columns WHERE database = {d:String} AND table = {t:String} ORDER BY position', { d: database, t: landingTable(record) });
      const spaced = (type: string): string => type.replaceAll(' ', '');
      expect(columns.map(({ name, type }) => `${name} ${spaced(type)}`), `${database}.${landingTable(record)}`).toStrictEqual(landingColumns(record).map(({ name, type }) => `${name} ${spaced(type)}`));
    }
  }
});

test('every view that an analyst reads and every column of it says what it means', async () => {
  const silent = await query<{ what: string }>(`
    SELECT concat(database, '.', table, '.', name) AS what FROM system.columns
    WHERE database IN {databases:Array(String)} AND comment = ''
      AND (database, table) IN (SELECT database, name FROM system.tables WHERE engine = 'View')
    UNION ALL
    SELECT concat(database, '.', name) FROM system.tables WHERE database IN {databases:Array(String)} AND engine = 'View' AND comment = ''`, { databases });
  expect(silent).toStrictEqual([]);
});

/** As ClickHouse tells a row in JSON with 64-bit integers in quotes. */
const asTold = ({ longs, version, at, maybe, words, steps, ...row }: Row): unknown => ({
  ...row, words, longs: (longs as unknown[]).map(String), version: String(version), at: instantText(at as number), maybe: maybe === null ? null : instantText(maybe as number),
  steps: (steps as Row[]).map((step) => ({ ...step, at: instantText(step['at'] as number), held: step['held'] === null ? null : String(step['held'] as number) })),
});

/** A bigint that a number holds is read as one. */
const asNumbers = (row: Row): unknown => JSON.parse(JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : typeof value === 'number' ? String(value) : value)));

test('rows arrive as they were told, in the types that their table has, and are read as they were', async () => {
  const clickhouse = connectClickHouse(environment.clickhouseUrl);
  try {
    await clickhouse.command('CREATE DATABASE IF NOT EXISTS told');
    const others = `day Date DEFAULT '2026-01-02', hour DateTime('UTC'), letter Enum8('a' = 1, 'b' = 2), uuid UUID, price Decimal(9, 2), exact DateTime64(6, 'Europe/Berlin')`;
    await clickhouse.command(`CREATE TABLE told.rows (no UInt32, ${columnsOfAll.map(({ name, type }) => `${name} ${type}`).join(', ')}, ${others}) ENGINE = MergeTree ORDER BY no`);
    const rows = fc.sample(anyRows, 50).flat();
    const batch = await new Rows(clickhouse).batch('told', 'rows');
    const rest = { hour: Date.UTC(2026, 5, 1, 13), letter: 'b', uuid: '4ad57936-aaf9-67cd-9ef7-1fe7583ea8ff', price: '12.5', exact: Date.UTC(2026, 5, 1, 13, 0, 0, 7) };
    rows.forEach((row, no) => batch.add({ no, ...row }, rest));
    await batch.insert();
    const told = await clickhouse.query(`SELECT * FROM told.rows ORDER BY no SETTINGS output_format_json_quote_64bit_integers = 1`);
    expect(told).toEqual(rows.map((row, no) => ({
      no, ...(asTold(row) as object), day: '2026-01-02', hour: '2026-06-01 13:00:00', letter: 'b', uuid: rest.uuid, price: 12.5, exact: '2026-06-01 15:00:00.007000' })));
    const read = rowsOf(await clickhouse.read(`SELECT ${columnsOfAll.map(({ name }) => name).join(', ')} FROM told.rows ORDER BY no SETTINGS max_block_size = 100`));
    expect(read.map(asNumbers)).toStrictEqual(rows.map(asNumbers));
  } finally {
    await clickhouse.command('DROP DATABASE IF EXISTS told SYNC');
    await clickhouse.close();
  }
});

/** What a rebuild and a snapshot say besides making tables. */
const elsewhere = [
  'EXCHANGE TABLES queue.ticket_facts AND queue_next.ticket_facts', 'RENAME TABLE queue_next.ticket_facts TO queue_previous.ticket_facts', 'RENAME TABLE queue_next.views TO queue_previous.views',
  'CREATE OR REPLACE TABLE queue_next.views (query String) ENGINE = MergeTree ORDER BY tuple()', 'DROP TABLE IF EMPTY queue.ticket_facts SYNC', 'DROP DATABASE IF EXISTS queue_next SYNC',
  'ALTER TABLE queue.ticket_facts RESET SETTING max_bytes_to_merge_at_max_space_in_pool', 'SYSTEM RELOAD DICTIONARY config.live', 'DROP FUNCTION IF EXISTS monday_business_clock', 'TRUNCATE TABLE queue.ticket_facts',
];

test('all that a cluster is told is of ClickHouse’s language', async () => {
  const said: string[] = [];
  const clickhouse = onCluster(new Printer((statement) => said.push(statement)), 'tickets');
  for (const found of await findProjections()) {
    const defined = await define(found);
    await migrateProjection(clickhouse, defined);
    if (defined.projection.facts.length > 0) await createTables({ ...defined, clickhouse, into: `${defined.projection.database}_next`, filter: {}, chunkTickets: 1 });
  }
  for (const sql of elsewhere) await clickhouse.command(sql);
  expect(said.filter((sql) => sql.includes('Distributed(')).length).toBeGreaterThan(10);
  const engine = connectClickHouse(environment.clickhouseUrl);
  try {
    // Of what differs only by its database, one.
    for (const sql of new Map(said.map((text) => [text.replaceAll(/\b(?:queue|agents|log)(?:_next)?\b/g, ''), text])).values()) await engine.command(`EXPLAIN AST ${sql}`).catch((error: unknown) => expect.fail(`${sql}\n${String(error)}`));
    // The endpoint explains nothing that names another server.
    await engine.command(`SELECT formatQuery(${sqlString(unevenTables('tickets'))}) FORMAT Null`);
  } finally {
    await engine.close();
  }
});
