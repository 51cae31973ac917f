// Consumers as anyone would add them: scaffolded, run as processes beside the system, killed,
// restarted, shut out and replayed.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadContract } from '../../schemas/contract.ts';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { consumerPositions } from '../../services/runtime/kafka/admin.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { SchemaRegistry } from '../../services/runtime/registry.ts';
import { connection, writtenSchemaId } from '../quarantine-cli.ts';
import { closeClients, environment, eventually, landed, newTicketId, query, send, ticket } from '../support.ts';
import { consumerStarted, copyOfTheCode, endAll, openReceiver, probe, root, run, type Receiver, type Running } from './consumer-kit.ts';

const NAME = `probe-${randomUUID().slice(0, 8)}`;
const topic = eventsTopic('production');
let copy: Awaited<ReturnType<typeof copyOfTheCode>>;
let receiver: Receiver;

before(async () => {
  copy = await copyOfTheCode();
  receiver = await openReceiver();
});
after(async () => {
  await endAll();
  receiver.close();
  await copy.remove();
  await closeClients();
});

const startProbe = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Running =>
  run(copy.folder, [`services/${NAME}/main.ts`, ...args], { PROBE_URL: receiver.url, ...env });

const takenOf = (ticketId: string): string[] => receiver.taken.filter(({ body }) => body.ticket_id === ticketId).map(({ body }) => body.event_id);

const allTaken = (ticketId: string, events: number): Promise<string[]> =>
  eventually(() => Promise.resolve(takenOf(ticketId).length >= events ? takenOf(ticketId) : null), `${events} events of ${ticketId}`);

/** An event for each minute, sent one after the other. */
async function conversation(ticketId: string, messages: number, from = 0): Promise<string[]> {
  const make = ticket(ticketId);
  const events = Array.from({ length: messages }, (_, i) => make.message(new Date(Date.UTC(2026, 2, 2, 9, from + i)).toISOString(), 'customer', `message ${from + i}`));
  for (const event of events) assert.equal((await send(event)).body.status, 'accepted');
  return events.map(({ event_id }) => event_id);
}

/** Appends status changes to a log behind the ingress's back. */
async function append(toTopic: string, ticketId: string, eventIds: readonly string[], schemaId: number): Promise<void> {
  const producer = await connectProducer(connection, [toTopic]);
  const registry = new SchemaRegistry(environment.registryUrl);
  try {
    for (const event_id of eventIds) {
      const value = await registry.encode(schemaId, {
        event_id, ticket_id: ticketId, source: { platform: 'test', integration_id: 'acme', environment: 'production' }, timestamp: Date.UTC(2026, 2, 2, 12), version: '1.2',
        previous_status: 'new', new_status: 'open', changed_by: { type: 'agent', id: 'lea', name: null }, changed_at: Date.UTC(2026, 2, 2, 12), extra: {}, reason_code: 7,
      });
      await producer.append(toTopic, { key: ticketId, value, headers: {} });
    }
  } finally {
    await producer.close();
  }
}

const currentSchema = async (): Promise<number> => writtenSchemaId(topic, (await loadContract('status-changed')).eventType);

test('a scaffolded consumer runs at once, and only where its name is free', async () => {
  const made = await run(copy.folder, ['infra/new-consumer.ts', NAME]).end();
  assert.equal(made.code, 0, made.output);
  const again = await run(copy.folder, ['infra/new-consumer.ts', NAME]).end();
  assert.equal(again.code, 1);
  assert.match(again.output, /is there already/);
  const unitTest = await run(copy.folder, ['--test', `services/${NAME}/consumer.test.ts`], { NODE_TEST_CONTEXT: '' }).end();
  assert.equal(unitTest.code, 0, unitTest.output);

  const id = newTicketId();
  await send(ticket(id).created('2026-03-02T09:00:00.000Z', 'hello'));
  const { code, output } = await run(copy.folder, ['infra/service.ts', NAME, '--group', `${NAME}-scaffold`, '--once']).end();
  assert.equal(code, 0, output);
  assert.ok(output.split('\n').some((line) => line.includes(id) && line.includes('a ticket was opened')), output);
  await writeFile(join(copy.folder, 'services', NAME, 'consumer.ts'), probe(NAME));
});

