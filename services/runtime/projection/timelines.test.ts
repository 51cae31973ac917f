// What an answer in blocks is taken for: timelines, ticket after ticket.
import { expect, test } from 'vitest';
import type { ClickHouse } from '../clickhouse.ts';
import { blockOf } from '../native/testing/rows-of.ts';
import { readTimelines, type Read } from './timelines.ts';

const columns = ['integration_id', 'ticket_id', 'config_state', 'event_id'].map((name) => ({ name, type: name === 'config_state' ? 'LowCardinality(String)' : 'String' }));
const read: Read = { database: 'd', columns: ['event_id'], events: ([ids]) => (row) => ({ eventId: String(ids?.at(row)) }) };

type Event = readonly [integration: string, ticket: string, id: string];
const block = (...events: readonly Event[]): Buffer =>
  blockOf(columns, events.map(([integration_id, ticket_id, event_id]) => ({ integration_id, ticket_id, config_state: '7', event_id })));

async function told(...blocks: readonly Buffer[]): Promise<string[]> {
  const clickhouse: Pick<ClickHouse, 'read'> = { read: () => Promise.resolve(Buffer.concat(blocks)) };
  return [...(await readTimelines(clickhouse, read, 'true'))].map(({ integration_id, ticket_id, configState, events }) =>
    `${integration_id}/${ticket_id} under ${configState}: ${events.map(({ eventId }) => eventId).join(' ')}`);
}

test('a ticket whose events lie in several blocks is one, and one id with two tenants is two', async () => {
  expect(await told(block(['acme', 'T', '1'], ['acme', 'T', '2']), block(['acme', 'T', '3']), block(['acme', 'T', '4'], ['globex', 'T', '5'], ['globex', 'U', '6'])))
    .toStrictEqual(['acme/T under 7: 1 2 3 4', 'globex/T under 7: 5', 'globex/U under 7: 6']);
});

test('an answer without rows is no ticket', async () => {
  expect(await told()).toStrictEqual([]);
  expect(await told(block())).toStrictEqual([]);
});
