// The ClickHouse that a command works with: one server, or a cluster of them.
import { connectClickHouse, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { consumerSettings, readConfig, type Settings } from '../../services/runtime/config.ts';
import { assertEven, chosenCluster, onCluster } from '../cluster/on-cluster.ts';
import { locate, type Needs } from './which-stack.ts';

/** Also the name that Distributed tables look their shards up by. */
function clusterName(raw: string): string {
  if (!/^[\w-]+$/.test(raw)) throw new Error('must be the name of a cluster: letters, digits, _ and -');
  return raw;
}

/** Of commands only: services read and write a cluster's tables by the same names. */
export const clusterSettings = {
  CLICKHOUSE_CLUSTER: { parse: clusterName, default: '', doc: 'What its servers call the cluster that ClickHouse is: commands say to all of it what they say to one server. Needed by the first `npm run migrate`, known afterwards' },
} satisfies Settings;

/** Connects, works, and closes in any case. @throws RuntimeError `CONFIG_INVALID`, and whatever `work` throws. */
export async function withClickHouse<T>(needs: Pick<Needs, 'command' | 'changes'>, work: (clickhouse: ClickHouse) => Promise<T>): Promise<T> {
  const config = readConfig({ ...consumerSettings, ...clusterSettings }, await locate({ ...needs, parts: ['clickhouse'] }));
  const clickhouse = connectClickHouse(config.CLICKHOUSE_URL);
  try {
    const cluster = await chosenCluster(clickhouse, config.CLICKHOUSE_CLUSTER);
    if (cluster !== '' && needs.changes) await assertEven(clickhouse, cluster);
    return await work(onCluster(clickhouse, cluster));
  } finally {
    await clickhouse.close();
  }
}
