// A consumer as a process: configuration and command line, where the group begins, the loop,
// health, and a stop that finishes what is in flight. A service's main.ts says which consumer,
// and nothing else.
import { parseArgs } from 'node:util';
import type { Registry } from 'prom-client';
import { PoisonBreaker } from '../projection/breaker.ts';
import { groupSettings, healthSettings, integer, masked, oneOf, readConfig, type Config, type Settings } from '../config.ts';
import { Attempts } from './attempt.ts';
import { createSort, type Delivery } from './events.ts';
import { ConsumerLoop } from './loop.ts';
import type { Consumer, StartPosition } from '../consumer.ts';
import { messageOf, RuntimeError } from '../errors.ts';
import { eventsTopic, quarantineTopic } from '../event-log.ts';
import { startHealthServer, type Readiness } from '../health.ts';
import { consumerPositions, placeGroup, type KafkaConnection } from '../kafka/admin.ts';
import { readTail, startConsumer } from '../kafka/consumer.ts';
import { groupBacklog } from '../kafka/group-backlog.ts';
import { connectProducer } from '../kafka/producer.ts';
import { keysWhenNeeded } from '../personal/keys.ts';
import { createLogProbe } from '../kafka/probe.ts';
import { endNow, runService, Starting, type Stoppable } from '../lifecycle.ts';
import { createLogger, type Logger } from '../logger.ts';
import { createMetrics } from '../metrics/process.ts';
import { countQuarantined } from '../quarantine/metrics.ts';
import { fromPoison, toQuarantineRecord } from '../quarantine/quarantine.ts';
import { readKnown, readLock, SchemaLookup, SchemaRegistry } from '../registry/registry.ts';
import { watchSchemas } from '../registry/schema-watch.ts';
import { kafkaConnection } from '../kafka/connection.ts';

function startPosition(raw: string): StartPosition {
  if (raw === 'beginning' || raw === 'latest') return raw;
  const date = new Date(raw);
  if (!/^\d{4}-\d\d-\d\d/.test(raw) || Number.isNaN(date.getTime())) throw new Error('must be beginning, latest or an ISO 8601 time');
  return date;
}

function groupName(raw: string): string {
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(raw)) throw new Error('may have letters, digits, dots, dashes and underscores');
  return raw;
}

/** Settings that every consumer has besides its own. */
export const eventConsumerSettings = {
  ...groupSettings,
  ...healthSettings,
  POISON_BREAKER: { parse: oneOf('on', 'off'), default: 'on', doc: 'Hold a partition when most of its recent records are poison; off passes over them' },
  CONSUMER_GROUP: { parse: groupName, default: '', doc: 'Consumer group; when empty the consumer’s name, with the environment’s behind it unless that is production. Another group reads on its own, without touching the first (--group)' },
  CONSUMER_FROM: { parse: startPosition, default: null, doc: 'beginning, latest or an ISO 8601 time (of receipt): moves the group there at each start; its members must be stopped (--from)' },
  CONSUMER_ONCE: { parse: oneOf('yes', 'no'), default: 'no', doc: 'yes ends the service when it has handled what the log held at its start (--once)' },
  CONSUMER_ATTEMPTS: { parse: integer(1, 1_000), default: 5, doc: 'Tries before an event that fails is quarantined; an outage does not count' },
  CONSUMER_BACKOFF_MS: { parse: integer(1, 60_000), default: 200, doc: 'First pause before another try, in milliseconds; each further one is twice as long' },
  CONSUMER_MAX_BACKOFF_MS: { parse: integer(1, 3_600_000), default: 10_000, doc: 'Longest pause before another try, in milliseconds' },
  CONSUMER_DEDUPE_EVENTS: { parse: integer(1, 10_000_000), default: 20_000, doc: 'Records of a partition before an event among which a copy of it is recognised; read back after a start' },
} satisfies Settings;

type ServiceConfig = Config<typeof eventConsumerSettings>;

interface Context {
  readonly consumer: Consumer;
  readonly config: ServiceConfig;
  readonly ownConfig: Readonly<Record<string, unknown>>;
  /** What the consumer opened. */
  readonly tools: unknown;
  readonly group: string;
  readonly topic: string;
  readonly connection: KafkaConnection;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly parts: Stoppable[];
  readonly starting: Starting;
}

const PARTITIONS_AT_ONCE = 64;
const FETCH_BYTES = 10_485_760;
const QUARANTINE_TAIL = 2_000;

