// What an operator does with the quarantine: looks, fixes, lets in again by the same door.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { encoded, headersOf } from '../system/log-records.ts';
import { connection, quarantine, writtenSchemaId } from '../system/quarantine-cli.ts';
import { closeClients, eventually, landed, newTicketId, query, send, ticket, type SignedEvent } from '../system/support.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-quarantine-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await closeClients();
});

const topic = eventsTopic('production');

interface Row { status: string; failed_replays: number; last_failure: string; http_source: string; resolved_by: string; note: string; received_at: string }
const viewed = (eventId: string, accept: (row: Row) => boolean = () => true) => eventually(async () => {
  const rows = await query<Row>('SELECT status, failed_replays, last_failure, http_source, resolved_by, note, received_at FROM log.quarantine WHERE event_id = {id:String}', { id: eventId });
  expect(rows.length, 'an event is in the view once').toBeLessThanOrEqual(1);
  return rows[0] !== undefined && accept(rows[0]) ? rows[0] : null;
}, `event ${eventId} in log.quarantine as expected`);

async function inLog(eventId: string): Promise<Readonly<Record<string, string>>[]> {
  const found: Readonly<Record<string, string>>[] = [];
  await readTail(connection, topic, 1_000_000, (record) => {
    if (record.headers['ce_id'] === eventId) found.push(record.headers);
  });
  return found;
}

const archived = (eventId: string) => query<{ received_at: string; timestamp: string }>('SELECT received_at, timestamp FROM log.events WHERE event_id = {id:String}', { id: eventId });

/** A message whose is_private is a text: it does not validate. */
function broken(id = newTicketId()): SignedEvent {
  const event = ticket(id).message('2026-03-02T09:00:00.000Z', 'customer');
  event.payload['is_private'] = 'yes';
  return event;
}

async function quarantined(event: SignedEvent): Promise<void> {
  expect((await send(event)).body.status).toBe('quarantined');
  await viewed(event.event_id);
}

test('what still is unusable stays pending; with a correction it is in the log once, as of when it came', async () => {
  const ticketId = newTicketId();
  const event = broken(ticketId);
  await quarantined(event);
  const [item] = (await quarantine(['list', '--event-id', event.event_id, '--json'])).lines;
  expect([item?.['status'], item?.['reason'], item?.['path'], item?.['version']]).toStrictEqual(['pending', 'schema_violation', '/payload/is_private', '1.2']);

  const unfixed = await quarantine(['replay', '--event-id', event.event_id, '--note', 'let us see']);
  expect(unfixed.code, unfixed.stderr).toBe(1);
  const still = await viewed(event.event_id, (row) => row.failed_replays === 1);
  expect(still.status).toBe('pending');
  expect(still.last_failure).toMatch(/^schema_violation \/payload\/is_private: /);

  const fix = join(folder, 'fix.ts');
  await writeFile(fix, `export default (body: { payload: { is_private: unknown } }) => ({ ...body, payload: { ...body.payload, is_private: body.payload.is_private === 'yes' } });\n`);
  const dry = await quarantine(['replay', '--event-id', event.event_id, '--fixed-by', fix, '--dry-run', '--json']);
  expect([dry.code, dry.lines[0]?.['resolution'], dry.lines[0]?.['dry_run']], dry.stderr).toStrictEqual([0, 'replayed', true]);
  expect((await inLog(event.event_id)).length, 'a dry run appends nothing').toBe(0);

  const replayed = await quarantine(['replay', '--event-id', event.event_id, '--fixed-by', fix, '--note', 'yes means true']);
  expect(replayed.code, replayed.stderr).toBe(0);
  await landed(ticketId, 1);
  const done = await viewed(event.event_id, (row) => row.status === 'replayed');
  expect(done.note).toBe('yes means true');
  expect(done.resolved_by).toMatch(/.@./);
  expect(done.http_source).toMatch(/^\/webhooks /);
  expect(await archived(event.event_id)).toStrictEqual([{ received_at: done.received_at, timestamp: '2026-03-02 09:00:00.000' }]);

  const again = await quarantine(['replay', '--event-id', event.event_id, '--status', 'all', '--fixed-by', fix]);
  expect(again.code).toBe(0);
  expect(again.stderr).toMatch(/nothing to replay/);
  const records = await inLog(event.event_id);
  expect(records.length).toBe(1);
  expect(records[0]?.['replayed_from']).toBe(`crm.production.quarantine/${String(item?.['id'])}`);
});