test('a wrong command line is told before anything starts', async () => {
  const { code, output } = await startProbe(['--from', 'yesterday']).end();
  assert.equal(code, 2);
  assert.match(output, /CONSUMER_FROM must be beginning, latest or an ISO 8601 time/);
});

test('a ticket is handled in the log’s order, and each event once across a stop, a kill and copies in the log', async () => {
  const [one, two] = [newTicketId(), newTicketId()];
  const first = startProbe(['--from', 'latest']);
  await consumerStarted(first);
  const sent = { [one]: await conversation(one, 5), [two]: await conversation(two, 5) };
  assert.deepEqual(await allTaken(one, 5), sent[one]);
  assert.deepEqual(await allTaken(two, 5), sent[two]);
  const stopped = await first.end('SIGTERM');
  assert.equal(stopped.code, 0, stopped.output);

  const schema = await currentSchema();
  const twice = randomUUID();
  await append(topic, one, [twice, twice], schema);
  const second = startProbe();
  sent[one]?.push(...(await allTaken(one, 6)).slice(5));
  await eventually(async () => (/outcome="duplicate"[^}]*\} 1/.test(await second.metrics()) ? true : null), 'the copy to be recognised');
  await second.end('SIGKILL');

  await append(topic, one, [twice.toUpperCase(), ...(sent[one] ?? []).slice(0, 1)], schema);
  sent[one]?.push(...(await conversation(one, 1, 10)));
  const third = startProbe();
  assert.deepEqual(await allTaken(one, 7), sent[one]);
  assert.equal(sent[one]?.[5], twice);
  assert.equal((await third.end('SIGTERM')).code, 0);
  assert.deepEqual(takenOf(one), sent[one]);
});

test('an event that fails every time is tried again, then quarantined, and its ticket goes on in order', async () => {
  const id = newTicketId();
  const [bad, ...rest] = await conversation(id, 4);
  receiver.answer = ({ body }) => (body.event_id === bad ? 500 : 200);
  const running = startProbe([], { CONSUMER_ATTEMPTS: '3', CONSUMER_BACKOFF_MS: '20' });
  assert.deepEqual(await allTaken(id, 3), rest);
  const tries = receiver.all.filter(({ body }) => body.event_id === bad);
  assert.deepEqual(tries.map(({ body }) => body['attempt']), [1, 2, 3]);
  const row = await eventually(async () => {
    const rows = await query<{ reason: string; detail: string; origin: string; origin_offset: number; event_type: string; ticket_id: string }>('SELECT * FROM log.quarantine WHERE event_id = {e:String}', { e: bad });
    return rows[0] ?? null;
  }, 'the event in quarantine');
  assert.equal(row.reason, 'handler_failed');
  assert.match(row.detail, new RegExp(`consumer ${NAME}: after 3 attempts: answered 500`));
  assert.deepEqual([row.origin, row.event_type, row.ticket_id], [topic, 'message.received', id]);
  assert.equal((await running.end('SIGTERM')).code, 0);

  // Mended and started again, it takes the replayed event, and only that one.
  receiver.answer = () => 200;
  const mended = startProbe();
  const replayed = await run(root, ['infra/quarantine.ts', 'replay', '--event-id', bad ?? '']).end();
  assert.equal(replayed.code, 0, replayed.output);
  assert.deepEqual(await allTaken(id, 4), [...rest, bad]);
  const more = await conversation(id, 1, 10);
  assert.deepEqual(await allTaken(id, 5), [...rest, bad, ...more]);
  assert.equal((await mended.end('SIGTERM')).code, 0);
  await landed(id, 5);
});

