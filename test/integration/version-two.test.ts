// From 1.2 to 2.0 and back on the running system: a field renamed, a type changed, a new field
// required; senders of both versions and consumers of both builds live at once.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { createResolvingDecoder, unframe } from '../../services/runtime/avro/avro.ts';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { loadContract } from '../../schemas/contract.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { SchemaLookup, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { closeClients, environment, eventually, ingressUrl, landed, newTicketId, query, send, sign, ticket, type SignedEvent } from '../system/support.ts';
import { unitTest } from './copy-of-the-code.ts';
import { nextBuild } from './next-contract.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const build = await nextBuild();
const clickhouse = connectClickHouse(environment.clickhouseUrl);

afterAll(async () => {
  await build.stop();
  await build.remove();
  await clickhouse.close();
  await closeClients();
});

interface Change { event_id: string; version: string; status: string; reason: string; changed_at: string }

const at = (minute: number): string => new Date(Date.UTC(2026, 2, 2, 9, minute)).toISOString();

const changeOfTwo = (id: string, minute: number, status: string, reason: string): SignedEvent => sign({
  event_id: randomUUID(),
  event_type: 'status.changed',
  timestamp: at(minute),
  source: { platform: 'telegram-crm', integration_id: 'acme', environment: 'production' },
  version: '2.0',
  payload: { ticket_id: id, previous_status: 'open', status, changed_by: { type: 'agent', id: 'lea' }, changed_at: Date.parse(at(minute)), reason },
});

async function sendTo(door: string, event: SignedEvent): Promise<string> {
  const response = await fetch(`${door}/webhooks`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) });
  expect(response.status).toBe(200);
  return ((await response.json()) as { status: string }).status;
}

const changesOf = (id: string, count: number): Promise<Change[]> => eventually(async () => {
  const rows = await query<Change>('SELECT event_id, version, status, reason, changed_at FROM status_reasons.changes FINAL WHERE ticket_id = {t:String} ORDER BY changed_at', { t: id });
  return rows.length === count ? rows : null;
}, `${count} changes of ${id} at the new consumer`);

const archived = (id: string): Promise<{ version: string; new_status: string }[]> =>
  query("SELECT version, new_status FROM log.events WHERE ticket_id = {t:String} AND event_type = 'status.changed' ORDER BY timestamp", { t: id });

const id = newTicketId();
/** Sent as 2.0 to the old build, which can't know it yet. */
const early = changeOfTwo(id, 20, 'pending', 'waits for the courier');
let newDoor = '';

test('before: the old build keeps a 2.0 event in quarantine with its reason, and acknowledges it', async () => {
  expect((await send(ticket(id).created(at(0), 'hello'))).body.status).toBe('accepted');
  expect((await send(ticket(id).status(at(10), 'new', 'open'))).body.status).toBe('accepted');
  expect((await send(early)).body.status).toBe('quarantined');
  await landed(id, 2);
  const reasons = await eventually(async () => {
    const rows = await query<{ reason: string }>('SELECT reason FROM log.quarantine WHERE event_id = {e:String}', { e: early.event_id });
    return rows.length === 1 ? rows : null;
  }, 'the early event in quarantine');
  expect(reasons[0]?.reason).toBe('unknown_version');
});

const recordFile = join(build.folder, 'schemas', 'status-changed', 'record.avsc');
const contractTests = () => build.run(...unitTest('test/contract/schemas.test.ts'));

async function done(...args: string[]): Promise<string> {
  const { code, output } = await build.run(...args);
  expect(code, output).toBe(0);
  return output;
}

test('a record that drops what it renames is refused by the contract tests, the release and the registry', async () => {
  const record = readFileSync(recordFile, 'utf8');
  const broken = JSON.parse(record) as { fields: { name: string }[] };
  writeFileSync(recordFile, JSON.stringify({ ...broken, fields: broken.fields.filter(({ name }) => name !== 'new_status') }));
  const tested = await contractTests();
  expect(tested.code).not.toBe(0);
  expect(tested.output).toMatch(/schemas\/status-changed\/record\.avsc cannot follow release \d+[^]*A consumer of the old build cannot read[^]*- new_status: string[^]*Keep the field as it was/);
  const released = await build.run('infra/schemas/schemas.ts', 'release');
  expect(released.code).toBe(1);
  expect(released.output).toMatch(/- new_status: string[^]*Keep the field as it was/);
  const previewed = await build.run('infra/schemas/schemas.ts', '--dry-run');
  expect(previewed.code).toBe(1);
  expect(previewed.output).toMatch(/StatusChanged: would be REFUSED as not FULL_TRANSITIVE/);
  writeFileSync(recordFile, record);
});

test('the recipe: release, dry run, deployment, tables, each by its command', async () => {
  expect((await contractTests()).output).toMatch(/changed since its last release\. Run `npm run schemas -- release`/);
  expect(await done('infra/schemas/schemas.ts', 'release')).toMatch(/released schemas\/status-changed\/record\.avsc/);
  await done(...unitTest('test/contract/schemas.test.ts'));
  expect(await done('infra/schemas/schemas.ts', '--dry-run')).toMatch(/crm\.production\.ticket-events-ticketstream\.events\.StatusChanged: would be accepted\n {2}\+ status: null \| string, default null\n {2}\+ reason: string, default ""\n/);
  await done('infra/schemas/schemas.ts');
  await done('infra/migrate/migrate.ts');
});

