// npm run new:projection -- NAME: a projection with its own database that runs at once, to be
// changed from there: a function from a ticket's story to rows, and the table that takes them.
// infra/projections/find.ts finds it by folder, npm start finds the service.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir, SetupError } from '../local/settings.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { nameFrom, writeService } from './service-folder.ts';

const facts = `// What is kept of a ticket's story (services/ticket/story.ts): a row of ticket_facts, by the names of its columns. Times are
// milliseconds, of nested columns every element is an object. The row is told anew whenever the ticket has a new event.
import { ticketFold } from '../ticket/reading/fold.ts';
import type { Story } from '../ticket/story.ts';

export const factsRow = (story: Story) => ({
  created_at: story.createdAt,
  customer_messages: story.customerMessages,
  agent_replies: story.agentReplies,
  turns: story.turns.map(({ agentId, repliedAt }) => ({ agent_id: agentId, replied_at: repliedAt })),
});

export const fold = ticketFold((story) => ({ ticket_facts: factsRow(story) }));
`;

const sql = `-- The table that takes the rows of facts.ts, and what people read. Every statement can be repeated.

CREATE TABLE IF NOT EXISTS {database}.ticket_facts
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    created_at DateTime64(3, 'UTC') COMMENT 'Event time of the creation; of the first event while it is not known.',
    customer_messages UInt32 COMMENT 'Public messages by customers.',
    agent_replies UInt32 COMMENT 'Public messages by human agents.',
    turns Array(Tuple(agent_id String, replied_at DateTime64(3, 'UTC'))) COMMENT 'Runs of replies by one agent, in order.',
    version UInt64 COMMENT 'Of a ticket''s rows the highest counts; filled in by whoever inserts the row.',
    config_version UInt32 COMMENT 'Version of the configuration that it was told under; filled in likewise.'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (integration_id, ticket_id)
COMMENT 'One row per ticket. Read it with FINAL.';

CREATE OR REPLACE VIEW {database}.messages_by_day
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    day Date COMMENT 'Day of the tickets'' creation, UTC.',
    tickets UInt64 COMMENT 'Tickets created on that day.',
    customer_messages UInt64 COMMENT 'Messages of their customers, each counted once.',
    agent_replies UInt64 COMMENT 'Replies of agents.'
)
AS SELECT integration_id, toDate(created_at) AS day, count() AS tickets, sum(facts.customer_messages) AS customer_messages, sum(facts.agent_replies) AS agent_replies
FROM {database}.ticket_facts AS facts FINAL
GROUP BY integration_id, day
COMMENT 'Messages per tenant and day.';
`;

const projection = (name: string, database: string): string => `import { defineProjection } from '../runtime/projection/projector.ts';
import { fold } from './facts.ts';

export const projection = defineProjection({
  name: '${name}',
  database: '${database}',
  facts: ['ticket_facts'], // tables of one row per ticket
  fold, // tells the rows
  timeline: true, // the database keeps every ticket's events, which the rows are told from
});
`;

const main = `import { runProjectionService } from '../runtime/projection/service.ts';
import { projection } from './projection.ts';

await runProjectionService(projection, process.env);
`;

const unitTest = `import { expect, test } from 'vitest';
import { created, customer, note, reply, time, told } from '../ticket/testing/tell.ts';
import { factsRow } from './facts.ts';

test('replies of one agent in a row are one turn, and a note is none', () => {
  const story = told(created('10:00'), reply('10:05', 'lea'), reply('10:06', 'lea'), customer('10:10'), note('10:11', 'max'), reply('10:12', 'max'));
  expect(factsRow(story)).toStrictEqual({
    created_at: time('10:00'), customer_messages: 2, agent_replies: 3,
    turns: [{ agent_id: 'lea', replied_at: time('10:05') }, { agent_id: 'max', replied_at: time('10:12') }],
  });
});
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
  const row = await eventually(async () => {
    const [found] = await query<{ customer_messages: number; agent_replies: number }>('SELECT customer_messages, agent_replies FROM ${database}.ticket_facts FINAL WHERE ticket_id = {t:String}', { t: id });
    return found?.agent_replies === 1 ? found : null;
  }, 'the ticket in ${database}.ticket_facts');
  expect(row).toStrictEqual({ customer_messages: 1, agent_replies: 1 });
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
    'facts.ts': facts,
    '01-facts.sql': sql,
    'projection.ts': projection(name, database),
    'main.ts': main,
    'facts.test.ts': unitTest,
    'projection.test.ts': integrationTest(name, database),
  });
  console.log(`
Yours are facts.ts, what it keeps of a ticket's story, and 01-facts.sql, where that goes and what people read.
npm start migrates its database "${database}" and runs it; npm run migrate and npm run service -- ${name} do so alone.
npm run rebuild -- ${name} tells all tickets again after a change. npx vitest run services/${name} runs its tests.`);
} catch (error) {
  endWithMessage(error);
}
