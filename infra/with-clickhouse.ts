// The ClickHouse that a command works with, as the environment names it.
import { connectClickHouse, type ClickHouse } from '../services/runtime/clickhouse.ts';
import { consumerSettings, readConfig } from '../services/runtime/config.ts';

/** Connects, works, and closes in any case. @throws RuntimeError `CONFIG_INVALID`, and whatever `work` throws. */
export async function withClickHouse<T>(work: (clickhouse: ClickHouse) => Promise<T>): Promise<T> {
  const clickhouse = connectClickHouse(readConfig(consumerSettings, process.env).CLICKHOUSE_URL);
  try {
    return await work(clickhouse);
  } finally {
    await clickhouse.close();
  }
}
