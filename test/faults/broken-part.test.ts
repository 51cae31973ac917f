// A part of a table that was damaged while ClickHouse ran (a merge on a full disk leaves one without its marks): nothing of it is
// lost, and nobody has to come.
import { truncate } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack, type Stack } from '../../infra/local/stack.ts';
import { connectClickHouse, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { newDataFolder } from '../system/data-folder.ts';
import { freePort } from '../system/free-ports.ts';

let stack: Stack;
let clickhouse: ClickHouse;
beforeAll(async () => {
  stack = await startStack({ dataDir: await newDataFolder(), only: ['clickhouse'], ports: { clickhouse: await freePort() } });
  clickhouse = connectClickHouse(stack.clickhouseUrl);
});
afterAll(async () => {
  await clickhouse.close();
  await stack.stop();
});

const ROWS = 100_000;

/** Two inserts, merged into one part. @returns its folder */
async function mergedPart(table: string): Promise<string> {
  await clickhouse.command(`CREATE TABLE ${table} (a UInt64) ENGINE = MergeTree ORDER BY a`);
  for (const half of [0, 1]) await clickhouse.command(`INSERT INTO ${table} SELECT number FROM numbers(${half * ROWS / 2}, ${ROWS / 2})`);
  await clickhouse.command(`OPTIMIZE TABLE ${table} FINAL`);
  const [part] = await clickhouse.query<{ path: string }>("SELECT path FROM system.parts WHERE active AND concat(database, '.', table) = {table:String}", { table });
  return part?.path ?? '';
}

const count = async (table: string): Promise<number> => {
  const [row] = await clickhouse.query<{ n: number }>(`SELECT toUInt32(count()) AS n, sum(a) FROM ${table}`);
  return row?.n ?? -1;
};

test.for(['data.cmrk4', 'data.bin'])('a part whose %s was emptied: ClickHouse starts again, and all rows are there', async (file) => {
  const table = `default.emptied_${file.replace('.', '_')}`;
  await truncate(`${await mergedPart(table)}${file}`);
  await clickhouse.command('SYSTEM DROP MARK CACHE');
  await expect(count(table)).rejects.toThrow();
  let found = -1;
  for (let tries = 0; found !== ROWS && tries < 100; tries++) {
    found = await count(table).catch(() => -1);
    await sleep(100);
  }
  expect(found).toBe(ROWS);
});