/** The command line says the same as some of the environment, and wins. */
export function withArguments(env: NodeJS.ProcessEnv, args: readonly string[]): NodeJS.ProcessEnv {
  const { values } = parseArgs({
    args: [...args], allowPositionals: true,
    options: { from: { type: 'string' }, group: { type: 'string' }, once: { type: 'boolean' } },
  });
  return {
    ...env,
    ...(values.from === undefined ? {} : { CONSUMER_FROM: values.from }),
    ...(values.group === undefined ? {} : { CONSUMER_GROUP: values.group }),
    ...(values.once === true ? { CONSUMER_ONCE: 'yes' } : {}),
  };
}

function readAll(consumer: Consumer, env: NodeJS.ProcessEnv, args: readonly string[]): { config: ServiceConfig; ownConfig: Readonly<Record<string, unknown>>; settings: Settings } {
  try {
    const settings = { ...consumer.settings, ...eventConsumerSettings };
    const all = readConfig(settings, withArguments(env, args));
    const own = new Set(Object.keys(consumer.settings));
    return { config: all, ownConfig: Object.fromEntries(Object.entries(all).filter(([name]) => own.has(name))), settings };
  } catch (error) {
    console.error(messageOf(error));
    process.exit(2);
  }
}

/** Runs a consumer of the event topic until a signal. `args` are the command line's: `--from`, `--group`, `--once`. */
export function runConsumerService(consumer: Consumer, env: NodeJS.ProcessEnv, args: readonly string[] = process.argv.slice(2)): Promise<void> {
  const { config, ownConfig, settings } = readAll(consumer, env, args);
  const logger = createLogger(consumer.name, config.LOG_LEVEL);
  return runService(logger, async (parts) => {
    logger.info({ config: masked(settings, { ...config, ...ownConfig }) }, 'starting');
    const metrics = createMetrics(consumer.name);
    const opened = await consumer.open(ownConfig, logger);
    opened.register?.(metrics);
    parts.push({ name: 'tools', stop: () => Promise.resolve(opened.close?.()) });
    const context: Context = {
      consumer, config, ownConfig, logger, metrics, parts, tools: opened.tools, starting: new Starting(logger),
      group: groupOf(consumer, config),
      topic: eventsTopic(config.ENVIRONMENT),
      connection: kafkaConnection(config, consumer.name, logger),
    };
    const registry = watchSchemas(SchemaRegistry.of(config), await readLock(config.SCHEMAS_LOCK), metrics, logger);
    parts.push(registry);
    let moves: Readiness = () => Promise.resolve(null);
    const health = await startHealthServer(config, metrics, async () => context.starting.failure() ?? (await moves()) ?? opened.failure?.() ?? null, () => [...registry.warnings(), ...(opened.warnings?.() ?? [])]);
    parts.push(health);
    logger.info({ port: health.port }, 'health and metrics');
    const idle = (): string | null => consumer.idle(ownConfig) ?? opened.idle?.() ?? null;
    if (idle() === null) moves = await startLoop(context);
    else parts.push(beginWhenThereIsWork(context, idle, (begun) => {
      moves = begun;
    }));
    context.starting.done();
  });
}

const IDLE_CHECK_MS = 1_000;

