// The snippets of the documentation, run as a reader would run them: against the running ingress,
// topic, registry and ClickHouse.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import { afterAll, expect, test } from 'vitest';
import { docsFolder } from '../../infra/docs/docs.ts';
import { scaffoldedConsumer } from '../../infra/docs/blocks.ts';
import { onPath } from '../../infra/local/install/prerequisites.ts';
import { projectDir } from '../../infra/local/settings.ts';
import { startStack } from '../../infra/local/stack.ts';
import { connectClickHouse, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { connectKafka } from '../../services/runtime/kafka/admin.ts';
import { readReleases } from '../../services/runtime/registry/registry.ts';
import { encoded, headersOf } from '../system/log-records.ts';
import { connection } from '../system/quarantine-cli.ts';
import { freePort } from '../system/free-ports.ts';
import { closeClients, environment, eventually, ingressUrl, newTicketId, query, send, ticket } from '../system/support.ts';
import { copyOfTheCode } from './copy-of-the-code.ts';

const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  return closeClients();
});

const snippet = (file: string): string => join(docsFolder, 'snippets', file);
const senders = [
  { name: 'curl and openssl', command: 'bash', needs: ['bash', 'curl', 'openssl'], file: 'send.sh' },
  { name: 'Python', command: environment.python, needs: [], file: 'send.py' },
  { name: 'PHP', command: 'php', needs: ['php'], file: 'send.php' },
  { name: 'Node', command: process.execPath, needs: [], file: 'send.mjs' },
] as const;
type Sender = (typeof senders)[number];

async function missing({ needs }: Sender): Promise<string | null> {
  const found = await Promise.all(needs.map((program) => onPath(program, process.env)));
  const absent = needs.filter((_, index) => found[index] !== true);
  return absent.length === 0 ? null : `${absent.join(', ')} not on PATH`;
}

interface Finished {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

const run = ({ command, file }: Sender, env: Readonly<Record<string, string>>): Promise<Finished> => new Promise((resolve) => {
  const child = execFile(command, [snippet(file)], { env: { ...process.env, TICKETSTREAM_INTEGRATION: 'acme', TICKETSTREAM_SECRET: 'acme-secret', ...env } }, (error, output, errors) => {
    children.delete(child);
    resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, output, errors });
  });
  children.add(child);
});

for (const sender of senders) {
  const absent = await missing(sender);
  test(`${sender.name}: the snippet's event is accepted and in ClickHouse as it was written`, async ({ skip }) => {
    if (absent !== null) skip(absent);
    const { code, output, errors } = await run(sender, { TICKETSTREAM_URL: `${ingressUrl}/webhooks` });
    expect(code, errors).toBe(0);
    const answer = JSON.parse(output) as { status: string; event_id: string };
    expect(answer.status).toBe('accepted');
    const row = await eventually(async () => {
      const [found] = await query<{ text: string; id: number }>('SELECT initial_message_text AS text, customer_telegram_user_id AS id FROM log.events WHERE event_id = {id:String}', { id: answer.event_id });
      return found ?? null;
    }, 'the event in ClickHouse');
    expect(row).toStrictEqual({ text: 'Паке́т не пришёл 📦', id: 4503599627370495 });
  });

  test(`${sender.name}: with a wrong secret the snippet says what the ingress said, and fails`, async ({ skip }) => {
    if (absent !== null) skip(absent);
    const { code, output, errors } = await run(sender, { TICKETSTREAM_URL: `${ingressUrl}/webhooks`, TICKETSTREAM_SECRET: 'not the secret' });
    expect(code).not.toBe(0);
    expect(output + errors).toMatch(/401[^]*unauthorized|unauthorized[^]*401/);
  });
}

