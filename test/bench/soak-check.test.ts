import { expect, test } from 'vitest';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { lostOrTwice } from './soak-check.ts';

const row = (ticket_id: string, n: number, twice = 0) => ({ integration_id: 'acme', ticket_id, n, twice });
/** Answers with these rows for one place, and with what was sent for all others. */
function clickhouse(place: string, rows: readonly object[]): Pick<ClickHouse, 'query'> {
  return { query: <Row>(sql: string) => Promise.resolve((sql.includes(`FROM ${place}`) ? rows : [row('A', 2), row('B', 1)]) as Row[]) };
}
const sent = new Map([['acme/A', 2], ['acme/B', 1]]);

test('what is lost, twice or not sent is found in each place', async () => {
  expect(await lostOrTwice(clickhouse('nowhere', []), sent)).toStrictEqual([]);
  for (const place of ['log.events', 'queue.timeline', 'agents.timeline', 'queue.ticket_facts', 'agents.ticket_facts']) {
    expect(await lostOrTwice(clickhouse(place, [row('A', 1), row('B', 1)]), sent)).toStrictEqual([`${place} lacks 1 events`]);
    expect(await lostOrTwice(clickhouse(place, [row('A', 2)]), sent)).toStrictEqual([`${place} lacks 1 events`]);
    expect((await lostOrTwice(clickhouse(place, [row('A', 2, 1), row('B', 1)]), sent))[0]).toMatch(/^\S+ has 1 events that were not sent, or twice/);
    expect((await lostOrTwice(clickhouse(place, [row('A', 2), row('B', 1), row('C', 1)]), sent))[0]).toMatch(/^\S+ has 1 events/);
  }
});