test('an outage of the sink delays everything and loses nothing, while instances come and go', async () => {
  receiver.answer = () => 503;
  const one = startProbe();
  await consumerStarted(one);
  const ids = Array.from({ length: 5 }, newTicketId);
  const sent = new Map<string, string[]>();
  for (const id of ids) sent.set(id, await conversation(id, 6));
  const { reason } = await eventually(async () => {
    const health = await one.ready();
    return health.status === 'ready' ? null : health;
  }, 'a consumer that says that it waits');
  assert.match(reason ?? '', /closed/);
  const two = startProbe();
  await eventually(() => Promise.resolve(two.output().includes('"msg":"reading"') ? true : null), 'the second instance');
  assert.deepEqual(ids.flatMap(takenOf), []);
  receiver.answer = () => 200;
  for (const id of ids) assert.deepEqual(await allTaken(id, 6), sent.get(id));
  await two.end('SIGTERM');
  const more = await conversation(ids[0] ?? '', 2, 20);
  assert.deepEqual((await allTaken(ids[0] ?? '', 8)).slice(6), more);
  await one.end('SIGTERM');
  for (const id of ids.slice(1)) assert.deepEqual(takenOf(id), sent.get(id));
});

test('another group replays the log without touching the first, from the beginning or a point in time', async () => {
  const id = newTicketId();
  const sent = await conversation(id, 3);
  const caughtUp = await startProbe(['--once']).end();
  assert.equal(caughtUp.code, 0, caughtUp.output);
  assert.deepEqual(takenOf(id), sent);
  const positions = await consumerPositions(connection, NAME, topic);

  const since = new Date().toISOString();
  const late = await conversation(id, 2, 30);
  const replay = await startProbe(['--group', `${NAME}-again`, '--from', 'beginning', '--once']).end();
  assert.equal(replay.code, 0, replay.output);
  assert.deepEqual(takenOf(id), [...sent, ...sent, ...late]);
  const nothingLeft = await startProbe(['--group', `${NAME}-again`, '--once']).end();
  assert.equal(nothingLeft.code, 0, nothingLeft.output);
  const part = await startProbe(['--group', `${NAME}-part`, '--from', since, '--once']).end();
  assert.equal(part.code, 0, part.output);
  assert.deepEqual(takenOf(id), [...sent, ...sent, ...late, ...late]);
  assert.deepEqual((await consumerPositions(connection, NAME, topic)).map(({ committed }) => committed), positions.map(({ committed }) => committed));
});

test('events of an older and of a newer writer come as the current record', async () => {
  const staging = eventsTopic('staging');
  const registry = new SchemaRegistry(environment.registryUrl);
  const { record } = await loadContract('status-changed');
  const older = { ...record, fields: record.fields.filter(({ name }) => name !== 'extra' && name !== 'previous_status') };
  const newer = { ...record, fields: [{ name: 'reason_code', type: ['null', 'long'], default: null, doc: 'From the future.' }, ...record.fields] };
  const id = newTicketId();
  const eventIds = [randomUUID(), randomUUID(), randomUUID()];
  for (const [index, schema] of [older, record, newer].entries()) {
    const schemaId = await registry.register(`consumer-test-${randomUUID()}`, JSON.stringify(schema));
    await append(staging, id, eventIds.slice(index, index + 1), schemaId);
  }
  const { code, output } = await startProbe(['--once'], { ENVIRONMENT: 'staging' }).end();
  assert.equal(code, 0, output);
  const got = receiver.taken.filter(({ body }) => body.ticket_id === id).map(({ body }) => body);
  assert.deepEqual(got.map(({ event_id }) => event_id), eventIds);
  const fields = ['event_type', ...record.fields.map(({ name }) => name), 'attempt'].sort();
  for (const body of got) {
    assert.deepEqual(Object.keys(body).sort(), fields);
    assert.equal(body['changed_at'], '2026-03-02T12:00:00.000Z');
    assert.deepEqual(body['extra'], {});
  }
  assert.deepEqual(got.map((body) => body['previous_status']), [null, 'new', 'new']);
});

test('the example consumers have nothing to do in an npm start without their variables', () => {
  assert.deepEqual(Object.keys(environment.healthUrls).filter((name) => name === 'escalation-webhook' || name === 'ticket-transcript'), []);
});