test('the new build starts beside the old one, a consumer of the old group among them', async () => {
  newDoor = await build.start('ingress');
  await build.start('event-archive');
  await build.start('status-reasons');
});

test('senders of all versions go through both doors at once; consumers of both builds read all of it', async () => {
  const two = changeOfTwo(id, 30, 'open', 'courier came');
  expect(await sendTo(newDoor, two)).toBe('accepted');
  const others = Array.from({ length: 12 }, newTicketId);
  await Promise.all(others.map(async (other, index) => {
    const [first, second] = index % 2 === 0 ? [ingressUrl, newDoor] : [newDoor, ingressUrl];
    expect(await sendTo(first, ticket(other).created(at(0), 'hello'))).toBe('accepted');
    expect(await sendTo(second, { ...ticket(other).status(at(1), 'new', 'open'), version: index % 3 === 0 ? '1.0' : '1.2' })).toBe('accepted');
    expect(await sendTo(newDoor, changeOfTwo(other, 2, 'resolved', `reason ${index}`))).toBe('accepted');
    expect(await sendTo(first, ticket(other).message(at(3), 'customer'))).toBe('accepted');
  }));
  for (const [index, other] of others.entries()) {
    await landed(other, 4);
    expect((await archived(other)).map(({ version, new_status }) => [version, new_status])).toStrictEqual([[index % 3 === 0 ? '1.0' : '1.2', 'open'], ['2.0', 'resolved']]);
    expect((await changesOf(other, 2)).map(({ status, reason }) => [status, reason])).toStrictEqual([['open', ''], ['resolved', `reason ${index}`]]);
  }
  await landed(id, 3);
});

test('a replay with the new build brings in what the old one could not read, under its own event_id and times', async () => {
  await done('infra/quarantine/quarantine.ts', 'replay', '--event-id', early.event_id, '--reason', 'unknown_version');
  await landed(id, 4);
  expect((await archived(id)).map(({ new_status }) => new_status)).toStrictEqual(['open', 'pending', 'open']);
  const changes = await changesOf(id, 3);
  expect(changes.map(({ status, reason }) => [status, reason])).toStrictEqual([['open', ''], ['pending', 'waits for the courier'], ['open', 'courier came']]);
  expect(changes[1]?.event_id).toBe(early.event_id);
});

test('every status change of the log is read under the record of either build', async () => {
  const old = (await loadContract('status-changed')).record;
  const now = JSON.parse(readFileSync(recordFile, 'utf8')) as object;
  const registry = new SchemaRegistry(environment.registryUrl);
  const lookup = new SchemaLookup(registry, []);
  const bodies: { schema: object; body: Buffer; written: { event_id: string; new_status: string } }[] = [];
  const records: Buffer[] = [];
  const connection = { brokers: [environment.kafkaBrokers], clientId: 'version-two', logger: createLogger('test', 'error') };
  await readTail(connection, eventsTopic('production'), 10_000, (record) => {
    if (record.headers['ce_type'] === 'status.changed' && record.value !== null) records.push(record.value);
  });
  for (const value of records) {
    const framed = unframe(value);
    const schema = framed.ok ? await lookup.find(framed.schemaId) : null;
    if (framed.ok && schema !== null) bodies.push({ schema: JSON.parse(schema) as object, body: framed.body, written: (await registry.decode(value)) as { event_id: string; new_status: string } });
  }
  expect(bodies.length).toBeGreaterThanOrEqual(27);
  for (const { schema, body, written } of bodies) {
    for (const reader of [old, now]) {
      const read = createResolvingDecoder(schema, reader)(body) as { event_id: string; new_status: string };
      expect([read.event_id, read.new_status]).toStrictEqual([written.event_id, written.new_status]);
    }
  }
});

test('and back: without the new build the old one goes on with everything that is in the log', async () => {
  await build.stop();
  expect((await send(ticket(id).status(at(40), 'open', 'resolved'))).body.status).toBe('accepted');
  expect((await send(changeOfTwo(id, 50, 'closed', 'too late'))).body.status).toBe('quarantined');
  await landed(id, 5);
  expect((await archived(id)).map(({ version, new_status }) => [version, new_status])).toStrictEqual([['1.2', 'open'], ['2.0', 'pending'], ['2.0', 'open'], ['1.2', 'resolved']]);
  // The old build's own commands find nothing to complain about; the columns that came stay, unread.
  await clickhouse.command('DROP DATABASE status_reasons');
  for (const file of ['infra/schemas/schemas.ts', 'infra/migrate/migrate.ts']) await promisify(execFile)(process.execPath, ['infra/start/run.mjs', file], { cwd: root, env: process.env });
  const last = newTicketId();
  expect((await send(ticket(last).created(at(0), 'back'))).body.status).toBe('accepted');
  expect((await send(ticket(last).status(at(1), 'new', 'open'))).body.status).toBe('accepted');
  await landed(last, 2);
});
