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
  readonly table: string;
  readonly done: number;
  readonly total: number;
  readonly perSecond: number;
  readonly etaSeconds: number;
}

/** 60,000 tickets took 5 minutes in chunks of 500 and seconds in large ones: each plans the query and looks through the timeline. */
const CHUNK = 20_000;
/** Rounds until no facts are stale; each finds only what came in late during the one before. */
const MAX_ROUNDS = 20;
/** Longer than an insert of one batch takes. */
const STRAGGLER_MS = 1_500;

/** Facts whose version of the configuration is too old; tickets that have none yet are the projection's own affair. */
const staleTickets = (clickhouse: ClickHouse, table: string): Promise<Ticket[]> =>
  clickhouse.query<Ticket>(`SELECT integration_id, ticket_id FROM ${table} FINAL WHERE config_version < facts_need_config(integration_id) ORDER BY ticket_id, integration_id`);

type Report = (progress: RecomputeProgress) => void;

async function recomputeTable(clickhouse: ClickHouse, projection: Projection, name: string, onProgress: Report): Promise<number> {
  const table = `${projection.database}.${name}`;
  const facts = new Facts(clickhouse, projection, { computedBy: codeOf(projection.name) });
  const stale = await staleTickets(clickhouse, table);
  const begun = Date.now();
  for (let from = 0; from < stale.length; from += CHUNK) {
    const chunk = stale.slice(from, from + CHUNK);
    // Rows of equal version: the one inserted last wins, which is this one.
    await facts.compute(chunk, [name]);
    const done = from + chunk.length;
    const perSecond = done / Math.max(0.001, (Date.now() - begun) / 1000);
    onProgress({ table, done, total: stale.length, perSecond, etaSeconds: (stale.length - done) / perSecond });
  }
  return stale.length;
}

async function recomputeProjection(clickhouse: ClickHouse, projection: Projection, onProgress: Report): Promise<number> {
  let recomputed = 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let found = 0;
    // One after the other: facts may be computed from those before them.
    for (const name of projection.facts) found += await recomputeTable(clickhouse, projection, name, onProgress);
    if (found === 0 && round > 0) return recomputed;
    recomputed += found;
    await sleep(STRAGGLER_MS);
  }
  throw new RuntimeError('CLICKHOUSE_UNAVAILABLE', `${projection.database} still holds facts of an older configuration after ${MAX_ROUNDS} rounds; apply the file again`);
}

/** @returns the tickets recomputed, over all tables. */
export async function recompute(clickhouse: ClickHouse, projections: readonly Projection[], onProgress: Report): Promise<number> {
  const counts = await Promise.all(projections.map((projection) => recomputeProjection(clickhouse, projection, onProgress)));
  return counts.reduce((sum, count) => sum + count, 0);
}
