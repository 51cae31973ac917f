// The ingress as a process: configuration, schemas, producer, dedupe window, then the door. Or as several (processes.ts).
import cluster from 'node:cluster';
import { setFlagsFromString } from 'node:v8';
import { loadContracts, type EventContract } from '../../schemas/contract.ts';
import { commonSettings, integer, list, masked, readConfig, text, type Settings } from '../runtime/config.ts';
import { startHealthServer } from '../runtime/health.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { erasuresTopic, eventsTopic, keysTopic, quarantineTopic } from '../runtime/event-log.ts';
import { createLogProbe } from '../runtime/kafka/probe.ts';
import { connectProducer, type LogProducer } from '../runtime/kafka/producer.ts';
import { runService, Starting, type Stoppable } from '../runtime/lifecycle.ts';
import { createLogger } from '../runtime/logger.ts';
import { createMetrics } from '../runtime/metrics/process.ts';
import { readLock, SchemaRegistry } from '../runtime/registry/registry.ts';
import { watchSchemas } from '../runtime/registry/schema-watch.ts';
import { createAccept, type Accept } from './accept.ts';
import { doorSettings, isLoopback, readDoor } from './door.ts';
import { Drain } from './drain.ts';
import { createEncode, type Encode } from './event/encoders.ts';
import { followSealingKeys, type FollowedKeys } from './follow-keys.ts';
import { watchIntegrations, type WatchedIntegrations } from './integrations.ts';
import { createKeySource } from './keys.ts';
import { createIngressMetrics } from './metrics.ts';
import { createPrepare } from './event/prepare.ts';
import { createSealer } from './event/seal.ts';
import { isReplacement, runProcesses, tellStarted } from './processes.ts';
import { recentEvents } from './recent-events.ts';
import type { SealingKeys } from './sealing-keys.ts';
import { createServer } from './server.ts';
import { kafkaConnection, type KafkaConnection } from '../runtime/kafka/connection.ts';

/**
 * Some of what an event leaves outlives two collections of young objects. As V8 has it, 10 MB of it were reason enough to look through all
 * objects: every 20,000 events, at a tenth of all CPU, and nobody was answered for 10 to 100 ms. Now the heap may be four times what lives.
 */
setFlagsFromString('--heap-growing-percent=300');

const settings = {
  ...commonSettings,
  ...doorSettings,
  INTEGRATIONS_FILE: { parse: text, doc: 'JSON file of integrations and their secrets; watched for changes' },
  INGRESS_ENVIRONMENTS: { parse: list, default: [], doc: 'Environments whose events are taken; an integration in another one is refused. All of the file when empty; npm start sets it to ENVIRONMENT' },
  INGRESS_PROCESSES: { parse: integer(1, 64), default: 1, doc: 'Processes that take webhooks, on one port; each takes about one core at most. Limits on connections and rates are for all together, those on memory for each' },
  INGRESS_DRAIN_MS: { parse: integer(0, 5_000), default: 1_000, doc: 'From a signal on, how long events are still taken while readiness says no: as long as a load balancer needs to notice' },
  DEDUPE_EVENTS: { parse: integer(1, 10_000_000), default: 100_000, doc: 'Recent events whose retries are answered without a second append' },
} satisfies Settings;

const config = readConfig(settings, process.env);
const logger = createLogger('ingress', config.LOG_LEVEL);

interface Connecting {
  readonly parts: Stoppable[];
  readonly starting: Starting;
  readonly connection: KafkaConnection;
  readonly topics: readonly string[];
  readonly integrations: WatchedIntegrations;
  readonly contracts: ReadonlyMap<string, EventContract>;
  readonly encode: Encode;
  readonly counted: ReturnType<typeof createIngressMetrics>;
  /** Those of each environment are added. */
  readonly followed: FollowedKeys[];
}

