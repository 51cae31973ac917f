// The ClickHouse that a command works with.
import { connectClickHouse, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { consumerSettings, readConfig } from '../../services/runtime/config.ts';
import { locate, type Needs } from './which-stack.ts';

/** Connects, works, and closes in any case. @throws RuntimeError `CONFIG_INVALID`, and whatever `work` throws. */
export async function withClickHouse<T>(needs: Pick<Needs, 'command' | 'changes'>, work: (clickhouse: ClickHouse) => Promise<T>): Promise<T> {
  const clickhouse = connectClickHouse(readConfig(consumerSettings, await locate({ ...needs, parts: ['clickhouse'] })).CLICKHOUSE_URL);
  try {
    return await work(clickhouse);
  } finally {
    await clickhouse.close();
  }
}
