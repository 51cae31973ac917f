// Asks ClickHouse for a view and the oracle for the same rows, and tells what differs. Running sums
// run up to the query's present, which lies somewhere between its start and its end, so a
// difference counts only if the oracle shows it at both and its value doesn't lie between them.
import { expect } from 'vitest';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { compareRows, type Difference, type SqlRow } from '../oracle/compare.ts';
import type { OracleConfig } from '../oracle/config.ts';
import type { CrmEvent, Row } from '../oracle/events.ts';

/** A history with what its numbers depend on. */
export interface Told {
  readonly events: readonly CrmEvent[];
  readonly config: Omit<OracleConfig, 'now'>;
}

/** A view, how its rows are named, and the rows that the oracle gives for a history. */
export interface Compared {
  /** database.view */
  readonly view: string;
  readonly keys: readonly string[];
  /** As SQL text. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Further than the tenants that are asked for. */
  readonly where?: string;
  /** Columns beside the view's own. */
  readonly select?: string;
  /** Oracle column → SQL column. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Columns that only the oracle has. */
  readonly ignore?: readonly string[];
  /** Columns that only SQL has, with the reason. */
  readonly excused?: Readonly<Record<string, string>>;
  rowsOf(told: Told, now: number): Row[];
}

export function queryOf({ view, parameters, where, select }: Compared, tenants: string): string {
  const called = parameters === undefined ? view : `${view}(${Object.entries(parameters).map(([name, value]) => `${name} = ${value}`).join(', ')})`;
  return `SELECT *${select === undefined ? '' : `, ${select}`} FROM ${called} WHERE ${tenants}${where === undefined ? '' : ` AND ${where}`}`;
}

export interface Answer {
  readonly rows: readonly SqlRow[];
  readonly started: number;
  readonly ended: number;
}

export async function answer(clickhouse: ClickHouse, sql: string): Promise<Answer> {
  const started = Date.now();
  const rows = await clickhouse.query<SqlRow>(sql);
  return { rows, started, ended: Date.now() };
}

/** What differs at both ends of the time in which the query ran, and doesn't lie between the two oracles. */
function lasting(atStart: readonly Difference[], atEnd: readonly Difference[]): Difference[] {
  const name = (d: Difference): string => JSON.stringify([d.kind, 'key' in d ? d.key : '', 'column' in d ? d.column : '']);
  const later = new Map(atEnd.map((difference) => [name(difference), difference]));
  return atStart.filter((difference) => {
    const end = later.get(name(difference));
    if (end === undefined) return false;
    if (difference.kind !== 'value' || end.kind !== 'value') return true;
    const sql = Number(difference.sql);
    const [low, high] = [Number(difference.oracle), Number(end.oracle)].sort((a, b) => a - b);
    const between = low !== undefined && high !== undefined && low <= sql && sql <= high;
    return difference.oracle === null || end.oracle === null || difference.sql === null || !between;
  });
}

export function differencesOf(compared: Compared, { rows, started, ended }: Answer, population: readonly Told[]): Difference[] {
  const compare = (tolds: readonly Told[], now: number): Difference[] => {
    const oracle = tolds.flatMap((told) => compared.rowsOf(told, now));
    expect(oracle.length, 'there is something to compare').toBeGreaterThan(0);
    return compareRows({ ...compared, oracle, sql: rows });
  };
  const atStart = compare(population, started);
  const columns = atStart.filter((d) => !('key' in d));
  const tenantOf = (d: Difference): unknown => ('key' in d ? (JSON.parse(d.key) as unknown[])[0] : null);
  const suspects = new Set(atStart.filter((d) => 'key' in d).map(tenantOf));
  if (suspects.size === 0) return columns;
  const again = population.filter((told) => told.events.some((e) => suspects.has(e.source.integration_id)));
  if (again.length === 0) return atStart;
  return [...columns, ...lasting(atStart, compare(again, ended).filter((d) => suspects.has(tenantOf(d))))];
}
