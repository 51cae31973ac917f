// The ingress as a process: configuration, schemas, producer, dedupe window, then the door.
import { Counter, Gauge, Histogram } from 'prom-client';
import { loadContracts } from '../../schemas/contract.ts';
import { commonSettings, integer, masked, readConfig, text, type Settings } from '../runtime/config.ts';
import { eventsTopic, quarantineTopic } from '../runtime/event-log.ts';
import { createMetrics } from '../runtime/health.ts';
import { readTail } from '../runtime/kafka/consumer.ts';
import { connectProducer } from '../runtime/kafka/producer.ts';
import { runService } from '../runtime/lifecycle.ts';
import { createLogger } from '../runtime/logger.ts';
import { readLock, SchemaRegistry } from '../runtime/registry.ts';
import { watchSchemas } from '../runtime/schema-watch.ts';
import { createAccept } from './accept.ts';
import { DedupeWindow } from './dedupe.ts';
import { createEncode } from './encoders.ts';
import { watchIntegrations } from './integrations.ts';
import { createPrepare } from './prepare.ts';
import { createServer } from './server.ts';

const settings = {
  ...commonSettings,
  INGRESS_HOST: { parse: text, default: '127.0.0.1', doc: 'Address to listen on' },
  INGRESS_PORT: { parse: integer(0, 65_535), default: 8080, doc: 'Port of POST /webhooks, /health and /metrics' },
  INTEGRATIONS_FILE: { parse: text, doc: 'JSON file of integrations and their secrets; watched for changes' },
  DEDUPE_EVENTS: { parse: integer(1, 10_000_000), default: 100_000, doc: 'Recent events whose retries are answered without a second append' },
} satisfies Settings;

const config = readConfig(settings, process.env);
const logger = createLogger('ingress', config.LOG_LEVEL);

await runService(logger, async (parts) => {
  logger.info({ config: masked(settings, config) }, 'starting');
  const metrics = createMetrics('ingress');
  const answers = new Counter({ name: 'ticketstream_webhooks_total', help: 'Webhooks by status and outcome', labelNames: ['status', 'outcome'], registers: [metrics] });
  const seconds = new Histogram({ name: 'ticketstream_webhook_seconds', help: 'Time to answer, Kafka’s acknowledgement included', buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 3], registers: [metrics] });
  const quarantines = new Counter({ name: 'ticketstream_quarantined_total', help: 'Events quarantined by reason', labelNames: ['reason'], registers: [metrics] });
  const unlisted = new Counter({ name: 'ticketstream_unlisted_versions_total', help: 'Accepted events whose contract version is missing or not listed', labelNames: ['event_type', 'version'], registers: [metrics] });

  const integrations = await watchIntegrations(config.INTEGRATIONS_FILE, logger);
  parts.push({ name: 'integrations', stop: () => {
    integrations.close();
    return Promise.resolve();
  } });
  const environments = integrations.environments();
  const contracts = await loadContracts();
  const registry = SchemaRegistry.of(config);
  const locked = await readLock(config.SCHEMAS_LOCK);
  const encode = await createEncode({ contracts: contracts.values(), environments, registry, locked });
  const schemas = watchSchemas(registry, locked, metrics, logger);
  parts.push(schemas);

  const connection = { brokers: config.KAFKA_BROKERS, clientId: 'ingress', logger };
  const topics = environments.flatMap((environment) => [eventsTopic(environment), quarantineTopic(environment)]);
  const producer = await connectProducer(connection, topics);
  parts.push({ name: 'producer', stop: () => producer.close() });
  new Gauge({ name: 'ticketstream_waiting_events', help: 'Events that wait for Kafka', registers: [metrics], collect() { this.set(producer.waiting()); } });

  const window = new DedupeWindow(config.DEDUPE_EVENTS);
  for (const environment of environments) {
    await readTail(connection, eventsTopic(environment), config.DEDUPE_EVENTS, (record) => window.rebuildFrom(record, 'accepted'));
    await readTail(connection, quarantineTopic(environment), config.DEDUPE_EVENTS, (record) => window.rebuildFrom(record, 'quarantined'));
  }

  const app = createServer({
    accept: createAccept({
      integrations,
      prepare: createPrepare(contracts),
      encode,
      producer,
      window,
      logger,
      onQuarantined: (reason) => quarantines.inc({ reason }),
      onUnlistedVersion: (event_type, version) => unlisted.inc({ event_type, version }),
    }),
    metrics,
    warnings: () => schemas.warnings(),
    ready: () => Promise.resolve(producer.healthy() ? null : 'Kafka did not acknowledge the last event'),
    logger,
    onAnswer: (status, outcome, duration) => {
      answers.inc({ status: String(status), outcome });
      if (duration > 0) seconds.observe(duration);
    },
  });
  await app.listen({ host: config.INGRESS_HOST, port: config.INGRESS_PORT });
  parts.push({ name: 'http', stop: () => app.close() });
  logger.info({ host: config.INGRESS_HOST, port: config.INGRESS_PORT }, 'accepting webhooks');
});
