// An independent reader in another language: the topic, the headers and the registry's schemas
// are enough.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { closeClients, environment, newTicketId, send, ticket } from '../system/support.ts';

afterAll(closeClients);

interface Read {
  magic: number;
  trailing: number;
  headers: Record<string, string>;
  record: Record<string, unknown> & { customer?: { telegram_user_id: number }; content?: { text: string } };
}

test('confluent-kafka and fastavro read what the ingress wrote, in the order of its answers', async () => {
  const id = newTicketId();
  const events = [ticket(id).created('2026-03-02T09:00:00.000Z', 'hello'), ticket(id).message('2026-03-02T08:00:00.000Z', 'customer', 'שלום 👨‍👩‍👧'), ticket(id).status('2026-03-02T09:30:00.000Z', 'new', 'open')];
  for (const event of events) expect((await send(event)).body.status).toBe('accepted');
  const script = fileURLToPath(new URL('python_reader.py', import.meta.url));
  const { stdout } = await promisify(execFile)(environment.python, [script, eventsTopic('production'), id, String(events.length)]);
  const read = stdout.trim().split('\n').map((line) => JSON.parse(line) as Read);

  expect(read.map((item) => item.headers['ce_id'])).toStrictEqual(events.map((event) => event.event_id));
  for (const [index, item] of read.entries()) {
    const event = events[index];
    expect(item.magic).toBe(0);
    expect(item.trailing).toBe(0);
    expect(item.headers['ce_type']).toBe(event?.event_type);
    expect(item.headers['ce_time']).toBe(event?.timestamp);
    expect(item.headers['ce_subject']).toBe(id);
    expect(item.headers['ce_source']).toBe('/telegram-crm/acme');
    expect(item.headers['content-type']).toBe('application/avro');
    expect(item.headers['body_sha256'] ?? '').toMatch(/^[0-9a-f]{64}$/);
    expect(item.record['ticket_id']).toBe(id);
  }
  expect(read[0]?.record.customer?.telegram_user_id).toBe(4503599627370495);
  expect(read[1]?.record.content?.text).toBe('שלום 👨‍👩‍👧');
});
