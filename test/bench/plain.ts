// The plain receiver of bench ingress, as people write it with the same packages: fastify reads the JSON, the signature is
// checked, kafkajs sends the event as it came with acks=all, and then it is answered. It validates nothing, knows no
// retries of a sender and writes no headers. Its arguments are the brokers and the topic; it prints its port.
import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import kafkajs from 'kafkajs';
import { secretOf } from './stack.ts';

interface Event {
  readonly event_id: string;
  readonly event_type: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly source: { readonly integration_id: string };
  /** Old versions number their tickets. */
  readonly payload: { readonly ticket_id: string | number };
}

const [brokers = '', topic = ''] = process.argv.slice(2);
const producer = new kafkajs.Kafka({ brokers: brokers.split(','), clientId: 'plain', logLevel: kafkajs.logLevel.ERROR }).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
await producer.connect();

const app = Fastify();
app.post('/webhooks', async (request, reply) => {
  const event = request.body as Event;
  const expected = createHmac('sha256', secretOf(event.source.integration_id)).update(event.event_id + event.event_type + event.timestamp).digest('hex');
  if (expected !== event.signature) return reply.code(401).send({ error: 'unauthorized' });
  await producer.send({ topic, acks: -1, messages: [{ key: String(event.payload.ticket_id), value: JSON.stringify(event) }] });
  return { status: 'accepted', event_id: event.event_id };
});

await app.listen({ host: '127.0.0.1', port: 0 });
console.log((app.server.address() as AddressInfo).port);
