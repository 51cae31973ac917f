// A topic gets more partitions while everything runs: a ticket's events may then lie in two. Nothing
// is lost or counted twice, and the numbers are those of the events' own order.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { topicOffsets } from '../../services/runtime/kafka/topic-offsets.ts';
import { projectDir } from '../../infra/local/settings.ts';
import { connection } from '../system/quarantine-cli.ts';
import { closeClients, eventually, newTicketId, query, sendUntilAccepted, ticket } from '../system/support.ts';

afterAll(closeClients);

const topic = eventsTopic('production');
const partitions = async (): Promise<number> => (await topicOffsets(connection, topic)).length;

/** `npm run topics` for production alone. */
async function topics(wanted: number, ...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, TOPIC_PARTITIONS: String(wanted), ENVIRONMENTS: 'production', INTEGRATIONS_FILE: '' };
  return promisify(execFile)(process.execPath, ['infra/start/run.mjs', 'infra/topics/topics.ts', ...args], { cwd: projectDir, env });
}

test('more partitions are refused without being asked for by name, and fewer always', async () => {
  const before = await partitions();
  const more = await topics(before + 2);
  expect(more.stdout).toMatch(new RegExp(`${topic}: ${before} partitions, exists; TOPIC_PARTITIONS asks for ${before + 2}`));
  expect(more.stderr).toMatch(/--add-partitions/);
  const fewer = await topics(before - 1, '--add-partitions');
  expect(fewer.stderr).toMatch(/can't have fewer partitions/);
  expect(await partitions()).toBe(before);
});

test('tickets go on over two partitions while ingress and projections run', async () => {
  const before = await partitions();
  const tickets = Array.from({ length: 12 }, newTicketId);
  const created = tickets.map((id) => ticket(id).created('2026-03-02T09:00:00.000Z', 'hello'));
  for (const event of created) await sendUntilAccepted(event);
  const { stdout, stderr } = await topics(before * 2, '--add-partitions');
  expect(stdout).toMatch(new RegExp(`${topic}: has ${before * 2} partitions now`));
  expect(stderr).toMatch(/order within each partition only/);

  // The ingress notices by itself, while events come in.
  await eventually(async () => {
    const probe = newTicketId();
    expect(await sendUntilAccepted(ticket(probe).created('2026-03-02T09:00:00.000Z'))).toBe('accepted');
    const grown = (await topicOffsets(connection, topic)).filter(({ partition, high }) => partition >= before && high > 0);
    return grown.length > 0 ? true : null;
  }, 'an event in a new partition', 30_000);

  // Answers of an agent that are older than the second message of the customer, sent after it.
  for (const id of tickets) {
    await sendUntilAccepted(ticket(id).message('2026-03-02T10:00:00.000Z', 'customer'));
    await sendUntilAccepted(ticket(id).message('2026-03-02T09:10:00.000Z', { agent: 'lea' }));
  }
  for (const event of created) expect(await sendUntilAccepted(event)).toBe('duplicate');

  const facts = await eventually(async () => {
    // First that the facts count all events, then what they say.
    const [told] = await query<{ n: number }>('SELECT sum(bitAnd(version, 4294967295)) AS n FROM queue.ticket_facts FINAL WHERE ticket_id IN {tickets:Array(String)}', { tickets });
    const rows = await query<{ first: number; waiting: boolean; n: number; places: number }>(`
      SELECT t.first_response_seconds AS first, t.is_waiting AS waiting, e.n AS n, e.places AS places
      FROM queue.tickets AS t
      INNER JOIN (SELECT ticket_id, count() AS n, uniqExact(kafka_partition) AS places FROM queue.timeline FINAL GROUP BY ticket_id) AS e ON e.ticket_id = t.ticket_id
      WHERE t.ticket_id IN {tickets:Array(String)}`, { tickets });
    return rows.length === tickets.length && rows.every(({ n }) => n === 3) && told?.n === 3 * tickets.length ? rows : null;
  }, 'all three events of each ticket', 40_000);
  expect(facts.every(({ first, waiting }) => first === 600 && waiting), JSON.stringify(facts)).toBe(true);
  expect(facts.some(({ places }) => places === 2), 'some ticket goes on in another partition').toBe(true);
});