interface Attempt {
  readonly sender: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A door that is closed at first: 503 for the first attempt of each sender. */
async function closedAtFirst(): Promise<{ url: string; attempts: Attempt[]; close: () => void }> {
  const attempts: Attempt[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const sender = request.url ?? '';
      const again = attempts.some((attempt) => attempt.sender === sender);
      attempts.push({ sender, headers: request.headers, body: Buffer.concat(chunks).toString() });
      if (again) response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"accepted","event_id":""}');
      else response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' }).end('{"error":{"code":"log_unavailable","message":"not stored; send it again"}}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return { url, attempts, close: () => server.close() };
}

test('after a 503 every snippet sends the same event again, signed for that attempt', async () => {
  const absent = await Promise.all(senders.map(missing));
  const present = senders.filter((_, index) => absent[index] === null);
  const door = await closedAtFirst();
  try {
    const finished = await Promise.all(present.map((sender) => run(sender, { TICKETSTREAM_URL: `${door.url}/${sender.file}` })));
    for (const [index, { code, errors }] of finished.entries()) expect(code, `${present[index]?.file ?? ''}: ${errors}`).toBe(0);
  } finally {
    door.close();
  }
  for (const { file } of present) {
    const attempts = door.attempts.filter(({ sender }) => sender === `/${file}`);
    expect(attempts.length, file).toBe(2);
    expect(attempts[0]?.body, file).toBe(attempts[1]?.body);
    for (const { headers, body } of attempts) {
      const expected = createHmac('sha256', 'acme-secret').update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`).digest('base64');
      expect(headers['webhook-signature'], file).toBe(`v1,${expected}`);
    }
  }
});

interface Subscriber {
  readonly lines: () => { event_id: string; event_type: string; ticket_id: string }[];
  readonly errors: () => string;
  readonly stop: () => Promise<number | null>;
}

function subscribe(group: string, env: Readonly<Record<string, string>> = {}): Subscriber {
  const child = spawn(environment.python, [snippet('subscribe.py')], { env: { ...process.env, ENVIRONMENT: 'production', CONSUMER_GROUP: group, ...env } });
  children.add(child);
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const closed = once(child, 'close').then(() => children.delete(child));
  return {
    lines: () => output.split('\n').slice(0, -1).map((line) => JSON.parse(line) as { event_id: string; event_type: string; ticket_id: string }),
    errors: () => errors,
    stop: async () => {
      child.kill('SIGTERM');
      await closed;
      return child.exitCode;
    },
  };
}

test('Python: the consumer reads a ticket in order, passes over copies and poison, and goes on where it stopped', async () => {
  const id = newTicketId();
  const group = `snippet-${randomUUID()}`;
  const producer = connectKafka(connection).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  const ofTicket = (subscriber: Subscriber): string[] => subscriber.lines().filter((line) => line.ticket_id === id).map((line) => `${line.event_type} ${line.event_id}`);
  const until = (subscriber: Subscriber, count: number): Promise<true> =>
    eventually(() => Promise.resolve(ofTicket(subscriber).length >= count ? true as const : null), `${count} events; it said ${subscriber.errors()}`);
  const events = [ticket(id).created('2026-03-02T09:00:00.000Z'), ticket(id).message('2026-03-02T09:01:00.000Z', 'customer'), ticket(id).status('2026-03-02T09:02:00.000Z', 'new', 'open'), ticket(id).message('2026-03-02T09:03:00.000Z', { agent: 'lea' })];
  const said = events.map((event) => `${event.event_type} ${event.event_id}`);
  const first = subscribe(group);
  for (const event of events.slice(0, 2)) expect((await send(event)).body.status).toBe('accepted');
  await until(first, 2);
  expect(await first.stop()).toBe(0);
  expect(ofTicket(first)).toStrictEqual(said.slice(0, 2));

  await producer.connect();
  const { id: schema } = (await readReleases()).find(({ record }) => record.endsWith('.StatusChanged')) ?? expect.fail();
  const [, , status, last] = events;
  expect.assert(status !== undefined && last !== undefined);
  expect((await send(status)).body.status).toBe('accepted');
  const copy = { key: id, value: encoded(status, schema), headers: headersOf(status) };
  await producer.send({ topic: eventsTopic('production'), messages: [copy, { key: id, value: 'no event' }] });
  await producer.disconnect();
  expect((await send(last)).body.status).toBe('accepted');
  // Without the registry: the lock has the schemas.
  const second = subscribe(group, { SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9', SCHEMAS_LOCK: join(projectDir, 'schemas/schemas.lock.json') });
  await until(second, 2);
  expect(await second.stop()).toBe(0);
  expect(ofTicket(second)).toStrictEqual(said.slice(2));
  expect(second.errors()).toMatch(/not a zero byte and a schema id/);
});

test('TypeScript: the consumer shown is what the scaffold writes', async () => {
  const copy = await copyOfTheCode();
  try {
    await promisify(execFile)(process.execPath, ['infra/start/run.mjs', 'infra/scaffold/new-consumer.ts', 'my-consumer'], { cwd: copy.folder });
    expect(readFileSync(join(copy.folder, 'services/my-consumer/consumer.ts'), 'utf8')).toBe(scaffoldedConsumer('my-consumer'));
  } finally {
    await copy.remove();
  }
});

/** A ClickHouse of one's own: the stack's reaches nothing outside. */
async function ownClickHouse(): Promise<{ clickhouse: ClickHouse; stop: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ticketstream-feed-'));
  const stack = await startStack({ dataDir, ports: { clickhouse: await freePort() }, only: ['clickhouse'], env: { ...process.env, CLICKHOUSE_EXTERNAL_ACCESS: 'on' } });
  const clickhouse = connectClickHouse(stack.clickhouseUrl);
  return {
    clickhouse,
    stop: async () => {
      await clickhouse.close();
      await stack.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}

test('ClickHouse: its Kafka engine reads one event type of the log', async ({ skip }) => {
  const [engine] = await query<{ supported: number }>("SELECT count() AS supported FROM system.table_engines WHERE name = 'Kafka'");
  if (engine?.supported !== 1) skip('this ClickHouse is built without the Kafka engine');
  const id = newTicketId();
  const events = [ticket(id).created('2026-03-02T09:00:00.000Z'), ticket(id).status('2026-03-02T09:02:00.000Z', 'new', 'wartet 📦')];
  for (const event of events) expect((await send(event)).body.status).toBe('accepted');
  const sql = readFileSync(snippet('subscribe.sql'), 'utf8')
    .replaceAll('127.0.0.1:9092', environment.kafkaBrokers)
    .replaceAll('http://127.0.0.1:8081/apis/ccompat/v7', environment.registryUrl);
  const { clickhouse, stop } = await ownClickHouse();
  try {
    for (const part of sql.split(/;\n/)) if (part.trim() !== '') await clickhouse.command(part);
    const rows = await eventually(async () => {
      const found = await clickhouse.query('SELECT integration_id, event_id, toString(at) AS at, new_status FROM default.my_status_changes FINAL WHERE ticket_id = {t:String}', { t: id });
      return found.length > 0 ? found : null;
    }, 'the status change in a table of its own');
    expect(rows).toStrictEqual([{ integration_id: 'acme', event_id: events[1]?.event_id, at: '2026-03-02 09:02:00.000', new_status: 'wartet 📦' }]);
  } finally {
    for (const name of ['my_status_changes_feed', 'my_feed', 'my_status_changes']) await clickhouse.command(`DROP TABLE IF EXISTS default.${name} SYNC`);
    await stop();
  }
});
