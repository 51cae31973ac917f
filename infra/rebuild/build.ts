// Builds all facts anew in the database beside the live one: `queue_next` for `queue`. Live updates keep
// going to the live tables meanwhile; what they changed is found by what they wrote there.
import { cut, createTables, behind, buildChunks, factsOf, liveConfigurationHash, recompute, type Build } from '../facts/build.ts';
import { dropDatabase, note, openDiary, owning, readDiary, type Diary } from '../facts/diary.ts';
import { STORED, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import type { Ticket } from '../../services/runtime/projection/facts.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';

/** A build of everything under the live desk. */
export type Rebuild = Build;

/** What a rebuild writes down. Without `incoming` it was killed while it began. */
export interface RebuildDiary extends Diary {
  /** `rebuild` or `rollback`. */
  readonly kind?: string;
  /** By what the incoming tables are defined. */
  readonly definition?: string;
  /** Hash of the configuration that they are built by. */
  readonly configuration?: string;
  /** Since when live facts may have changed that the incoming tables lack, by ClickHouse's clock. */
  readonly since?: string;
  /** The identity of each incoming table by its name, as JSON: it tells whether the exchange is done. */
  readonly incoming?: string;
  /** Set once the exchange may have begun. */
  readonly keep_old?: string;
}

export const nextOf = ({ database }: Projection): string => `${database}_next`;
export const previousOf = ({ database }: Projection): string => `${database}_previous`;

export async function identityOf(clickhouse: ClickHouse, table: string): Promise<string> {
  const [row] = await clickhouse.query<{ uuid: string }>(`SELECT uuid FROM system.tables WHERE ${STORED}`, { table });
  return row?.uuid ?? '';
}

/** Earlier than now: servers of a cluster may tell different times. */
export async function aMinuteAgo(clickhouse: ClickHouse): Promise<string> {
  const [row] = await clickhouse.query<{ at: string }>(`SELECT toString(now64(3, 'UTC') - INTERVAL 1 MINUTE) AS at`);
  return row?.at ?? '';
}

/** An unfinished build by the same definition and configuration, not yet swapped, can be used. */
const canResume = (diary: RebuildDiary | null, definition: string, configuration: string): boolean =>
  diary?.kind === 'rebuild' && diary.incoming !== undefined && diary.definition === definition && diary.configuration === configuration;

/** Makes the database beside the live one, empty. */
async function begin(rebuild: Rebuild, configuration: string): Promise<void> {
  const { clickhouse, projection, definition, into } = rebuild;
  await dropDatabase(clickhouse, into);
  await openDiary(clickhouse, into, `A rebuild of ${projection.database} that is under way.`);
  await note(clickhouse, into, 'kind', 'rebuild');
  await note(clickhouse, into, 'definition', definition);
  await note(clickhouse, into, 'configuration', configuration);
  await note(clickhouse, into, 'since', await aMinuteAgo(clickhouse));
  await createTables(rebuild);
  await cut(rebuild);
  const identities = await Promise.all(projection.facts.map(async (table) => [table, await identityOf(clickhouse, `${into}.${table}`)] as const));
  // Last: a run without it was killed in here, and begins anew.
  await note(clickhouse, into, 'incoming', JSON.stringify(Object.fromEntries(identities)));
}

/** Tickets that the new tables lack, or have by fewer events. */
export async function missed(rebuild: Rebuild): Promise<Ticket[]> {
  const { clickhouse, projection, into } = rebuild;
  const { since = '' }: RebuildDiary = (await readDiary(clickhouse, into)) ?? {};
  return behind(rebuild, { from: projection.database, to: into, since });
}

const CATCH_UP_PASSES = 10;
/** So few are caught up after the swap at once. */
const REST = 1_000;

/** Brings the new tables to what has landed. Under traffic there is always a rest; it shrinks with each pass. */
export async function catchUp(rebuild: Rebuild): Promise<void> {
  for (let pass = 0; pass < CATCH_UP_PASSES; pass++) {
    const tickets = await missed(rebuild);
    await recompute(factsOf(rebuild), tickets, 'caught up');
    if (tickets.length < REST) return;
  }
}

/** Builds, or goes on where a run was broken off, until nothing of the configuration changed meanwhile. */
export async function build(rebuild: Rebuild): Promise<void> {
  const { clickhouse, definition, into } = rebuild;
  for (;;) {
    const configuration = await liveConfigurationHash(rebuild);
    if (canResume(await readDiary(clickhouse, into), definition, configuration)) console.log('going on where a run was broken off');
    else await begin(rebuild, configuration);
    await owning(clickhouse, into, async () => {
      await buildChunks(rebuild);
      await catchUp(rebuild);
    });
    if ((await liveConfigurationHash(rebuild)) === configuration) return;
    console.log('the configuration changed meanwhile: once more');
  }
}
