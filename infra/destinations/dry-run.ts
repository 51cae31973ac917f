// What the last events of the log would do at a destination: each is handed to the service's own handler, whose requests are
// printed instead of sent. Nothing is committed and nothing quarantined.
import type { Destination } from '../../services/destinations/consumer.ts';
import { commonSettings, readConfig } from '../../services/runtime/config.ts';
import { createSort, type Delivery } from '../../services/runtime/consumer/events.ts';
import { messageOf } from '../../services/runtime/errors.ts';
import { eventsTopic, type LogRecord } from '../../services/runtime/event-log.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { keysWhenNeeded } from '../../services/runtime/personal/keys.ts';
import { readKnown, SchemaLookup, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { locate } from '../target/which-stack.ts';
import { kafkaConnection } from '../../services/runtime/kafka/connection.ts';

export interface DryRunOptions {
  readonly path: string;
  readonly events: number;
  readonly integration: string | undefined;
}

export async function dryRun(consumer: Destination, { path, events, integration }: DryRunOptions): Promise<void> {
  const env = await locate({ command: `${consumer.name} dry-run`, parts: ['kafka', 'registry'], files: ['SCHEMAS_LOCK'], changes: false });
  const config = readConfig(commonSettings, env);
  const logger = createLogger(consumer.name, 'error');
  const records: LogRecord[] = [];
  const connection = kafkaConnection(config, `${consumer.name}-dry-run`, logger);
  await readTail(connection, eventsTopic(config.ENVIRONMENT), events, (record) => records.push(record));
  const keys = keysWhenNeeded(connection, config.ENVIRONMENT);
  const sort = createSort(consumer.records, new SchemaLookup(SchemaRegistry.of(config), await readKnown(config.SCHEMAS_LOCK)), keys);
  const own = Object.fromEntries(Object.entries(consumer.settings).map(([name, { default: value }]) => [name, value]));
  const opened = await consumer.openDry({ ...own, DESTINATIONS_FILE: path }, logger, (line) => console.log(line));
  try {
    for (const record of records.sort((a, b) => a.timestampMs - b.timestampMs).slice(-events)) {
      const item = await sort(record);
      if (item.kind !== 'event' || (integration !== undefined && item.identity.integration_id !== integration)) continue;
      await handleDry(consumer, item, opened.tools);
    }
  } finally {
    await opened.close?.();
    await keys.stop();
  }
}

async function handleDry(consumer: Destination, { identity, eventType, record, decode, traceparent }: Delivery, tools: unknown): Promise<void> {
  const { integration_id, ticket_id, event_id } = identity;
  const { topic, partition, offset, timestampMs } = record;
  console.log(`${eventType} of ${integration_id}/${ticket_id}`);
  try {
    const answer = await consumer.handle(await decode(), {
      config: {}, tools, logger: createLogger(consumer.name, 'error'), attempt: 1, mayBeRepeated: false, ownedSince: new Date(0),
      effectId: `${integration_id}/${ticket_id}/${event_id.toLowerCase()}`, traceparent: traceparent(),
      signal: new AbortController().signal, receivedAt: new Date(timestampMs), position: { topic, partition, offset },
    });
    if (answer !== undefined) console.log(`  ${answer.outcome === 'reject' ? 'would be rejected' : 'would wait'}: ${answer.reason}`);
  } catch (error) {
    console.log(`  would wait or fail: ${messageOf(error)}`);
  }
}