test('an event that came again corrected meanwhile is a duplicate', async () => {
  const event = broken();
  await quarantined(event);
  expect((await send({ ...event, payload: { ...event.payload, is_private: false } })).body.status).toBe('accepted');
  const fix = join(folder, 'fix-again.ts');
  await writeFile(fix, 'export default (body: { payload: object }) => ({ ...body, payload: { ...body.payload, is_private: true } });\n');
  const replayed = await quarantine(['replay', '--event-id', event.event_id, '--fixed-by', fix, '--json']);
  expect([replayed.code, replayed.lines[0]?.['resolution']], replayed.stderr).toStrictEqual([0, 'duplicate']);
  expect((await viewed(event.event_id, (row) => row.status !== 'pending')).status).toBe('duplicate');
  expect((await inLog(event.event_id)).length).toBe(1);
});

test('an integration that was configured for the wrong environment: fixed, its events come in though the secret is gone', async () => {
  const ticketId = newTicketId();
  const event = ticket(ticketId, 'initech').message('2026-03-02T09:30:00.000Z', 'customer');
  const sent = { ...event, source: { ...event.source, environment: 'production' } };
  expect((await send(sent)).body.status).toBe('quarantined');
  const integrations = join(folder, 'integrations.json');
  await writeFile(integrations, JSON.stringify([{ integration_id: 'initech', environment: 'production', secrets: ['rotated-since'] }]));
  const ofEvent = ['--environment', 'staging', '--event-id', event.event_id];
  const [item] = (await quarantine(['list', ...ofEvent, '--json'])).lines;
  expect(item?.['reason']).toBe('environment_mismatch');
  const replayed = await quarantine(['replay', ...ofEvent], { INTEGRATIONS_FILE: integrations });
  expect(replayed.code, replayed.stderr).toBe(0);
  await landed(ticketId, 1);
  const [row] = await archived(event.event_id);
  expect(row?.received_at.replace(' ', 'T')).toBe(String(item?.['received_at']).replace('Z', ''));
  const [after] = (await quarantine(['list', ...ofEvent, '--status', 'all', '--json'])).lines;
  expect(after?.['status']).toBe('replayed');
});

test('a record that another producer wrote under the wrong key comes back under its ticket’s', async () => {
  const ticketId = newTicketId();
  const event = ticket(ticketId).status('2026-03-02T09:00:00.000Z', 'new', 'open');
  const producer = await connectProducer(connection, [topic]);
  await producer.append(topic, { key: 'another-key', value: encoded(event, await writtenSchemaId(topic, 'status.changed')), headers: headersOf(event) });
  await producer.close();
  await viewed(event.event_id);
  expect((await archived(event.event_id)).length).toBe(0);
  const replayed = await quarantine(['replay', '--reason', 'key_mismatch', '--event-id', event.event_id]);
  expect(replayed.code, replayed.stderr).toBe(0);
  await landed(ticketId, 1);
  expect((await viewed(event.event_id, (row) => row.status !== 'pending')).status).toBe('replayed');
});

test('show gives the very bytes that came; discard is noted and deletes nothing', async () => {
  const event = broken();
  const body = JSON.stringify(event, null, 1);
  expect((await send(body)).body.status).toBe('quarantined');
  await viewed(event.event_id);
  const id = String((await quarantine(['list', '--event-id', event.event_id, '--json'])).lines[0]?.['id']);
  expect((await quarantine(['show', id, '--payload'])).stdout).toBe(body);
  const discarded = await quarantine(['discard', id, '--note', 'a test of theirs']);
  expect(discarded.code, discarded.stderr).toBe(0);
  expect((await viewed(event.event_id, (row) => row.status !== 'pending')).status).toBe('discarded');
  expect((await quarantine(['show', id])).stdout).toMatch(/discarded by .*a test of theirs/);
  expect((await quarantine(['show', id, '--payload'])).stdout).toBe(body);
  expect((await quarantine(['list', '--event-id', event.event_id, '--json'])).lines.length, 'nothing about it is pending').toBe(0);
});

test('counts tell how many wait, by reason, integration and version', async () => {
  const event = broken();
  await quarantined(event);
  const [row] = await query<{ events: number; pending: number }>(`
    SELECT events, pending FROM log.quarantine_counts
    WHERE environment = 'production' AND integration_id = 'acme' AND reason = 'schema_violation' AND version = '1.2' AND event_type = 'message.received'`);
  expect.assert(row !== undefined && row.pending >= 1 && row.events >= row.pending);
});

test('nothing is replayed or discarded by a slip of the keyboard', async () => {
  const slips = await Promise.all([
    quarantine(['replay']), quarantine(['discard', '--dry-run']), quarantine(['show', '0:99999999']),
    quarantine(['list', '--since', 'yesterday']), quarantine(['list'], { KAFKA_BROKERS: '127.0.0.1:1' }),
  ]);
  expect(slips.map(({ code }) => code)).toStrictEqual([2, 2, 1, 2, 3]);
});
