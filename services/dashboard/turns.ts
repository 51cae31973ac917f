// How one person's questions reach ClickHouse: as many at once as `npm run access` lets a user ask, the others in turn. A user
// who asks elsewhere, too, may still be told that it is too many: then the question waits a little.
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { StreamingClickHouse } from '../runtime/clickhouse.ts';
import { messageOf } from '../runtime/errors.ts';

export type Asking = Pick<StreamingClickHouse, 'query' | 'bytes'>;

export const AT_ONCE = 4;
const PAUSES_MS = [50, 150, 400, 1_000];

/** TOO_MANY_SIMULTANEOUS_QUERIES. */
const isTooMany = (error: unknown): boolean => /\b202: /.test(messageOf(error));

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await work();
    } catch (error) {
      if (!isTooMany(error)) throw error;
      await sleep(pause);
    }
  }
  return work();
}

export function inTurns(clickhouse: Asking, turn = pLimit(AT_ONCE)): Asking {
  return {
    query: (sql, params) => turn(() => patiently(() => clickhouse.query(sql, params))),
    // ClickHouse sends nothing before it has all of it, so its turn is over when bytes begin to come.
    bytes: (sql, params) => turn(() => patiently(() => clickhouse.bytes(sql, params))),
  };
}
