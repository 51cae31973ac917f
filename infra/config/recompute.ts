// Recomputes the facts that a new configuration changes, while live traffic goes on. What is
// left to do is read from the facts themselves, which know the version that they were computed
// under, so it can be interrupted at any point, and a slow insert of the old version that
// comes in late is found too.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { RuntimeError } from '../../services/runtime/errors.ts';
import { codeOf } from '../../services/runtime/projection/computed-by.ts';
import { Facts, type Ticket } from '../../services/runtime/projection/facts.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';

export interface RecomputeProgress {
  readonly database: string;
  readonly done: number;
  readonly total: number;
  readonly perSecond: number;
  readonly etaSeconds: number;
}

/** Rounds until no facts are stale; each finds only what came in late during the one before. */
const MAX_ROUNDS = 20;
/** Longer than an insert of one batch takes. */
const STRAGGLER_MS = 1_500;

/** Tickets with facts whose version of the configuration is too old; those that have none yet are the projection's own affair. */
const staleTickets = (clickhouse: ClickHouse, { database, facts }: Projection): Promise<Ticket[]> => {
  const rows = facts.map((name) => `SELECT integration_id, ticket_id, config_version FROM ${database}.${name} FINAL`);
  return clickhouse.query<Ticket>(`
    SELECT DISTINCT integration_id, ticket_id
    FROM (${rows.join(' UNION ALL ')})
    WHERE config_version < facts_need_config(integration_id)
    ORDER BY integration_id, ticket_id`);
};

type Report = (progress: RecomputeProgress) => void;

async function recomputeStale(clickhouse: ClickHouse, projection: Projection, onProgress: Report): Promise<number> {
  const facts = new Facts(clickhouse, projection, { computedBy: codeOf(projection.name) });
  const stale = await staleTickets(clickhouse, projection);
  const begun = Date.now();
  let done = 0;
  for await (const chunk of facts.inChunks(stale)) {
    done += chunk.length;
    const perSecond = done / Math.max(0.001, (Date.now() - begun) / 1000);
    onProgress({ database: projection.database, done, total: stale.length, perSecond, etaSeconds: (stale.length - done) / perSecond });
  }
  return stale.length;
}

async function recomputeProjection(clickhouse: ClickHouse, projection: Projection, onProgress: Report): Promise<number> {
  if (projection.facts.length === 0) return 0;
  let recomputed = 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = await recomputeStale(clickhouse, projection, onProgress);
    if (found === 0 && round > 0) return recomputed;
    recomputed += found;
    await sleep(STRAGGLER_MS);
  }
  throw new RuntimeError('CLICKHOUSE_UNAVAILABLE', `${projection.database} still holds facts of an older configuration after ${MAX_ROUNDS} rounds; apply the file again`);
}

/** @returns the tickets recomputed, in the projection that had most of them. */
export async function recompute(clickhouse: ClickHouse, projections: readonly Projection[], onProgress: Report): Promise<number> {
  return Math.max(...(await Promise.all(projections.map((projection) => recomputeProjection(clickhouse, projection, onProgress)))));
}
