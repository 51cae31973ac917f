// A projection as a process: configuration, consumer, projector, health. A service's main.ts
// says which projection, and nothing else.
import { PoisonBreaker } from './breaker.ts';
import { codeOf } from './computed-by.ts';
import { connectClickHouse, SERVICE_WAIT_MS, type ClickHouse } from '../clickhouse.ts';
import { consumerSettings, masked, readConfig, type Config } from '../config.ts';
import { eventsTopic, keysTopic, quarantineTopic } from '../event-log.ts';
import { startHealthServer } from '../health.ts';
import type { KafkaConnection } from '../kafka/admin.ts';
import { startConsumer } from '../kafka/consumer.ts';
import { groupBacklog, type GroupOnTopic } from '../kafka/group-backlog.ts';
import { createLogProbe } from '../kafka/probe.ts';
import { connectProducer } from '../kafka/producer.ts';
import type { Backlog } from '../metrics/backlog.ts';
import { createMetrics } from '../metrics/process.ts';
import type { Poison } from '../avro/record-reader.ts';
import { failpointOf, type Failpoint } from './failpoint.ts';
import { ProjectionMetrics } from './flush/metrics.ts';
import { keyRows, readLostKeysAgain } from './key-landing.ts';
import { eventRows, type ToLanding } from './landing.ts';
import { endNow, runService, Starting, type Stoppable } from '../lifecycle.ts';
import { createLogger, type Logger } from '../logger.ts';
import { Projector, type Projection } from './projector.ts';
import { countQuarantined } from '../quarantine/metrics.ts';
import { fromPoison, toQuarantineRecord } from '../quarantine/quarantine.ts';
import { quarantineRows } from './quarantine-landing.ts';
import { readKnown, readLock, SchemaLookup, SchemaRegistry } from '../registry/registry.ts';
import { watchSchemas } from '../registry/schema-watch.ts';
import { traceFields } from '../trace.ts';
import { kafkaConnection } from '../kafka/connection.ts';

type ServiceConfig = Config<typeof consumerSettings>;

interface Context {
  readonly projection: Projection;
  readonly config: ServiceConfig;
  readonly logger: Logger;
  readonly metrics: ProjectionMetrics;
  readonly onQuarantined: (reason: string) => void;
  readonly backlog: Backlog;
  readonly clickhouse: ClickHouse;
  readonly connection: KafkaConnection;
  readonly parts: Stoppable[];
  readonly starting: Starting;
  /** Where tests let the process die. */
  readonly at: Failpoint;
}

const PARTITIONS_AT_ONCE = 64;
/**
 * What is fetched together is landed together, which matters far behind: an insert costs ClickHouse 4 to 10 ms whatever it holds, and
 * what it makes is merged with its like. With four times as many events in each, landing took 0.7 of the CPU.
 */
const FETCH_BYTES = 33_554_432;

/** Runs a projection of the event topic until a signal. With `archive`, it also keeps the log's poison and archives the quarantine. */
export function runProjectionService(projection: Projection, env: NodeJS.ProcessEnv, options: { archive?: boolean } = {}): Promise<void> {
  const config = readConfig(consumerSettings, env);
  const logger = createLogger(projection.name, config.LOG_LEVEL);
  return runService(logger, async (parts) => {
    logger.info({ config: masked(consumerSettings, config) }, 'starting');
    const metrics = createMetrics(projection.name);
    const clickhouse = connectClickHouse(config.CLICKHOUSE_URL, {}, SERVICE_WAIT_MS);
    parts.push({ name: 'clickhouse', stop: () => clickhouse.close() });
    const connection = kafkaConnection(config, projection.name, logger);
    const schemas = watchSchemas(SchemaRegistry.of(config), await readLock(config.SCHEMAS_LOCK), metrics, logger);
    parts.push(schemas);
    const archive = options.archive === true;
    const groups = [eventsOf(projection, config), ...(archive ? [quarantineOf(projection, config), keysOf(projection, config)] : [])];
    const backlog = groupBacklog(connection, { groups, metrics, parts });
    const probe = createLogProbe(connection, [eventsTopic(config.ENVIRONMENT), quarantineTopic(config.ENVIRONMENT)]);
    parts.push(probe);
    const context: Context = {
      projection, config, logger, clickhouse, connection, parts, backlog, starting: new Starting(logger),
      metrics: new ProjectionMetrics(metrics), onQuarantined: countQuarantined(metrics), at: failpointOf(env['FAILPOINT']),
    };
    const feeds: Reading[] = [];
    const ready = async (): Promise<string | null> =>
      context.starting.failure() ?? feeds.map((feed) => feed.failure()).find((failure) => failure !== null) ?? (await probe.check()) ?? (await clickhouse.ping());
    const health = await startHealthServer(config, metrics, ready, () => [...schemas.warnings(), ...feeds.flatMap((feed) => feed.warnings())]);
    parts.push(health);
    logger.info({ port: health.port }, 'health and metrics');
    feeds.push(await startEvents(context, await quarantineTo(context, archive)));
    if (archive) feeds.push(await startQuarantine(context), await startKeys(context));
    context.starting.done();
  });
}

