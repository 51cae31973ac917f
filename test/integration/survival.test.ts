// Where the estimate is exactly a half or a tenth, it is that very number: the median is the first row with
// survival <= 0.5, so a sum of logarithms that comes out a hair higher would name a later one.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { story } from '../oracle/story.ts';
import { environment } from '../system/support.ts';
import { forgetTenants } from './history-landing.ts';
import { land } from './landing-support.ts';

const SIZES = [6, 10, 14, 20, 30, 50, 60];
const run = `survival-${Date.now()}`;
const tenantOf = (size: number): string => `${run}-${size}`;
const clickhouse = connectClickHouse(environment.clickhouseUrl);

/** As many tickets as the size, the n-th of them solved after n minutes. */
const eventsOf = (size: number): Parameters<typeof land>[1] => Array.from({ length: size }, (_, i) =>
  story(`T${i}`, tenantOf(size)).created('09:00').status(`${String(9 + Math.floor((i + 1) / 60)).padStart(2, '0')}:${String((i + 1) % 60).padStart(2, '0')}`, 'solved').events).flat();

beforeAll(() => land(clickhouse, SIZES.flatMap(eventsOf)));
afterAll(async () => {
  await forgetTenants(clickhouse, `${run}-%`, ['queue', 'agents']);
  await clickhouse.close();
});

for (const size of SIZES) {
  test(`of ${size} tickets solved one by one, half are unsolved when half are solved`, async () => {
    const rows = await clickhouse.query<{ elapsed_seconds: number; survival: number }>(
      `SELECT elapsed_seconds, survival FROM queue.resolution_survival WHERE integration_id = '${tenantOf(size)}' ORDER BY elapsed_seconds`);
    const median = rows.find(({ survival }) => survival <= 0.5);
    expect(median).toStrictEqual({ elapsed_seconds: (size / 2) * 60, survival: 0.5 });
    const last = rows.at(-1);
    expect(last?.survival).toBe(0);
    if (size % 10 === 0) expect(rows.find(({ survival }) => survival <= 0.1)?.elapsed_seconds).toBe(size * 0.9 * 60);
  });
}
