// The backlog of consumer groups, as Kafka tells it to whoever reads the metrics.
import type { Registry } from 'prom-client';
import type { Stoppable } from '../lifecycle.ts';
import { Backlog } from '../metrics/backlog.ts';
import { positionsOf, type KafkaConnection } from './admin.ts';
import { createQuickAdmin } from './quick-admin.ts';

export interface GroupOnTopic {
  readonly groupId: string;
  readonly topic: string;
}

/** Its connection joins `parts`. */
export function groupBacklog(connection: KafkaConnection, { groups, metrics, parts }: { groups: readonly GroupOnTopic[]; metrics: Registry; parts: Stoppable[] }): Backlog {
  const admin = createQuickAdmin(connection);
  parts.push(admin);
  const positions = () => admin.ask(async (asked) => (await Promise.all(groups.map(({ groupId, topic }) => positionsOf(asked, groupId, topic)))).flat());
  return new Backlog({ positions, metrics });
}
