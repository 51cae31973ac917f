// Creates the topics of each environment. `npm run topics`. The event log is kept for ever and
// never compacted (a log keyed by ticket would lose all but the last event); its partition
// count is frozen with the first event, since the key decides the partition.
import { commonSettings, integer, readConfig, type Config, type Settings } from '../services/runtime/config.ts';
import { environmentSettings, environmentsOf } from './environments.ts';
import { eventsTopic, MAX_EVENT_BYTES, MAX_QUARANTINE_BYTES, quarantineTopic } from '../services/runtime/event-log.ts';
import { ensureTopics, type TopicSettings } from '../services/runtime/kafka/admin.ts';
import { createLogger } from '../services/runtime/logger.ts';
import { endWithMessage } from './local/signals.ts';

const settings = {
  ...commonSettings,
  ...environmentSettings,
  TOPIC_PARTITIONS: { parse: integer(1, 1_000), default: 6, doc: 'Partitions of a new event topic; 24 for a cluster' },
  TOPIC_REPLICAS: { parse: integer(1, 5), default: 1, doc: 'Replicas of a new topic; 3 for a cluster, which sets min.insync.replicas to 2' },
} satisfies Settings;

type TopicsConfig = Config<typeof settings>;

function topicsOf(config: TopicsConfig, environments: readonly string[]): TopicSettings[] {
  const keptForEver = {
    'cleanup.policy': 'delete',
    'retention.ms': '-1',
    'retention.bytes': '-1',
    'unclean.leader.election.enable': 'false',
    'min.insync.replicas': config.TOPIC_REPLICAS >= 3 ? '2' : '1',
    'max.message.bytes': String(MAX_EVENT_BYTES),
  };
  const quarantine = { ...keptForEver, 'max.message.bytes': String(MAX_QUARANTINE_BYTES) };
  const { TOPIC_PARTITIONS: partitions, TOPIC_REPLICAS: replicas } = config;
  return environments.flatMap((environment) => [
    { name: eventsTopic(environment), partitions, replicas, config: keptForEver },
    { name: quarantineTopic(environment), partitions: 1, replicas, config: quarantine },
  ]);
}

async function main(): Promise<void> {
  const config = readConfig(settings, process.env);
  const logger = createLogger('topics', config.LOG_LEVEL);
  const topics = topicsOf(config, await environmentsOf(config));
  for (const report of await ensureTopics({ brokers: config.KAFKA_BROKERS, clientId: 'topics', logger }, topics)) {
    const state = report.created ? 'created' : report.differences.length === 0 ? 'exists' : `exists, DIFFERS: ${report.differences.join('; ')}`;
    console.log(`topic ${report.name}: ${report.partitions} partitions, ${state}`);
  }
}

await main().catch(endWithMessage);
