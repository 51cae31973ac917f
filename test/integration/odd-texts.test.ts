// What a tenant may write, on its way through the real log: nothing of it ends as poison there, and
// whatever names a ticket gets its facts.
import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { connection, quarantine } from '../system/quarantine-cli.ts';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import { closeClients, eventually, landed, newTicketId, query, send, ticket, type SignedEvent } from '../system/support.ts';

afterAll(closeClients);

const AT = '2026-03-02T09:00:00.000Z';

const kept = (eventId: string) => eventually(async () => {
  const [row] = await query<{ reason: string; path: string; status: string }>('SELECT reason, path, status FROM log.quarantine WHERE event_id = {id:String}', { id: eventId });
  return row ?? null;
}, `event ${eventId} in quarantine`);

/** What the log has under the events' ids: key, and value as text. */
async function inLog(events: readonly SignedEvent[]): Promise<Map<string, { key: string | null; value: Buffer }>> {
  const ids = new Set(events.map(({ event_id }) => event_id));
  const found = new Map<string, { key: string | null; value: Buffer }>();
  await readTail(connection, eventsTopic('production'), 1_000_000, ({ key, value, headers }) => {
    if (ids.has(headers['ce_id'] ?? '')) found.set(headers['ce_id'] ?? '', { key, value: value ?? Buffer.alloc(0) });
  });
  return found;
}

test('tickets of any name have facts', async () => {
  const names = ['tab\tline\r\nfeed', "it's \\'quoted\\' `so`", 'nul\u0000inside', '\ufeffmark', '\u2028\u2029', '📦 票', 'constructor', '__proto__', '{t:String}', "') OR 1=1 --", '\u202eright to left', '\u0085', 'x'.repeat(400), 'e\u0301', '%2F../?#'];
  const ids = names.map((name) => `${name} ${randomUUID()}`);
  const events = ids.map((id) => ticket(id).created(AT, 'hello'));
  for (const event of events) expect((await send(event)).body.status, JSON.stringify(event.payload['ticket_id'])).toBe('accepted');
  const rows = await eventually(async () => {
    const found = await query<{ ticket_id: string }>('SELECT ticket_id FROM queue.tickets WHERE ticket_id IN {ids:Array(String)}', { ids });
    return found.length === ids.length ? found : null;
  }, 'facts of all of them');
  expect(rows.map(({ ticket_id }) => ticket_id).sort()).toStrictEqual(ids.toSorted());
  const records = await inLog(events);
  for (const event of events) expect(records.get(event.event_id)?.key).toBe(event.payload['ticket_id']);
});

test('ill-formed text is mended before it is in the log, and ClickHouse reads it as JSON', async () => {
  const id = newTicketId();
  const created = ticket(id).created(AT, 'A\ud800B');
  created.payload['customer'] = { telegram_user_id: 1, first_name: 'A\ud800B', '\udc00key': '\udc00' };
  created.payload['metadata'] = { 'k\ud800': ['v\ud800'] };
  const event = { ...created, source: { ...created.source, platform: '\ud800' } };
  expect((await send(event)).body).toStrictEqual({ status: 'accepted', event_id: event.event_id });
  await landed(id, 1);
  const [row] = await query<Record<string, unknown>>(`
    SELECT isValidUTF8(metadata) AS valid, JSONExtractString(metadata, 'k\ufffd', 1) AS value FROM queue.timeline WHERE ticket_id = {t:String}`, { t: id });
  expect(row).toStrictEqual({ valid: 1, value: 'v\ufffd' });
  const value = (await inLog([event])).get(event.event_id)?.value ?? expect.fail('not in the log');
  expect(value.includes(Buffer.from([0xed, 0xa0])), 'no surrogate in UTF-8').toBe(false);
  expect(value.includes('A\ufffdB')).toBe(true);
});

test('a damaged ticket_id is quarantined at the door, and a replay does not let it in', async () => {
  const event = ticket(`TKT-\ud800-${randomUUID()}`).created(AT);
  expect((await send(event)).body.status).toBe('quarantined');
  const { reason, path } = await kept(event.event_id);
  expect([reason, path]).toStrictEqual(['invalid_identifier', '/payload/ticket_id']);
  const replayed = await quarantine(['replay', '--event-id', event.event_id, '--json']);
  expect([replayed.code, replayed.lines[0]?.['resolution'], replayed.lines[0]?.['reason']], replayed.stderr).toStrictEqual([1, 'still_unusable', 'invalid_identifier']);
  expect((await inLog([event])).size).toBe(0);
});

test('sixty such events of a tenant stop nobody', async () => {
  const id = newTicketId();
  const bad = Array.from({ length: 60 }, () => ticket(`${id}\ud800`).message(AT, 'customer', '\ud800'));
  for (const answer of await Promise.all(bad.map((event) => send(event)))) expect(answer.body.status).toBe('quarantined');
  await send(ticket(id).created(AT));
  await landed(id, 1);
  expect((await inLog(bad)).size).toBe(0);
});

test('an event that the log could never take is quarantined with its body', async () => {
  // Each unknown field of a file is kept under a pointer five times as long as it.
  const event = ticket(newTicketId()).message(AT, 'customer');
  event.payload['content'] = { content_type: 'document', files: Array.from({ length: 120_000 }, () => ({ a: 1 })) };
  const body = JSON.stringify(event);
  const answer = await send(body);
  expect([answer.status, answer.body.status]).toStrictEqual([200, 'quarantined']);
  expect((await kept(event.event_id)).reason).toBe('too_large');
  const id = String((await quarantine(['list', '--event-id', event.event_id, '--json'])).lines[0]?.['id']);
  expect((await quarantine(['show', id, '--payload'])).stdout).toBe(body);
});

test('events that are big in their headers or their numbers are accepted, and fail no neighbour', async () => {
  const expanding = ticket(newTicketId()).created(AT);
  expanding.payload['metadata'] = { list: 'N' };
  // Sixteen digits each in the record.
  const numbers = JSON.stringify(expanding).replace('"N"', `[${'1e15,'.repeat(200_000)}1]`);
  const named = Array.from({ length: 12 }, () => {
    const event = ticket(newTicketId()).message(AT, 'customer');
    return { ...event, source: { ...event.source, platform: '漢'.repeat(100_000) } };
  });
  const answers = await Promise.all([numbers, ...named, ticket(newTicketId()).message(AT, 'customer')].map((event) => send(event)));
  expect(answers.map(({ body }) => body.status)).toStrictEqual(answers.map(() => 'accepted'));
  await landed(String(expanding.payload['ticket_id']), 1);
});

test('keys given twice are refused with their place, whatever numbers the body has', async () => {
  for (const beside of ['x', '1234567890123456']) {
    const event = ticket(newTicketId()).message(AT, 'customer', beside);
    const twice = await send(JSON.stringify(event).replace('"is_private":false', '"is_private":true,"is_private":false'));
    expect([twice.status, twice.body.error?.code, twice.body.error?.path]).toStrictEqual([400, 'invalid_json', '/payload/is_private']);
  }
});
