// npm run new:projection -- NAME: a projection with its own database that runs at once, to be
// changed from there. infra/projections/find.ts finds its SQL by folder, npm start finds the service.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir, SetupError } from '../local/settings.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { nameFrom, writeService } from './service-folder.ts';

const projection = (name: string, database: string): string => `import { defineProjection } from '../runtime/projection/projector.ts';

export const projection = defineProjection({
  name: '${name}',
  database: '${database}',
  facts: [], // tables of one row per ticket; with them a fold that tells their rows, as in services/queue-analytics
  timeline: false, // true: the shared timeline, in this database too
});
`;

const main = `import { runProjectionService } from '../runtime/projection/service.ts';
import { projection } from './projection.ts';

await runProjectionService(projection, process.env);
`;

const sql = `-- Messages per day and channel side: an example of a table, what feeds it, and what people read.
-- An event may be inserted more than once (redelivery), so the table keeps the first by its key, and
-- sums are made when reading. Every statement can be repeated.

CREATE TABLE IF NOT EXISTS {database}.messages
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    event_id String COMMENT 'Identity of the event, lower case.',
    sent_at DateTime64(3, 'UTC') COMMENT 'Event time.',
    sender_type LowCardinality(String) COMMENT 'customer, agent or another.',
    first_wins UInt64 COMMENT 'Version of the row: the lower the offset, the higher.'
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (integration_id, ticket_id, event_id)
COMMENT 'Every message once. Read it with FINAL.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.messages_from_landing TO {database}.messages AS
SELECT
    \`source.integration_id\` AS integration_id,
    ticket_id,
    lower(event_id) AS event_id,
    timestamp AS sent_at,
    \`sender.type\` AS sender_type,
    18446744073709551615 - toUInt64(kafka_offset) AS first_wins
FROM {database}.landing_message_received
COMMENT 'Feeds messages.';

CREATE OR REPLACE VIEW {database}.messages_by_day
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    day Date COMMENT 'Day of the event, UTC.',
    sender_type LowCardinality(String) COMMENT 'customer, agent or another.',
    messages UInt64 COMMENT 'Messages sent on that day, each counted once.'
)
AS SELECT integration_id, toDate(sent_at) AS day, sender_type, count() AS messages
FROM {database}.messages FINAL
GROUP BY integration_id, day, sender_type
COMMENT 'Messages per tenant, day and kind of sender.';
`;

const integrationTest = (name: string, database: string): string => `// Runs with npm test, which starts every service of services/ on a system of its own.
import { afterAll, expect, test } from 'vitest';
import { closeClients, eventually, newTicketId, query, send, ticket } from '../../test/system/support.ts';

afterAll(closeClients);

test('${name} counts a message once, however often it was sent', async () => {
  const id = newTicketId();
  const message = ticket(id).message('2026-03-02T09:00:00.000Z', 'customer', 'hello');
  await send(message);
  await send(message);
  await send(ticket(id).message('2026-03-02T09:01:00.000Z', { agent: 'lea' }, 'good morning'));
  const rows = await eventually(async () => {
    const found = await query<{ sender_type: string }>('SELECT sender_type FROM ${database}.messages FINAL WHERE ticket_id = {t:String} ORDER BY sent_at', { t: id });
    return found.length >= 2 ? found : null;
  }, 'both messages in ${database}.messages');
  expect(rows.map((row) => row.sender_type)).toStrictEqual(['customer', 'agent']);
});
`;

/** Databases of ClickHouse itself and of the projections that there are. */
function databasesTaken(): string[] {
  const services = join(projectDir, 'services');
  const definitions = readdirSync(services).map((folder) => join(services, folder, 'projection.ts')).filter((file) => existsSync(file));
  const named = definitions.map((file) => /database: '([^']+)'/.exec(readFileSync(file, 'utf8'))?.[1] ?? '');
  return ['default', 'system', 'information_schema', ...named];
}

try {
  const name = nameFrom(process.argv.slice(2), 'new:projection');
  const database = name.replaceAll('-', '_');
  if (databasesTaken().includes(database)) throw new SetupError([`there is a database "${database}" already; choose another name`], 2);
  writeService(name, {
    'projection.ts': projection(name, database),
    'main.ts': main,
    '01-messages.sql': sql,
    'projection.test.ts': integrationTest(name, database),
  });
  console.log(`
npm start migrates its database "${database}" and runs it; npm run migrate and npm run service -- ${name} do so alone.
npx vitest run services/${name} runs its test.`);
} catch (error) {
  endWithMessage(error);
}
