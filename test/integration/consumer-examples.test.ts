// The example consumers and the scaffolded projection on the running system.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeClients, eventually, newTicketId, query, send, ticket } from '../system/support.ts';
import { consumerStarted, endAll, run } from './consumer-kit.ts';
import { copyOfTheCode, root, unitTest } from './copy-of-the-code.ts';

let folder: string;
let copy: Awaited<ReturnType<typeof copyOfTheCode>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transcripts-'));
  copy = await copyOfTheCode();
});
afterAll(async () => {
  await endAll();
  await rm(folder, { recursive: true, force: true });
  await copy.remove();
  await closeClients();
});

const service = (name: string): string => `services/${name}/main.ts`;

test('without a file of destinations the service of escalations is idle and ready, and says why', async () => {
  const idle = run(root, [service('escalations')], { DESTINATIONS_FILE: '' });
  await consumerStarted(idle);
  const { code, output } = await idle.end('SIGTERM');
  expect(code).toBe(0);
  expect(output).toMatch(/"level":"info".*DESTINATIONS_FILE is not set/);
  expect(output).not.toMatch(/"level":"(warn|error|fatal)"/);
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