/** Waits for Kafka: with it come the keys, and the recent events. */
async function connectAccept({ parts, starting, connection, topics, integrations, contracts, encode, counted, followed }: Connecting): Promise<{ accept: Accept; producer: LogProducer }> {
  const producer = await starting.step(() => connectProducer(connection, topics));
  parts.push({ name: 'producer', stop: () => producer.close() });
  const sealing = new Map<string, SealingKeys>();
  for (const environment of integrations.sealing()) {
    const following = await starting.step(() => followSealingKeys(connection, environment, producer));
    parts.push(following);
    followed.push(following);
    sealing.set(environment, following.keys);
  }
  const window = await recentEvents(connection, { environments: integrations.environments(), count: config.DEDUPE_EVENTS, starting });
  const { onSignature, onQuarantined, onUnlistedVersion } = counted;
  const sealer = createSealer(createKeySource(sealing, producer));
  return { producer, accept: createAccept({ integrations, prepare: createPrepare(contracts), sealer, encode, producer, window, logger, onSignature, onQuarantined, onUnlistedVersion }) };
}

async function serve(parts: Stoppable[]): Promise<void> {
  logger.info({ config: masked(settings, config) }, 'starting');
  const metrics = createMetrics('ingress');
  const integrations = await watchIntegrations(config.INTEGRATIONS_FILE, { accepted: config.INGRESS_ENVIRONMENTS, env: process.env, isPublic: !isLoopback(config.INGRESS_HOST) }, logger);
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

  const connection = kafkaConnection(config, 'ingress', logger);
  const topics = [...environments.flatMap((environment) => [eventsTopic(environment), quarantineTopic(environment)]), ...integrations.sealing().flatMap((environment) => [keysTopic(environment), erasuresTopic(environment)])];
  const probe = createLogProbe(connection, topics, { written: true });
  parts.push(probe);

  const starting = new Starting(logger);
  const drain = new Drain();
  const followed: FollowedKeys[] = [];
  let waiting = (): number => 0;
  let take: Accept = () => Promise.reject(new RuntimeError('LOG_UNAVAILABLE', 'the ingress is starting'));
  const counted = createIngressMetrics(metrics, { waiting: () => waiting(), integrationsValid: () => integrations.warnings().length === 0 });
  const door = await readDoor(config, config.INGRESS_PROCESSES, logger, counted.onConnectionRefused);
  parts.push(door);
  const server: Parameters<typeof createServer>[0] = {
    accept: (delivery) => take(delivery),
    metrics,
    warnings: () => [...schemas.warnings(), ...integrations.warnings(), ...door.warnings()],
    ready: async () => drain.reason() ?? starting.failure() ?? followed.map((keys) => keys.failure()).find((failure) => failure !== null) ?? probe.check(),
    isDraining: () => drain.hasBegun, isPublic: door.isPublic,
    logger,
    onAnswer: counted.onAnswer, onDecided: counted.onDecided,
    limits: door.limits,
  };
  const app = createServer(server);
  door.follow(app.server);
  const listen = async (): Promise<void> => {
    if (config.INGRESS_HEALTH_PORT > 0) parts.push(await startHealthServer({ ...config, HEALTH_PORT: config.INGRESS_HEALTH_PORT }, metrics, server.ready, server.warnings));
    await app.listen({ host: config.INGRESS_HOST, port: config.INGRESS_PORT });
  };
  // Before Kafka is asked for anything: while that is away, whoever asks is told so.
  if (!isReplacement(process.env)) await listen();

  const { accept, producer } = await connectAccept({ parts, starting, connection, topics, integrations, contracts, encode, counted, followed });
  [take, waiting] = [accept, () => producer.waiting()];
  starting.done();
  if (isReplacement(process.env)) await listen();
  tellStarted();
  // Stopped first: what came in is answered while the producer still works.
  parts.push({ name: 'http', stop: async () => {
    await drain.run(config.INGRESS_DRAIN_MS);
    await app.close();
  } });
  logger.info({ host: config.INGRESS_HOST, port: config.INGRESS_PORT }, 'accepting webhooks');
}

if (cluster.isPrimary && config.INGRESS_PROCESSES > 1) await runProcesses(config.INGRESS_PROCESSES, logger);
else await runService(logger, serve);
