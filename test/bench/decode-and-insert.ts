// The consumer of bench projection as people write it with the same packages: kafkajs reads batches, the registry's client
// decodes each record, a function makes a row of it, and @clickhouse/client inserts the batch as JSONEachRow; then its offsets
// are committed. It knows no poison, no rebalance and no facts. Fetches are large, so that inserts are. Its arguments are the
// brokers, the topic, the group, the registry, ClickHouse and the table.
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { createClient } from '@clickhouse/client';
import kafkajs, { type KafkaMessage } from 'kafkajs';

interface Decoded {
  readonly event_id: string;
  readonly ticket_id: string;
  readonly source: { readonly integration_id: string };
  readonly timestamp: Date | number;
  readonly [field: string]: unknown;
}
type Part = Readonly<Record<string, unknown>>;

const BYTES_OF_A_PARTITION = 5_242_880;
const [brokers = '', topic = '', groupId = '', registryUrl = '', clickhouseUrl = '', table = ''] = process.argv.slice(2);
const registry = new SchemaRegistry({ host: registryUrl });
const clickhouse = createClient({ url: clickhouseUrl });
const consumer = new kafkajs.Kafka({ brokers: brokers.split(','), clientId: 'decode-and-insert', logLevel: kafkajs.logLevel.ERROR }).consumer({ groupId, maxBytesPerPartition: BYTES_OF_A_PARTITION, maxBytes: 6 * BYTES_OF_A_PARTITION });

const types = ['ticket.created', 'message.received', 'agent.assigned', 'status.changed', 'escalation.fired'];
const millis = (time: unknown): number => Number(time);
const part = (event: Decoded, name: string): Part => (event[name] ?? {}) as Part;
const text = (value: unknown): unknown => value ?? '';

/** What only one type of event says. */
const columns: Readonly<Record<string, (event: Decoded) => Part>> = {
  'ticket.created': (event) => {
    const [message, customer, channel] = [part(event, 'initial_message'), part(event, 'customer'), part(event, 'channel')];
    return {
      body_at: millis(event['created_at']), actor_type: 'customer', has_message: (message['message_id'] ?? message['text'] ?? message['content_type'] ?? null) !== null,
      message_id: text(message['message_id']), new_status: text(event['status']), customer_telegram_user_id: customer['telegram_user_id'],
      customer_language_code: text(customer['language_code']), channel_type: channel['type'], channel_chat_id: channel['chat_id'],
      channel_topic_id: text(channel['topic_id']), metadata: text(event['metadata']),
    };
  },
  'message.received': (event) => ({
    body_at: millis(event['sent_at']), actor_type: part(event, 'sender')['type'], actor_id: text(part(event, 'sender')['agent_id']), has_message: true,
    message_id: event['message_id'], is_private: event['is_private'], is_automated: event['is_automated'] ?? false,
  }),
  'agent.assigned': (event) => {
    const [assignee, by] = [part(event, 'assignee'), part(event, 'assigned_by')];
    return {
      body_at: millis(event['assigned_at']), actor_type: by['type'], actor_id: text(by['id']), assignee_agent_id: text(assignee['agent_id']),
      assignee_group_id: text(assignee['group_id']), assignee_name: text(assignee['name']), routing_rule: text(event['routing_rule']),
    };
  },
  'status.changed': (event) => ({
    body_at: millis(event['changed_at']), actor_type: part(event, 'changed_by')['type'], actor_id: text(part(event, 'changed_by')['id']),
    new_status: event['new_status'], previous_status: text(event['previous_status']),
  }),
  'escalation.fired': (event) => ({
    body_at: millis(event['fired_at']), policy_id: part(event, 'policy')['id'], policy_name: text(part(event, 'policy')['name']),
    breached_metric: event['breached_metric'], threshold_seconds: event['threshold_seconds'], elapsed_seconds: event['elapsed_seconds'] ?? null,
    level: event['level'], escalated_to_type: text(part(event, 'escalated_to')['type']), escalated_to_id: text(part(event, 'escalated_to')['id']),
  }),
};

async function rowOf({ value, headers, offset, timestamp }: KafkaMessage, partition: number): Promise<Part> {
  const event = await registry.decode(value ?? Buffer.alloc(0)) as Decoded;
  const type = String(headers?.['ce_type']);
  return {
    integration_id: event.source.integration_id, ticket_id: event.ticket_id, event_id: event.event_id.toLowerCase(), event_at: millis(event.timestamp),
    type_rank: types.indexOf(type), event_type: type, received_at: Number(timestamp), kafka_partition: partition, kafka_offset: offset,
    ...columns[type]?.(event),
  };
}

await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  partitionsConsumedConcurrently: 6,
  eachBatch: async (payload) => {
    const { batch } = payload;
    const values = await Promise.all(batch.messages.map((message) => rowOf(message, batch.partition)));
    await clickhouse.insert({ table, values, format: 'JSONEachRow' });
    payload.resolveOffset(batch.lastOffset());
  },
});