/** What a consumer opened may give it something to do later; what the environment says holds until it is started again. */
function beginWhenThereIsWork(context: Context, idle: () => string | null, onBegun: (moves: Readiness) => void): Stoppable {
  const { logger } = context;
  logger.info({ reason: idle() }, 'nothing to do; idle until it is configured');
  const timer = setInterval(() => {
    if (idle() !== null) return;
    clearInterval(timer);
    logger.info('there is something to do now');
    startLoop(context).then(onBegun, endNow(logger));
  }, IDLE_CHECK_MS);
  return {
    name: 'idle',
    stop: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}

/** Members of one group that read different topics would take each other's partitions. */
function groupOf({ name }: Consumer, { CONSUMER_GROUP, ENVIRONMENT }: ServiceConfig): string {
  if (CONSUMER_GROUP !== '') return CONSUMER_GROUP;
  return ENVIRONMENT === 'production' ? name : `${name}.${ENVIRONMENT}`;
}

/** @returns why the consumer does not move, or null. */
async function startLoop(context: Context): Promise<Readiness> {
  const { consumer, config, ownConfig, tools, group, topic, connection, logger, metrics, parts, starting } = context;
  await starting.step(() => placeGroup(connection, { groupId: group, topic, from: config.CONSUMER_FROM ?? consumer.from, reset: config.CONSUMER_FROM !== null }));
  const attempts = new Attempts({ consumer, config: ownConfig, tools, logger, metrics, attempts: config.CONSUMER_ATTEMPTS, quarantine: await quarantineTo(context) });
  const schemas = new SchemaLookup(SchemaRegistry.of(config), await readKnown(config.SCHEMAS_LOCK));
  const onProgress = config.CONSUMER_ONCE === 'yes' ? await starting.step(() => endAtTheEnd(context)) : undefined;
  const keys = keysWhenNeeded(connection, config.ENVIRONMENT);
  parts.push(keys);
  const loop = new ConsumerLoop({
    attempts, logger, metrics,
    sort: createSort(consumer.records, schemas, keys),
    refused: await starting.step(() => refusedBefore(context)),
    breaker: new PoisonBreaker(config.POISON_BREAKER === 'on'),
    concurrency: consumer.concurrency,
    sinkPerTenant: consumer.sinkPerTenant,
    dedupeEvents: config.CONSUMER_DEDUPE_EVENTS,
    backoffMs: config.CONSUMER_BACKOFF_MS,
    maxBackoffMs: config.CONSUMER_MAX_BACKOFF_MS,
    positionOf: async (_topic, partition) => {
      const position = (await consumerPositions(connection, group, topic)).find((entry) => entry.partition === partition);
      if (position === undefined) throw new RuntimeError('LOG_UNAVAILABLE', `Kafka knows no partition ${partition} of ${topic}`);
      return position;
    },
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const backlog = groupBacklog(connection, { groups: [{ groupId: group, topic }], metrics, parts });
  const reading = await startConsumer(connection, {
    groupId: group,
    topics: [topic],
    concurrency: PARTITIONS_AT_ONCE,
    fetchBytes: FETCH_BYTES,
    handle: (batch) => loop.handle(backlog.watch(batch)),
    stuckAfterMs: config.STUCK_AFTER_SECONDS * 1_000,
    onStuck: endNow(logger),
  });
  parts.push(reading);
  // Stopped before the Kafka consumer: what is in flight ends and is committed while the group still knows us.
  parts.push({ name: 'handlers', stop: () => loop.stop() });
  logger.info({ group, topic, events: [...consumer.records.keys()] }, 'reading');
  // There may have been nothing to read.
  onProgress?.(-1, 0);
  const probe = createLogProbe(connection, [topic]);
  parts.push(probe);
  return async () => loop.failure() ?? reading.failure() ?? (await probe.check());
}

/** Places of the events that this consumer put into quarantine lately: they are not done, and a replay of them is no copy. */
async function refusedBefore({ consumer, config, connection, topic }: Context): Promise<Set<string>> {
  const refused = new Set<string>();
  await readTail(connection, quarantineTopic(config.ENVIRONMENT), QUARANTINE_TAIL, ({ headers }) => {
    if (headers['refused_by'] !== consumer.name || headers['origin'] !== topic) return;
    refused.add(`${topic}/${headers['origin_partition'] ?? ''}/${headers['origin_offset'] ?? ''}`);
  });
  return refused;
}

/** Sends the signal that a person would send, once everything that the log holds now is handled. */
async function endAtTheEnd({ connection, group, topic, logger }: Context): Promise<(partition: number, next: number) => void> {
  const behind = new Map((await consumerPositions(connection, group, topic)).filter(({ committed, end }) => committed < end).map(({ partition, end }) => [partition, end]));
  let ended = false;
  return (partition, next) => {
    if (next >= (behind.get(partition) ?? Infinity)) behind.delete(partition);
    if (behind.size > 0 || ended) return;
    ended = true;
    logger.info('everything is handled that the log held at the start');
    process.kill(process.pid, 'SIGTERM');
  };
}

/** Events that this consumer can't handle, as they lie in the log, with what is known of them. */
async function quarantineTo({ consumer, config, connection, parts, starting, metrics }: Context): Promise<(delivery: Delivery, detail: string) => Promise<void>> {
  const topic = quarantineTopic(config.ENVIRONMENT);
  const producer = await starting.step(() => connectProducer(connection, [topic]));
  parts.push({ name: 'quarantine producer', stop: () => producer.close() });
  const onQuarantined = countQuarantined(metrics);
  return async ({ record, eventType, identity, traceparent }, detail) => {
    const item = fromPoison({ kind: 'poison', reason: 'identity_missing', detail, record }, config.ENVIRONMENT, new Date());
    await producer.append(topic, toQuarantineRecord({
      ...item,
      traceparent: traceparent(),
      reason: 'handler_failed',
      refusedBy: consumer.name,
      integrationId: identity.integration_id,
      eventId: identity.event_id,
      ticketId: identity.ticket_id,
      eventType,
    }));
    onQuarantined('handler_failed');
  };
}
