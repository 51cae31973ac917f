// Compares facts row by row, chunk by chunk: how many tickets are the same, which columns differ in
// how many, and a checksum of either side. Only rows of as many events are compared: more of them
// mean that one came in between.
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { count, Progress } from '../facts/progress.ts';

export interface ColumnDifference {
  readonly column: string;
  readonly tickets: number;
  /** The first few of them, as integration/ticket. */
  readonly examples: readonly string[];
}

export interface Comparison {
  readonly table: string;
  readonly before: number;
  readonly after: number;
  readonly equal: number;
  readonly different: number;
  /** Rows of the old side that the new one lacks, and the reverse. */
  readonly missing: number;
  readonly added: number;
  /** Tickets with an event in between. */
  readonly moved: number;
  /** Sums of row hashes over the tickets that were compared. */
  readonly checksums: readonly [before: string, after: string];
  readonly columns: readonly ColumnDifference[];
  readonly removedColumns: readonly string[];
  readonly addedColumns: readonly string[];
}

/** What is compared: a facts table and the columns of either side. */
export interface Subject {
  readonly table: string;
  readonly columnsBefore: readonly string[];
  readonly columnsAfter: readonly string[];
}

/** Some tickets' rows on either side, each a text that can stand behind FROM. */
export interface Pair {
  readonly before: string;
  readonly after: string;
  readonly tickets: number;
}

/** What names a row, and by what it was computed: not what it says. */
export const ABOUT_THE_ROW: ReadonlySet<string> = new Set(['integration_id', 'ticket_id', 'version', 'config_version', 'computed_by']);
const EXAMPLES = 3;
/** Tickets; a comparison of few costs as much to plan as one of many to run. */
export const COMPARED_AT_ONCE = 50_000;

export const columnsOf = async (clickhouse: ClickHouse, table: string): Promise<string[]> =>
  (await clickhouse.query<{ name: string }>(
    `SELECT name FROM system.columns WHERE database = splitByChar('.', {table:String})[1] AND table = splitByChar('.', {table:String})[2] AND default_kind != 'MATERIALIZED' ORDER BY position`, { table })).map(({ name }) => name);

interface Counts extends Pick<Comparison, 'before' | 'after' | 'equal' | 'different' | 'missing' | 'added' | 'moved'> {
  readonly sum_before: string;
  readonly sum_after: string;
  readonly by_column: readonly (readonly [number, readonly string[]])[];
}

/** A NULL has no hash of its own; a tuple of it has. */
const hashes = (columns: readonly string[]): string => columns.map((name) => `cityHash64(tuple(\`${name}\`))`).join(', ');

/** A version says under which configuration, too. */
const events = 'bitAnd(version, 4294967295)';

function comparisonSql({ before, after }: Pair, common: readonly string[]): string {
  const side = (rows: string): string => `SELECT integration_id, ticket_id, ${events} AS events, [${hashes(common)}] AS hashes FROM ${rows}`;
  const byColumn = common.map((_, index) => {
    const differs = `compared AND was_hashes[${index + 1}] != is_hashes[${index + 1}]`;
    return `(countIf(${differs}), groupArraySortedIf(${EXAMPLES})(ticket, ${differs}))`;
  });
  return `
    WITH
        joined AS
        (
            SELECT
                b.ticket_id != '' AS was,
                a.ticket_id != '' AS is,
                was AND is AND a.events = b.events AS compared,
                concat(a.integration_id, '/', a.ticket_id) AS ticket,
                b.hashes AS was_hashes,
                a.hashes AS is_hashes
            FROM (${side(before)}) AS b
            FULL JOIN (${side(after)}) AS a ON a.integration_id = b.integration_id AND a.ticket_id = b.ticket_id
        )
    SELECT
        countIf(was) AS before,
        countIf(is) AS after,
        countIf(was AND NOT is) AS missing,
        countIf(is AND NOT was) AS added,
        countIf(was AND is AND NOT compared) AS moved,
        countIf(compared AND was_hashes = is_hashes) AS equal,
        countIf(compared AND was_hashes != is_hashes) AS different,
        toString(sumIf(cityHash64(ticket, was_hashes), compared)) AS sum_before,
        toString(sumIf(cityHash64(ticket, is_hashes), compared)) AS sum_after,
        [${byColumn.join(', ')}] AS by_column
    FROM joined`;
}

