// The database beside the live one in which facts are built: `queue_next` for `queue`. It holds the
// new tables, the views that define them, and a diary of the run, so that a run that was killed
// goes on where it was. Its tables become the live ones by an exchange; `queue_previous` keeps the
// old ones when asked to.
import { hostname } from 'node:os';
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';

/** What a run writes down about itself. The last word on a subject counts. */
export interface Diary {
  /** `rebuild` or `rollback`. */
  kind?: string;
  /** Hash of the definition that the tables are built by. */
  definition?: string;
  /** Hash of the configuration that they are built by. */
  configuration?: string;
  /** The identity of each incoming table by its name, as JSON: it tells whether the exchange is done. */
  incoming?: string;
  /** When the swap began, by ClickHouse's clock. */
  swap_began?: string;
  keep_old?: string;
  owner?: string;
  /** Seconds since the owner's last sign of life. */
  idle_seconds?: string;
}

/** A rebuild that must not go on; nothing live was touched by it. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export const nextOf = ({ database }: Projection): string => `${database}_next`;
export const previousOf = ({ database }: Projection): string => `${database}_previous`;

const SIGN_OF_LIFE_MS = 5_000;
/** An owner on another machine counts as dead after this. */
const DEAD_AFTER_SECONDS = 60;

const me = `${hostname()}:${process.pid}`;

const exists = async (clickhouse: ClickHouse, sql: string, params: Record<string, unknown>): Promise<boolean> =>
  ((await clickhouse.query<{ n: number }>(sql, params))[0]?.n ?? 0) > 0;

export const tableExists = (clickhouse: ClickHouse, table: string): Promise<boolean> =>
  exists(clickhouse, `SELECT count() AS n FROM system.tables WHERE concat(database, '.', name) = {table:String}`, { table });

export async function identityOf(clickhouse: ClickHouse, table: string): Promise<string> {
  const [row] = await clickhouse.query<{ uuid: string }>(`SELECT uuid FROM system.tables WHERE concat(database, '.', name) = {table:String}`, { table });
  return row?.uuid ?? '';
}

/** Null when no run is under way or was broken off. */
export async function readDiary(clickhouse: ClickHouse, projection: Projection): Promise<Diary | null> {
  const diary = `${nextOf(projection)}.diary`;
  if (!(await tableExists(clickhouse, diary))) return null;
  const rows = await clickhouse.query<{ what: string; last: string }>(`
    SELECT what, argMax(value, at) AS last FROM ${diary} GROUP BY what
    UNION ALL SELECT 'idle_seconds', toString(dateDiff('second', max(at), now64(6))) FROM ${diary} WHERE what = 'owner'`);
  return Object.fromEntries(rows.map(({ what, last }) => [what, last]));
}

export async function note(clickhouse: ClickHouse, projection: Projection, what: keyof Diary, value: string): Promise<void> {
  await clickhouse.command(`INSERT INTO ${nextOf(projection)}.diary (what, value) VALUES (${sqlString(what)}, ${sqlString(value)})`);
}

export async function openShadow(clickhouse: ClickHouse, projection: Projection): Promise<void> {
  const next = nextOf(projection);
  await clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${next} COMMENT 'A rebuild of ${projection.database} that is under way.'`);
  await clickhouse.command(`CREATE TABLE IF NOT EXISTS ${next}.diary (what LowCardinality(String), value String, at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')) ENGINE = MergeTree ORDER BY at`);
}

export const dropDatabase = (clickhouse: ClickHouse, database: string): Promise<void> => clickhouse.command(`DROP DATABASE IF EXISTS ${database} SYNC`);

function isAlive(owner: string, idleSeconds: number): boolean {
  const [host, pid] = owner.split(':');
  if (idleSeconds >= DEAD_AFTER_SECONDS) return false;
  if (host !== hostname()) return true;
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
}

/** @throws Refused while another process works on it. */
export function refuseSecond(diary: Diary | null, projection: Projection): void {
  const owner = diary?.owner ?? '';
  if (owner === '' || owner === me || !isAlive(owner, Number(diary?.idle_seconds ?? '0'))) return;
  throw new Refused(`${projection.name} is being rebuilt by process ${owner.replace(':', ', pid ')}`);
}

/** Shows that we are at it. The returned function ends that. */
export async function takeOver(clickhouse: ClickHouse, projection: Projection): Promise<() => void> {
  await note(clickhouse, projection, 'owner', me);
  const timer = setInterval(() => {
    // A sign that fails to be given is given again; what matters fails by itself.
    note(clickhouse, projection, 'owner', me).catch(() => undefined);
  }, SIGN_OF_LIFE_MS);
  return () => clearInterval(timer);
}
