// Fills the log without the door: a desk's events, prepared and encoded by the door's own code, and appended in batches.
import { loadContracts } from '../../schemas/contract.ts';
import { signedBody } from '../../infra/demo/crm.ts';
import { deskEvents } from '../../infra/demo/desk/desk.ts';
import type { CrmEvent } from '../../infra/demo/events.ts';
import { kafkaBrokers, schemaRegistryUrl } from '../../infra/local/parts.ts';
import { createEncode } from '../../services/ingress/event/encoders.ts';
import { parseWebhook } from '../../services/ingress/event/parse.ts';
import { createPrepare } from '../../services/ingress/event/prepare.ts';
import { childSpan } from '../../services/runtime/trace.ts';
import { toLogRecord } from '../../services/ingress/event/to-log-record.ts';
import { eventsTopic, type NewRecord } from '../../services/runtime/event-log.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { readLock, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { figure } from './figures.ts';
import { secretOf, type BenchStack } from './stack.ts';

export const topic = eventsTopic('production');

/** A stack as far as its log and its registry go. */
export type Filled = Pick<BenchStack, 'env' | 'dataDir'>;

export const connectionTo = ({ env }: Pick<BenchStack, 'env'>): KafkaConnection =>
  ({ brokers: [kafkaBrokers({ kafka: Number(env['KAFKA_PORT']) })], clientId: 'bench', logger: createLogger('bench', 'error') });

export const registryOf = ({ env }: Pick<BenchStack, 'env'>): string => schemaRegistryUrl({ registry: Number(env['REGISTRY_PORT']) });

async function recordMaker(stack: Filled): Promise<(event: CrmEvent) => NewRecord> {
  const contracts = await loadContracts();
  const prepare = createPrepare(contracts);
  const locked = await readLock(`${stack.dataDir}/schemas.lock.json`);
  const encode = await createEncode({ contracts: contracts.values(), environments: ['production'], registry: new SchemaRegistry(registryOf(stack)), locked });
  return (event) => {
    const secret = secretOf(event.integrationId);
    const webhook = parseWebhook(Buffer.from(signedBody(event, 'production', secret)), new Date());
    if ('kind' in webhook) throw new Error(`the desk's event is refused: ${webhook.message}`);
    const authentic = { ...webhook, integration: { integration_id: event.integrationId, environment: 'production', secrets: [secret] } };
    const prepared = prepare(authentic);
    if (prepared.kind === 'unusable') throw new Error(`the desk's event is unusable: ${prepared.reason} ${prepared.path} ${prepared.detail}`);
    const record = toLogRecord(authentic, prepared, { bodyHash: () => '', traceparent: childSpan(undefined) }, encode);
    if ('kind' in record) throw new Error(`the desk's event is unusable: ${record.detail}`);
    return record;
  };
}

const WAITING = 5_000;
const TELL_EVERY_MS = 3_000;

/** Appends so many events in a desk's order: its first ones, or those `after` so many of `all` that it is asked for. */
export async function fillLog(stack: Filled, events: number, { after = 0, all = events }: { after?: number; all?: number } = {}): Promise<void> {
  const toRecord = await recordMaker(stack);
  const producer = await connectProducer(connectionTo(stack), [topic], { deadlineMs: 60_000, maxBatch: 2_000 });
  try {
    let waiting: Promise<unknown>[] = [];
    let [skipped, appended] = [0, 0];
    let toldAt = Date.now();
    // More tickets than the events need: a ticket has about ten.
    for (const event of deskEvents({ seed: 2, tickets: Math.ceil(all / 5), days: 14 })) {
      if (skipped++ < after) continue;
      if (appended++ === events) break;
      waiting.push(producer.append(topic, toRecord(event)));
      if (waiting.length < WAITING) continue;
      await Promise.all(waiting);
      waiting = [];
      if (Date.now() - toldAt < TELL_EVERY_MS) continue;
      toldAt = Date.now();
      console.error(`${figure(appended)} of ${figure(events)} events are in the log`);
    }
    await Promise.all(waiting);
    if (appended < events) throw new Error(`the desk has only ${appended} events`);
  } finally {
    await producer.close();
  }
}
