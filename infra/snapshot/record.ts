// What a snapshot says about itself, in the diary of its own database of the configuration. It is written before anything
// else is made, so that whatever a killed run left is known, and can be gone on with or dropped.
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { otherOwner, readDiary } from '../facts/diary.ts';
import { Refused } from '../target/refused.ts';
import { ownName, snapshotOf } from './names.ts';
import type { Scope } from './render.ts';

export interface DeskName {
  readonly name: string;
  readonly sha256: string;
}

/** What was asked for, times in milliseconds. The same command again goes on with it. */
export interface Asked {
  readonly at: number | null;
  readonly known: number | null;
  /** Null for the live configuration. */
  readonly desk: DeskName | null;
  /** Sorted; empty for all tenants. */
  readonly integrations: readonly string[];
}

export interface Snapshot extends Scope {
  readonly asked: Asked;
  readonly createdAt: number;
  /** Events count up to these instants of event time and of receipt. */
  readonly at: number | null;
  readonly known: number | null;
  /** What its numbers are under. */
  readonly desk: DeskName;
  /** Hash of the definitions and of the code that it is made by. */
  readonly madeBy: string;
}

/** preparing: databases, configuration, views; building: facts. */
export type State = 'preparing' | 'building' | 'complete';

export interface Found {
  readonly name: string;
  readonly state: State;
  /** Null when it was killed before it could write that down. */
  readonly snapshot: Snapshot | null;
  /** The process that is at it just now, other than this one. */
  readonly owner: string | null;
}

export const configOf = (name: string): string => ownName(name, 'config');

/** The databases that say that they belong to a snapshot. */
export async function databasesOf(clickhouse: ClickHouse, name?: string): Promise<{ readonly database: string; readonly snapshot: string }[]> {
  const rows = await clickhouse.query<{ database: string; comment: string }>(`SELECT name AS database, comment FROM system.databases ORDER BY name`);
  return rows.map(({ database, comment }) => ({ database, snapshot: snapshotOf(comment) ?? '' })).filter(({ snapshot }) => (name === undefined ? snapshot !== '' : snapshot === name));
}

async function read(clickhouse: ClickHouse, name: string): Promise<Found> {
  const diary = await readDiary(clickhouse, configOf(name));
  return { name, owner: otherOwner(diary), state: (diary?.['state'] ?? 'preparing') as State, snapshot: diary?.['snapshot'] === undefined ? null : (JSON.parse(diary['snapshot']) as Snapshot) };
}

/** All that there are, whole or not. */
export async function findSnapshots(clickhouse: ClickHouse): Promise<Found[]> {
  const names = new Set((await databasesOf(clickhouse)).map(({ snapshot }) => snapshot));
  return Promise.all([...names].map((name) => read(clickhouse, name)));
}

/** Null when there is none of that name. @throws Refused while another process is at it. */
export async function findSnapshot(clickhouse: ClickHouse, name: string): Promise<Found | null> {
  if ((await databasesOf(clickhouse, name)).length === 0) return null;
  const found = await read(clickhouse, name);
  if (found.owner !== null) throw new Refused(`${found.owner} is at snapshot ${name} just now`);
  return found;
}

/** One that can be asked. @throws Refused */
export async function openSnapshot(clickhouse: ClickHouse, name: string): Promise<Snapshot> {
  const all = await findSnapshots(clickhouse);
  const found = all.find((item) => item.name === name);
  if (found === undefined) throw noSuch(name, all);
  if (found.snapshot === null || found.state !== 'complete') throw new Refused(`snapshot ${name} is not finished: the same \`npm run snapshot -- create ${name} …\` goes on with it`);
  return found.snapshot;
}

export function noSuch(name: string, all: readonly Found[]): Refused {
  return new Refused(`there is no snapshot ${name}; ${all.length === 0 ? '`npm run snapshot -- create` makes one' : `there is ${all.map((item) => item.name).join(', ')}`}`);
}

/** Rows of its facts, and what all of it takes on disk. */
export async function tableSizes(clickhouse: ClickHouse, name: string): Promise<{ readonly rows: number; readonly bytes: number }> {
  const own = (await databasesOf(clickhouse, name)).map(({ database }) => database);
  const [size] = await clickhouse.query<{ rows: number; bytes: number }>(`
    SELECT sumIf(rows, database != ${sqlString(configOf(name))} AND NOT startsWith(table, 'chunks')) AS rows, sum(bytes_on_disk) AS bytes
    FROM system.parts WHERE active AND database IN (${own.map(sqlString).join(', ')})`);
  return size ?? { rows: 0, bytes: 0 };
}
