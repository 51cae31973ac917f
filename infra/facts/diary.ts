// A database in which facts are built keeps a diary of the run, so that a run that was killed goes on
// where it was, and a second one beside it is refused.
import { hostname } from 'node:os';
import { sqlString, THIS_TABLE, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { Refused } from '../target/refused.ts';

/** What a run writes down about itself, whatever it needs; the last word on a subject counts. */
export interface Diary {
  readonly [what: string]: string | undefined;
  readonly owner?: string;
  /** Seconds since the owner's last sign of life. */
  readonly idle_seconds?: string;
}

const SIGN_OF_LIFE_MS = 5_000;
/** An owner on another machine counts as dead after this. */
const DEAD_AFTER_SECONDS = 60;

const me = `${hostname()}:${process.pid}`;

export async function tableExists(clickhouse: ClickHouse, table: string): Promise<boolean> {
  const [row] = await clickhouse.query<{ n: number }>(`SELECT count() AS n FROM system.tables WHERE ${THIS_TABLE}`, { table });
  return (row?.n ?? 0) > 0;
}

export const dropDatabase = (clickhouse: ClickHouse, database: string): Promise<void> => clickhouse.command(`DROP DATABASE IF EXISTS ${database} SYNC`);

/** Makes the database, empty but for its diary. */
export async function openDiary(clickhouse: ClickHouse, database: string, comment: string): Promise<void> {
  await clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${database} COMMENT ${sqlString(comment)}`);
  await clickhouse.command(`CREATE TABLE IF NOT EXISTS ${database}.diary (what LowCardinality(String), value String, at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')) ENGINE = MergeTree ORDER BY at`);
}

/** Null when no run is under way or was broken off. */
export async function readDiary(clickhouse: ClickHouse, database: string): Promise<Diary | null> {
  const diary = `${database}.diary`;
  if (!(await tableExists(clickhouse, diary))) return null;
  const rows = await clickhouse.query<{ what: string; last: string }>(`
    SELECT what, argMax(value, at) AS last FROM ${diary} GROUP BY what
    UNION ALL SELECT 'idle_seconds', toString(dateDiff('second', max(at), now64(6))) FROM ${diary} WHERE what = 'owner'`);
  return Object.fromEntries(rows.map(({ what, last }) => [what, last]));
}

export const note = (clickhouse: ClickHouse, database: string, what: string, value: string): Promise<void> =>
  clickhouse.command(`INSERT INTO ${database}.diary (what, value) VALUES (${sqlString(what)}, ${sqlString(value)})`);

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

/** The process that works on it, other than this one. */
export function otherOwner(diary: Diary | null): string | null {
  const owner = diary?.owner ?? '';
  if (owner === '' || owner === me || !isAlive(owner, Number(diary?.idle_seconds ?? '0'))) return null;
  return `process ${owner.replace(':', ', pid ')}`;
}

/** @throws Refused while another process works on it. */
export function refuseSecond(diary: Diary | null, what: string): void {
  const owner = otherOwner(diary);
  if (owner !== null) throw new Refused(`${what} by ${owner}`);
}

/** Does the work while giving signs of life in the diary. */
export async function owning<T>(clickhouse: ClickHouse, database: string, work: () => Promise<T>): Promise<T> {
  await note(clickhouse, database, 'owner', me);
  const timer = setInterval(() => {
    // A sign that fails to be given is given again; what matters fails by itself.
    note(clickhouse, database, 'owner', me).catch(() => undefined);
  }, SIGN_OF_LIFE_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
