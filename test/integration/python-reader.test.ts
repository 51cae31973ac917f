// An independent reader in another language: the topic, the headers and the registry's schemas
// are enough.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { closeClients, environment, newTicketId, send, ticket } from '../support.ts';

after(closeClients);

interface Read {
  magic: number;
  trailing: number;
  headers: Record<string, string>;
  record: Record<string, unknown> & { customer?: { telegram_user_id: number }; content?: { text: string } };
}

test('confluent-kafka and fastavro read what the ingress wrote, in the order of its answers', async () => {
  const id = newTicketId();
  const events = [ticket(id).created('2026-03-02T09:00:00.000Z', 'hello'), ticket(id).message('2026-03-02T08:00:00.000Z', 'customer', 'שלום 👨‍👩‍👧'), ticket(id).status('2026-03-02T09:30:00.000Z', 'new', 'open')];
  for (const event of events) assert.equal((await send(event)).body.status, 'accepted');
  const script = fileURLToPath(new URL('python_reader.py', import.meta.url));
  const { stdout } = await promisify(execFile)(environment.python, [script, eventsTopic('production'), id, String(events.length)]);
  const read = stdout.trim().split('\n').map((line) => JSON.parse(line) as Read);

  assert.deepEqual(read.map((item) => item.headers['ce_id']), events.map((event) => event.event_id));
  for (const [index, item] of read.entries()) {
    const event = events[index];
    assert.equal(item.magic, 0);
    assert.equal(item.trailing, 0);
    assert.equal(item.headers['ce_type'], event?.event_type);
    assert.equal(item.headers['ce_time'], event?.timestamp);
    assert.equal(item.headers['ce_subject'], id);
    assert.equal(item.headers['ce_source'], '/telegram-crm/acme');
    assert.equal(item.headers['content-type'], 'application/avro');
    assert.match(item.headers['body_sha256'] ?? '', /^[0-9a-f]{64}$/);
    assert.equal(item.record['ticket_id'], id);
  }
  assert.equal(read[0]?.record.customer?.telegram_user_id, 4503599627370495);
  assert.equal(read[1]?.record.content?.text, 'שלום 👨‍👩‍👧');
});
