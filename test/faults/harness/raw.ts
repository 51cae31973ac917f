// What another producer than the ingress might append to the log: records that nobody can read, and events under a schema of the
// caller's choice. Not our own producer: it can't write a tombstone.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { eventsTopic } from '../../../services/runtime/event-log.ts';
import { connectKafka } from '../../../services/runtime/kafka/admin.ts';
import { readLock, SchemaRegistry } from '../../../services/runtime/registry/registry.ts';
import { contracts, encoded, headersOf } from '../../system/log-records.ts';
import type { SignedEvent } from '../../system/support.ts';
import type { Sent } from './history.ts';
import { POISON_MARK } from './observe.ts';
import type { FaultStack } from './stack.ts';
import { ticketStory } from './story.ts';

const topic = eventsTopic('production');

export interface RawRecord {
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export async function appendRaw(stack: FaultStack, records: readonly RawRecord[]): Promise<void> {
  const producer = connectKafka(stack.kafka).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    await producer.send({ topic, messages: records.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })) });
  } finally {
    await producer.disconnect();
  }
}

export const asEvent = (sent: Sent): SignedEvent => JSON.parse(sent.body) as SignedEvent;

/** As the ingress would append it, under this schema id. */
export const rawEvent = (sent: Sent, schemaId: number): RawRecord => ({ key: sent.ticketId, value: encoded(asEvent(sent), schemaId), headers: headersOf(asEvent(sent)) });

/** The id under which the ingress writes an event type. */
export async function schemaIdOf(stack: FaultStack, eventType: string): Promise<number> {
  const subject = `${topic}-${contracts.get(eventType)?.recordName ?? ''}`;
  const found = (await readLock(join(stack.dataDir, 'schemas.lock.json'))).find((entry) => entry.subject === subject);
  if (found === undefined) throw new Error(`the lock has no ${subject}`);
  return found.id;
}

export const registryOf = (stack: FaultStack): SchemaRegistry => new SchemaRegistry(stack.parts.schemaRegistryUrl);

/** A schema that producers know already and the registry does not. It counts ids up, so the next one after a probe's is known beforehand. */
export async function comingSchema(stack: FaultStack, eventType: string): Promise<{ id: number; register: () => Promise<void> }> {
  const registry = registryOf(stack);
  const variant = (mark: string): string => JSON.stringify({ ...contracts.get(eventType)?.record, doc: `${mark} ${randomUUID()}` });
  const subject = `test-coming-${randomUUID()}`;
  const id = (await registry.register(`${subject}-probe`, variant('probe'))) + 1;
  return {
    id,
    register: async () => {
      const registered = await registry.register(subject, variant('coming'));
      if (registered !== id) throw new Error(`the registry gave ${registered}, not ${id}`);
    },
  };
}

/** With half of a surrogate pair in its ticket_id, as encoders write it that check nothing. */
function illFormed(value: Buffer): Buffer {
  const changed = Buffer.from(value);
  Buffer.from([0xed, 0xa0, 0x80]).copy(changed, value.indexOf('???'));
  return changed;
}

const framed = (schemaId: number, body: Buffer): Buffer => {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(schemaId, 1);
  return Buffer.concat([header, body]);
};

/** Every kind of record that can't be read, by the reason that the quarantine has to say. */
export async function poisonOf(stack: FaultStack, integrationId: string): Promise<readonly { readonly kind: string; readonly reason: string; readonly value: Buffer | null }[]> {
  const [id, registry] = [await schemaIdOf(stack, 'ticket.created'), registryOf(stack)];
  const foreign = (schema: unknown): Promise<number> => registry.register(`test-foreign-${randomUUID()}`, JSON.stringify(schema));
  const [other] = ticketStory({ integrationId, seed: randomUUID(), events: 1 });
  if (other === undefined) return [];
  const value = encoded(asEvent(other), id);
  const unnamed = encoded({ ...asEvent(other), payload: { ...asEvent(other).payload, ticket_id: 'TKT-???' } }, id);
  const invoice = { type: 'record', name: 'Invoice', namespace: 'elsewhere', fields: [{ name: 'total', type: 'long' }] };
  return [
    { kind: 'no magic byte', reason: 'no_magic_byte', value: Buffer.from('{"json":true}') },
    { kind: 'empty', reason: 'empty', value: Buffer.alloc(0) },
    { kind: 'unknown schema', reason: 'unknown_schema', value: framed(987_654, Buffer.from([2, 65])) },
    { kind: 'truncated', reason: 'truncated', value: framed(id, Buffer.from([20, 65, 66])) },
    { kind: 'cut in the middle', reason: 'truncated', value: value.subarray(0, Math.floor(value.length / 2)) },
    { kind: 'trailing byte', reason: 'trailing_bytes', value: Buffer.concat([value, Buffer.from([0])]) },
    { kind: "another topic's schema", reason: 'foreign_schema', value: framed(await foreign(invoice), Buffer.from([2])) },
    { kind: 'not even a record', reason: 'foreign_schema', value: framed(await foreign('string'), Buffer.from([2, 65])) },
    { kind: 'ill-formed text', reason: 'ill_formed_text', value: illFormed(unnamed) },
    { kind: 'key of another ticket', reason: 'key_mismatch', value },
    { kind: 'tombstone', reason: 'tombstone', value: null },
    // Thirteen empty fields, then a map that claims 200 million entries: an out-of-memory for a trusting decoder.
    { kind: 'absurd count', reason: 'truncated', value: framed(await schemaIdOf(stack, 'status.changed'), Buffer.concat([Buffer.alloc(13), Buffer.from([0x80, 0x84, 0xaf, 0xbf, 0x01])])) },
  ];
}

export const poisonHeaders = (integrationId: string, mark: string): Record<string, string> => ({ ce_id: mark, integration_id: integrationId, [POISON_MARK]: mark });
