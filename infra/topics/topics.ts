// Creates the topics of each environment. `npm run topics`. The event log is kept for ever and
// never compacted, as the topics of alerts and of keys are (a log keyed by ticket would lose all but the last event); its partition
// count is chosen with care, since the key decides the partition: it can be raised (and never
// lowered), but only when asked for by --add-partitions, which says what stops being true.
import { Command } from 'commander';
import { commonSettings, integer, readConfig, type Config, type Settings } from '../../services/runtime/config.ts';
import { environmentSettings, environmentsOf } from '../target/environments.ts';
import { alertsTopic, erasuresTopic, eventsTopic, keysTopic, MAX_EVENT_BYTES, MAX_QUARANTINE_BYTES, quarantineTopic } from '../../services/runtime/event-log.ts';
import { addPartitions, ensureTopics, METADATA_MAX_AGE_MS, type TopicSettings } from '../../services/runtime/kafka/admin.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { setting } from '../local/settings.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { bringErasures } from './bring-erasures.ts';
import { locate } from '../target/which-stack.ts';
import { kafkaConnection } from '../../services/runtime/kafka/connection.ts';

const settings = {
  ...commonSettings,
  ...environmentSettings,
  TOPIC_PARTITIONS: { parse: integer(1, 1_000), default: 6, doc: 'Partitions of a new event topic; 24 for a cluster' },
  TOPIC_REPLICAS: { parse: integer(1, 5), default: 1, doc: 'Replicas of a new topic; 3 for a cluster, which sets min.insync.replicas to 2' },
} satisfies Settings;

type TopicsConfig = Config<typeof settings>;

function topicsOf(config: TopicsConfig, environments: readonly string[]): TopicSettings[] {
  const safe = {
    'unclean.leader.election.enable': 'false',
    'min.insync.replicas': config.TOPIC_REPLICAS >= 3 ? '2' : '1',
    'max.message.bytes': String(MAX_EVENT_BYTES),
  };
  const keptForEver = { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1', ...safe };
  const quarantine = { ...keptForEver, 'max.message.bytes': String(MAX_QUARANTINE_BYTES) };
  // Read whole whenever another process begins to tell of alerts: so it is rewritten often.
  const alerts = { 'cleanup.policy': 'compact', 'segment.ms': '86400000', 'min.cleanable.dirty.ratio': '0.1', ...safe };
  // A deleted key leaves the disk when the segment it is in was closed and compacted: minutes, as long as keys are made. That it was
  // deleted is kept for good, for a reader that was away for long.
  const keys = { 'cleanup.policy': 'compact', 'segment.ms': '600000', 'max.compaction.lag.ms': '600000', 'min.cleanable.dirty.ratio': '0.01', 'delete.retention.ms': String(10 * 365 * 86_400_000), ...safe };
  const { TOPIC_PARTITIONS: partitions, TOPIC_REPLICAS: replicas } = config;
  return environments.flatMap((environment) => [
    { name: eventsTopic(environment), partitions, replicas, config: keptForEver },
    { name: quarantineTopic(environment), partitions: 1, replicas, config: quarantine },
    { name: alertsTopic(environment), partitions: 1, replicas, config: alerts },
    { name: keysTopic(environment), partitions: 1, replicas, config: keys },
    { name: erasuresTopic(environment), partitions: 1, replicas, config: keptForEver },
  ]);
}

/** Why this needs a word of its own. */
const whatItMeans = `Keys are spread anew: what comes from now on for a ticket may lie in another partition than what is there. Numbers stay right, since
facts are computed from a ticket's events in their own order. Consumers get such a ticket's events in order within each partition only,
and don't recognise copies across partitions; best let them catch up first. It can't be taken back.`;

async function main(options: { addPartitions: boolean }): Promise<void> {
  const env = await locate({ command: 'topics', parts: ['kafka'], changes: true });
  const config = readConfig(settings, env);
  const connection = kafkaConnection(config, 'topics', createLogger('topics', config.LOG_LEVEL));
  const environments = await environmentsOf(config);
  const topics = topicsOf(config, environments);
  // The default is for new topics: an old one with another number is as somebody wanted it.
  const isWanted = setting(env, 'TOPIC_PARTITIONS') !== undefined;
  const tooFew: { name: string; partitions: number }[] = [];
  for (const { name, partitions, created, differences } of await ensureTopics(connection, topics)) {
    const state = created ? 'created' : differences.length === 0 ? 'exists' : `exists, DIFFERS: ${differences.join('; ')}`;
    const wanted = isWanted ? (topics.find((topic) => topic.name === name)?.partitions ?? partitions) : partitions;
    console.log(`topic ${name}: ${partitions} partitions, ${state}${wanted === partitions ? '' : `; TOPIC_PARTITIONS asks for ${wanted}`}`);
    if (wanted < partitions) console.error(`${name}: a topic can't have fewer partitions than it has`);
    if (wanted > partitions) tooFew.push({ name, partitions: wanted });
  }
  for (const environment of environments) await bringErasures(connection, environment);
  if (tooFew.length === 0) return;
  if (!options.addPartitions) {
    console.error(`${tooFew.map(({ name }) => name).join(', ')}: as before. To raise the number: npm run topics -- --add-partitions\n${whatItMeans}`);
    return;
  }
  await addPartitions(connection, tooFew);
  for (const { name, partitions } of tooFew) console.log(`topic ${name}: has ${partitions} partitions now; running services notice within ${METADATA_MAX_AGE_MS / 1_000} s of their next record`);
  console.error(whatItMeans);
}

await new Command('npm run topics --')
  .description('Create the topics of each environment; what exists is left as it is')
  .option('--add-partitions', 'raise existing event topics to TOPIC_PARTITIONS; it says what stops being true', false)
  .action(main).parseAsync().catch(endWithMessage);
