// Records that other producers wrote into the log, of every bad kind: none stops a partition,
// each is in quarantine once, and what follows them arrives.
import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { afterAll, expect, test } from 'vitest';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { connectKafka } from '../../services/runtime/kafka/admin.ts';
import { SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { encoded } from '../system/log-records.ts';
import { connection, writtenSchemaId } from '../system/quarantine-cli.ts';
import { closeClients, environment, eventually, landed, newTicketId, query, send, ticket } from '../system/support.ts';

afterAll(closeClients);

const topic = eventsTopic('production');

/** With half of a surrogate pair in its ticket_id, as encoders write it that check nothing. */
function illFormed(value: Buffer): Buffer {
  const changed = Buffer.from(value);
  Buffer.from([0xed, 0xa0, 0x80]).copy(changed, value.indexOf('???'));
  return changed;
}

async function poison(): Promise<Record<string, Buffer | null>> {
  const registry = new SchemaRegistry(environment.registryUrl);
  const id = await writtenSchemaId(topic, 'status.changed');
  const framed = (schemaId: number, body: Buffer): Buffer => {
    const header = Buffer.alloc(5);
    header.writeUInt32BE(schemaId, 1);
    return Buffer.concat([header, body]);
  };
  return {
    no_magic_byte: Buffer.from('{"json":true}'),
    empty: Buffer.alloc(0),
    unknown_schema: framed(987_654, Buffer.from([2, 65])),
    truncated: framed(id, Buffer.from([20, 65, 66])),
    trailing_bytes: Buffer.concat([encoded(ticket(newTicketId()).status('2026-03-02T09:00:00.000Z', 'new', 'open'), id), Buffer.from([0])]),
    // Another topic's schema in the same registry.
    foreign_schema: framed(await registry.register(`test-foreign-${randomUUID()}`, JSON.stringify({ type: 'record', name: 'Invoice', namespace: 'elsewhere', fields: [{ name: 'total', type: 'long' }] })), Buffer.from([2])),
    not_even_a_record: framed(await registry.register(`test-foreign-${randomUUID()}`, '"string"'), Buffer.from([2, 65])),
    ill_formed_text: illFormed(encoded(ticket('TKT-???').status('2026-03-02T09:00:00.000Z', 'new', 'open'), id)),
    key_mismatch: encoded(ticket(newTicketId()).status('2026-03-02T09:00:00.000Z', 'new', 'open'), id),
    tombstone: null,
    // Thirteen empty fields, then a map that claims 200 million entries: an out-of-memory for a trusting decoder.
    absurd_count: framed(id, Buffer.concat([Buffer.alloc(13), Buffer.from([0x80, 0x84, 0xaf, 0xbf, 0x01])])),
  };
}

test('poison of every kind is quarantined once and stops nothing', async () => {
  // Not our own producer: it can't write a tombstone.
  const producer = connectKafka(connection).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const id = newTicketId();
  const marks = new Map<string, string>();
  try {
    for (const [kind, value] of Object.entries(await poison())) {
      const mark = randomUUID();
      marks.set(mark, kind);
      await producer.send({ topic, messages: [{ key: id, value, headers: { ce_id: mark, integration_id: 'acme' } }] });
    }
  } finally {
    await producer.disconnect();
  }
  await send(ticket(id).created('2026-03-02T09:00:00.000Z', 'after the poison'));
  await landed(id, 1);
  const kept = await eventually(async () => {
    const rows = await query<{ event_id: string; reason: string; origin: string }>('SELECT event_id, reason, origin FROM log.quarantine WHERE event_id IN {ids:Array(String)}', { ids: [...marks.keys()] });
    return rows.length === marks.size ? rows : null;
  }, 'all poison in quarantine');
  for (const row of kept) {
    const kind = marks.get(row.event_id);
    expect(row.reason).toBe({ absurd_count: 'truncated', not_even_a_record: 'foreign_schema' }[kind ?? ''] ?? kind);
    expect(row.origin).toBe(topic);
  }
});
