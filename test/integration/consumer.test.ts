// Consumers as anyone would add them: scaffolded, run as processes beside the system, killed,
// restarted, shut out and replayed.
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadContract } from '../../schemas/contract.ts';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { consumerPositions } from '../../services/runtime/kafka/admin.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { connection, writtenSchemaId } from '../system/quarantine-cli.ts';
import { closeClients, environment, eventually, landed, newTicketId, query, send, ticket } from '../system/support.ts';
import { consumerStarted, endAll, openReceiver, probe, run, type Receiver, type Running } from './consumer-kit.ts';
import { copyOfTheCode, root, unitTest } from './copy-of-the-code.ts';

const NAME = `probe-${randomUUID().slice(0, 8)}`;
const topic = eventsTopic('production');
let copy: Awaited<ReturnType<typeof copyOfTheCode>>;
let receiver: Receiver;

beforeAll(async () => {
  copy = await copyOfTheCode();
  receiver = await openReceiver();
});
afterAll(async () => {
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
  for (const event of events) expect((await send(event)).body.status).toBe('accepted');
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
  const made = await run(copy.folder, ['infra/scaffold/new-consumer.ts', NAME]).end();
  expect(made.code, made.output).toBe(0);
  const again = await run(copy.folder, ['infra/scaffold/new-consumer.ts', NAME]).end();
  expect(again.code).toBe(1);
  expect(again.output).toMatch(/is there already/);
  const tested = await run(copy.folder, unitTest(`services/${NAME}/consumer.test.ts`)).end();
  expect(tested.code, tested.output).toBe(0);

  const id = newTicketId();
  await send(ticket(id).created('2026-03-02T09:00:00.000Z', 'hello'));
  const { code, output } = await run(copy.folder, ['infra/start/service.ts', NAME, '--group', `${NAME}-scaffold`, '--once']).end();
  expect(code, output).toBe(0);
  expect(output.split('\n').some((line) => line.includes(id) && line.includes('a ticket was opened')), output).toBe(true);
  await writeFile(join(copy.folder, 'services', NAME, 'consumer.ts'), probe(NAME));
});

test('a wrong command line is told before anything starts', async () => {
  const { code, output } = await startProbe(['--from', 'yesterday']).end();
  expect(code).toBe(2);
  expect(output).toMatch(/CONSUMER_FROM must be beginning, latest or an ISO 8601 time/);
});

test('a ticket is handled in the log’s order, and each event once across a stop, a kill and copies in the log', async () => {
  const [one, two] = [newTicketId(), newTicketId()];
  const first = startProbe(['--from', 'latest']);
  await consumerStarted(first);
  const sent = { [one]: await conversation(one, 5), [two]: await conversation(two, 5) };
  expect(await allTaken(one, 5)).toStrictEqual(sent[one]);
  expect(await allTaken(two, 5)).toStrictEqual(sent[two]);
  const stopped = await first.end('SIGTERM');
  expect(stopped.code, stopped.output).toBe(0);

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
  expect(await allTaken(one, 7)).toStrictEqual(sent[one]);
  expect(sent[one]?.[5]).toBe(twice);
  expect((await third.end('SIGTERM')).code).toBe(0);
  expect(takenOf(one)).toStrictEqual(sent[one]);
});

