// The two example consumers and the scaffolded projection on the running system.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeClients, eventually, newTicketId, query, send, sign, ticket, type SignedEvent } from '../system/support.ts';
import { consumerStarted, endAll, openReceiver, run, type Receiver } from './consumer-kit.ts';
import { copyOfTheCode, root, unitTest } from './copy-of-the-code.ts';

let receiver: Receiver;
let folder: string;
let copy: Awaited<ReturnType<typeof copyOfTheCode>>;

beforeAll(async () => {
  receiver = await openReceiver();
  folder = await mkdtemp(join(tmpdir(), 'transcripts-'));
  copy = await copyOfTheCode();
});
afterAll(async () => {
  await endAll();
  receiver.close();
  await rm(folder, { recursive: true, force: true });
  await copy.remove();
  await closeClients();
});

const escalation = (ticketId: string, level: string): SignedEvent => {
  const at = '2026-03-02T09:00:00.000Z';
  return sign({
    event_id: randomUUID(), event_type: 'escalation.fired', timestamp: at, version: '1.2',
    source: { platform: 'telegram-crm', integration_id: 'acme', environment: 'production' },
    payload: { ticket_id: ticketId, policy: { id: 'p1', name: 'First response' }, breached_metric: 'first_response_time', threshold_seconds: 900, level, fired_at: at },
  });
};

const service = (name: string): string => `services/${name}/main.ts`;

test('without an address the webhook consumer is idle and ready, and says why', async () => {
  const idle = run(root, [service('escalation-webhook')], { ESCALATION_WEBHOOK_URL: '' });
  await consumerStarted(idle);
  const { code, output } = await idle.end('SIGTERM');
  expect(code).toBe(0);
  expect(output).toMatch(/"level":"info".*ESCALATION_WEBHOOK_URL is not set/);
  expect(output).not.toMatch(/"level":"(warn|error|fatal)"/);
});

test('escalations go to the webhook from when it is switched on: once taken, again after a 503, aside after a 422', async () => {
  const id = newTicketId();
  await send(escalation(id, 'before'));
  const env = { ESCALATION_WEBHOOK_URL: receiver.url };
  const running = run(root, [service('escalation-webhook')], env);
  await consumerStarted(running);
  const events = ['1', 'refused', '2'].map((level) => escalation(id, level));
  let closed = 2;
  receiver.answer = ({ body }) => (body['level'] === 'refused' ? 422 : (closed -= 1) >= 0 ? 503 : 200);
  for (const event of events) expect((await send(event)).body.status).toBe('accepted');
  await eventually(() => Promise.resolve(receiver.taken.length >= 2 ? true : null), 'two escalations');
  expect(receiver.taken.map(({ body }) => body['level'])).toStrictEqual(['1', '2']);
  expect(receiver.taken.map(({ headers }) => headers['idempotency-key'])).toStrictEqual([events[0]?.event_id, events[2]?.event_id]);
  expect(receiver.all.filter(({ body }) => body['level'] === 'refused').length).toBe(1);
  expect(receiver.all.filter(({ body }) => body['level'] === 'before').length).toBe(0);
  await eventually(async () => {
    const rows = await query<{ reason: string; detail: string }>('SELECT reason, detail FROM log.quarantine WHERE event_id = {e:String}', { e: events[1]?.event_id });
    return rows.some(({ reason, detail }) => reason === 'handler_failed' && detail.includes('answered 422')) ? true : null;
  }, 'the refused escalation in quarantine');
  expect((await running.end('SIGTERM')).code).toBe(0);

  // What fires while it is down is delivered when it is back.
  const missed = escalation(id, 'missed');
  await send(missed);
  const again = run(root, [service('escalation-webhook')], env);
  await eventually(() => Promise.resolve(receiver.taken.some(({ body }) => body.event_id === missed.event_id) ? true : null), 'the missed escalation');
  await again.end('SIGTERM');
});

test('a transcript has what was said, in event time, and never a private word, also when it is built again', async () => {
  const id = newTicketId();
  const make = ticket(id);
  const secret = `SECRET-${randomUUID()}`;
  const events = [
    make.message('2026-03-02T09:30:00.000Z', { agent: 'lea' }, 'We found it.'),
    make.message('2026-03-02T09:20:00.000Z', { agent: 'lea' }, secret, true),
    make.created('2026-03-02T09:00:00.000Z', 'Where is my parcel?'),
    make.message('2026-03-02T09:10:00.000Z', 'customer', 'Hello?'),
  ];
  for (const event of events) expect((await send(event)).body.status).toBe('accepted');
  const file = join(folder, 'acme', `${id}.txt`);
  const wanted = `Ticket ${id}

2026-03-02 09:00:00.000 UTC  Mira opened the ticket
    Where is my parcel?

2026-03-02 09:10:00.000 UTC  Mira
    Hello?

2026-03-02 09:30:00.000 UTC  Support
    We found it.
`;
  const env = { TRANSCRIPT_DIR: folder };
  const first = await run(root, [service('ticket-transcript'), '--once'], env).end();
  expect(first.code, first.output).toBe(0);
  expect(await readFile(file, 'utf8')).toBe(wanted);

  await send(make.message('2026-03-02T09:05:00.000Z', 'customer', 'It is a red box.'));
  const second = await run(root, [service('ticket-transcript'), '--once', '--from', 'beginning'], env).end();
  expect(second.code, second.output).toBe(0);
  expect(await readFile(file, 'utf8')).toBe(wanted.replace('\n2026-03-02 09:10', '\n2026-03-02 09:05:00.000 UTC  Mira\n    It is a red box.\n\n2026-03-02 09:10'));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) expect(await readFile(join(entry.parentPath, entry.name), 'utf8'), entry.name).not.toMatch(/SECRET/);
  }
  expect(first.output + second.output).not.toMatch(/SECRET/);
});

test('a scaffolded projection is migrated by folder, counts each event once and passes its unit test', async () => {
  const name = `made-${randomUUID().slice(0, 8).replaceAll(/^\d/g, 'x')}`;
  const database = name.replaceAll('-', '_');
  const made = await run(copy.folder, ['infra/scaffold/new-projection.ts', name]).end();
  expect(made.code, made.output).toBe(0);
  for (const taken of ['log', 'system', name]) expect((await run(copy.folder, ['infra/scaffold/new-projection.ts', taken]).end()).code).not.toBe(0);
  const migrated = await run(copy.folder, ['infra/migrate/migrate.ts']).end();
  expect(migrated.code, migrated.output).toBe(0);
  const id = newTicketId();
  const message = ticket(id).message('2026-03-02T09:00:00.000Z', 'customer', 'hello');
  await send(message);
  await send(message);
  const running = run(copy.folder, [service(name)]);
  await eventually(async () => {
    const rows = await query<{ customer_messages: number }>(`SELECT customer_messages FROM ${database}.ticket_facts FINAL WHERE ticket_id = {t:String}`, { t: id });
    return rows[0]?.customer_messages === 1 ? true : null;
  }, 'the message in the new table');
  const silent = await query('SELECT name FROM system.columns WHERE database = {d:String} AND table = \'messages_by_day\' AND comment = \'\'', { d: database });
  expect(silent).toStrictEqual([]);
  expect((await running.end('SIGTERM')).code).toBe(0);
  const unit = await run(copy.folder, unitTest(`services/${name}/facts.test.ts`)).end();
  expect(unit.code, unit.output).toBe(0);
});