const eventsOf = ({ name, group = name }: Projection, { ENVIRONMENT }: ServiceConfig): GroupOnTopic => ({ groupId: group, topic: eventsTopic(ENVIRONMENT) });

function quarantineOf({ name, group = `${name}-quarantine` }: Projection, { ENVIRONMENT }: ServiceConfig): GroupOnTopic {
  return { groupId: group, topic: quarantineTopic(ENVIRONMENT) };
}

function keysOf({ name, group = `${name}-keys` }: Projection, { ENVIRONMENT }: ServiceConfig): GroupOnTopic {
  return { groupId: group, topic: keysTopic(ENVIRONMENT) };
}

async function startEvents(context: Context, quarantine: (poison: Poison) => Promise<void>): Promise<Reading> {
  const { config, projection } = context;
  const schemas = new SchemaLookup(SchemaRegistry.of(config), await readKnown(config.SCHEMAS_LOCK));
  return startProjector(context, { ...eventsOf(projection, config), projection, toLanding: eventRows(schemas), quarantine, breaker: new PoisonBreaker(config.POISON_BREAKER === 'on') });
}

function startQuarantine(context: Context): Promise<Reading> {
  return startProjector(context, {
    ...quarantineOf(context.projection, context.config),
    projection: { ...context.projection, name: `${context.projection.name}-quarantine`, facts: [] },
    toLanding: quarantineRows(),
    // Its rows are built here from headers and raw bytes; one that ClickHouse refuses is a defect of ours, and waits.
    quarantine: (poison) => Promise.reject(new Error(`the quarantine's own record was refused: ${poison.detail}`)),
    breaker: new PoisonBreaker(false),
  });
}

async function startKeys(context: Context): Promise<Reading> {
  const group = keysOf(context.projection, context.config);
  await context.starting.step(() => readLostKeysAgain(context, group));
  return startProjector(context, {
    ...group,
    projection: { ...context.projection, name: `${context.projection.name}-keys`, facts: [], flushEveryMs: 0 },
    toLanding: keyRows(),
    quarantine: (poison) => Promise.reject(new Error(`a record of a key was refused: ${poison.detail}`)),
    breaker: new PoisonBreaker(false),
    isCompacted: true,
  });
}

/** A feed at work. */
interface Reading {
  /** Null while it works; else why it does not. */
  readonly failure: () => string | null;
  /** What is amiss although it works. */
  readonly warnings: () => string[];
}

interface Feed extends GroupOnTopic {
  readonly projection: Projection;
  readonly toLanding: ToLanding;
  readonly quarantine: (poison: Poison) => Promise<void>;
  readonly breaker: PoisonBreaker;
  readonly isCompacted?: boolean;
}

async function startProjector({ config, logger, clickhouse, connection, parts, starting, metrics, backlog, at }: Context, feed: Feed): Promise<Reading> {
  const computedBy = feed.projection.facts.length === 0 ? '' : codeOf(feed.projection.name);
  const projector = new Projector({ ...feed, computedBy, clickhouse, logger, metrics, catchUpLag: config.CATCH_UP_LAG, at });
  await starting.step(() => projector.start());
  const reading = await startConsumer(connection, {
    groupId: feed.groupId,
    topics: [feed.topic],
    concurrency: PARTITIONS_AT_ONCE,
    fetchBytes: FETCH_BYTES,
    isCompacted: feed.isCompacted ?? false,
    handle: (batch) => projector.handle(backlog.watch(batch)),
    stuckAfterMs: config.STUCK_AFTER_SECONDS * 1_000,
    onStuck: endNow(logger),
  });
  // Stopped before the consumer: what was read is done and committed while the group still knows us.
  parts.push(reading, { name: 'projector', stop: () => projector.stop() });
  return { failure: () => projector.failure() ?? reading.failure(), warnings: () => projector.warnings() };
}

/**
 * Unreadable records of the log are the archive's to keep, so that each is kept once; other
 * projections count them and go on. What ClickHouse refuses only one of them, that one keeps.
 */
async function quarantineTo({ config, connection, logger, parts, starting, projection, onQuarantined }: Context, archive: boolean): Promise<(poison: Poison) => Promise<void>> {
  const topic = quarantineTopic(config.ENVIRONMENT);
  const producer = await starting.step(() => connectProducer(connection, [topic]));
  parts.push({ name: 'quarantine producer', stop: () => producer.close() });
  return async (poison) => {
    const { partition, offset } = poison.record;
    const refusedHere = poison.reason === 'refused_by_clickhouse';
    if (!archive && !refusedHere) {
      logger.warn({ topic: poison.record.topic, partition, offset, reason: poison.reason, ...traceFields(poison.record.headers['traceparent']) }, 'record skipped; event-archive keeps it in quarantine');
      return;
    }
    const item = fromPoison(poison, config.ENVIRONMENT, new Date());
    await producer.append(topic, toQuarantineRecord(refusedHere ? { ...item, refusedBy: projection.name } : item));
    onQuarantined(poison.reason);
    logger.warn({ partition, offset, reason: poison.reason, ...traceFields(item.traceparent) }, 'record quarantined');
  };
}