/** Where nothing was before, there is nothing to compare. */
const countSql = ({ after }: Pair): string => `
    SELECT 0 AS before, count() AS after, 0 AS missing, after AS added, 0 AS moved, 0 AS equal, 0 AS different, '0' AS sum_before, '0' AS sum_after, [] AS by_column
    FROM ${after}`;

const CHECKSUM_MODULUS = 2n ** 64n;

/** Adds up over pairs. */
export async function compare(clickhouse: ClickHouse, subject: Subject, pairs: readonly Pair[]): Promise<Comparison> {
  const { columnsBefore, columnsAfter } = subject;
  const common = columnsAfter.filter((name) => columnsBefore.includes(name) && !ABOUT_THE_ROW.has(name));
  const [live] = await clickhouse.query<{ rows: number }>(`SELECT count() AS rows FROM ${subject.table}`);
  const sqlOf = (pair: Pair): string => (live?.rows === 0 ? countSql(pair) : comparisonSql(pair, common));
  const progress = new Progress('compared', { total: pairs.reduce((sum, { tickets }) => sum + tickets, 0) });
  const found: Counts[] = [];
  for (const pair of pairs) {
    found.push(...(await clickhouse.query<Counts>(sqlOf(pair))));
    progress.step(pair.tickets);
  }
  if (pairs.length > 1) progress.end();
  const sum = (of: (counts: Counts) => number): number => found.reduce((total, counts) => total + of(counts), 0);
  const checksum = (of: (counts: Counts) => string): string =>
    (found.reduce((total, counts) => total + BigInt(of(counts)), 0n) % CHECKSUM_MODULUS).toString(16).padStart(16, '0');
  return {
    table: subject.table,
    before: sum(({ before }) => before),
    after: sum(({ after }) => after),
    equal: sum(({ equal }) => equal),
    different: sum(({ different }) => different),
    missing: sum(({ missing }) => missing),
    added: sum(({ added }) => added),
    moved: sum(({ moved }) => moved),
    checksums: [checksum(({ sum_before: before }) => before), checksum(({ sum_after: after }) => after)],
    columns: common.map((column, index) => ({
      column,
      tickets: sum(({ by_column: columns }) => columns[index]?.[0] ?? 0),
      examples: found.flatMap(({ by_column: columns }) => columns[index]?.[1] ?? []).slice(0, EXAMPLES),
    })).filter(({ tickets }) => tickets > 0),
    removedColumns: columnsBefore.filter((name) => !columnsAfter.includes(name)),
    addedColumns: columnsAfter.filter((name) => !columnsBefore.includes(name)),
  };
}

export const isSame = ({ different, missing, added, addedColumns, removedColumns }: Comparison): boolean =>
  different + missing + added + addedColumns.length + removedColumns.length === 0;

export function reportOf(comparison: Comparison): string {
  const { table, before, after, equal, different, missing, added, moved, checksums, columns, addedColumns, removedColumns } = comparison;
  const others = [[missing, 'only before'], [added, 'only after'], [moved, 'got an event in between']] as const;
  return [
    `${table}: ${count(before)} rows before, ${count(after)} after; ${count(equal)} equal, ${count(different)} different${others.filter(([n]) => n > 0).map(([n, what]) => `, ${count(n)} ${what}`).join('')}`,
    `  checksum ${checksums[0]} before, ${checksums[1]} after`,
    ...columns.map(({ column, tickets, examples }) => `  ${column}: differs in ${count(tickets)}, e.g. ${examples.join(', ')}`),
    ...(addedColumns.length === 0 ? [] : [`  new columns: ${addedColumns.join(', ')}`]),
    ...(removedColumns.length === 0 ? [] : [`  columns that are gone: ${removedColumns.join(', ')}`]),
  ].join('\n');
}