test('an event that fails every time is tried again, then quarantined, and its ticket goes on in order', async () => {
  const id = newTicketId();
  const [bad, ...rest] = await conversation(id, 4);
  receiver.answer = ({ body }) => (body.event_id === bad ? 500 : 200);
  const running = startProbe([], { CONSUMER_ATTEMPTS: '3', CONSUMER_BACKOFF_MS: '20' });
  expect(await allTaken(id, 3)).toStrictEqual(rest);
  const tries = receiver.all.filter(({ body }) => body.event_id === bad);
  expect(tries.map(({ body }) => body['attempt'])).toStrictEqual([1, 2, 3]);
  const row = await eventually(async () => {
    const rows = await query<{ reason: string; detail: string; origin: string; origin_offset: number; event_type: string; ticket_id: string }>('SELECT * FROM log.quarantine WHERE event_id = {e:String}', { e: bad });
    return rows[0] ?? null;
  }, 'the event in quarantine');
  expect(row.reason).toBe('handler_failed');
  expect(row.detail).toMatch(new RegExp(`consumer ${NAME}: after 3 attempts: answered 500`));
  expect([row.origin, row.event_type, row.ticket_id]).toStrictEqual([topic, 'message.received', id]);
  expect((await running.end('SIGTERM')).code).toBe(0);

  // Mended and started again, it takes the replayed event, and only that one.
  receiver.answer = () => 200;
  const mended = startProbe();
  const replayed = await run(root, ['infra/quarantine/quarantine.ts', 'replay', '--event-id', bad ?? '']).end();
  expect(replayed.code, replayed.output).toBe(0);
  expect(await allTaken(id, 4)).toStrictEqual([...rest, bad]);
  const more = await conversation(id, 1, 10);
  expect(await allTaken(id, 5)).toStrictEqual([...rest, bad, ...more]);
  expect((await mended.end('SIGTERM')).code).toBe(0);
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
  expect(reason ?? '').toMatch(/closed/);
  const two = startProbe();
  await eventually(() => Promise.resolve(two.output().includes('"msg":"reading"') ? true : null), 'the second instance');
  expect(ids.flatMap(takenOf)).toStrictEqual([]);
  receiver.answer = () => 200;
  for (const id of ids) expect(await allTaken(id, 6)).toStrictEqual(sent.get(id));
  await two.end('SIGTERM');
  const more = await conversation(ids[0] ?? '', 2, 20);
  expect((await allTaken(ids[0] ?? '', 8)).slice(6)).toStrictEqual(more);
  await one.end('SIGTERM');
  for (const id of ids.slice(1)) expect(takenOf(id)).toStrictEqual(sent.get(id));
});

test('another group replays the log without touching the first, from the beginning or a point in time', async () => {
  const id = newTicketId();
  const sent = await conversation(id, 3);
  const caughtUp = await startProbe(['--once']).end();
  expect(caughtUp.code, caughtUp.output).toBe(0);
  expect(takenOf(id)).toStrictEqual(sent);
  const positions = await consumerPositions(connection, NAME, topic);

  const since = new Date().toISOString();
  const late = await conversation(id, 2, 30);
  const replay = await startProbe(['--group', `${NAME}-again`, '--from', 'beginning', '--once']).end();
  expect(replay.code, replay.output).toBe(0);
  expect(takenOf(id)).toStrictEqual([...sent, ...sent, ...late]);
  const nothingLeft = await startProbe(['--group', `${NAME}-again`, '--once']).end();
  expect(nothingLeft.code, nothingLeft.output).toBe(0);
  const part = await startProbe(['--group', `${NAME}-part`, '--from', since, '--once']).end();
  expect(part.code, part.output).toBe(0);
  expect(takenOf(id)).toStrictEqual([...sent, ...sent, ...late, ...late]);
  expect((await consumerPositions(connection, NAME, topic)).map(({ committed }) => committed)).toStrictEqual(positions.map(({ committed }) => committed));
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
  expect(code, output).toBe(0);
  const got = receiver.taken.filter(({ body }) => body.ticket_id === id).map(({ body }) => body);
  expect(got.map(({ event_id }) => event_id)).toStrictEqual(eventIds);
  const fields = ['event_type', ...record.fields.map(({ name }) => name), 'attempt'].sort();
  for (const body of got) {
    expect(Object.keys(body).sort()).toStrictEqual(fields);
    expect(body['changed_at']).toBe('2026-03-02T12:00:00.000Z');
    expect(body['extra']).toStrictEqual({});
  }
  expect(got.map((body) => body['previous_status'])).toStrictEqual([null, 'new', 'new']);
});

test('the example consumers have nothing to do in an npm start without their variables', () => {
  expect(Object.keys(environment.healthUrls).filter((name) => name === 'escalations' || name === 'ticket-transcript')).toStrictEqual([]);
});

