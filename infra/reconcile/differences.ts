// Where the tables differ from the log, window by window of a partition's offsets: counts and checksums first, which do not
// depend on any order; only where these differ are single events looked at.
import type { StreamingClickHouse } from '../../services/runtime/clickhouse.ts';
import { sqlString } from '../../services/runtime/clickhouse.ts';
import type { OffsetRange } from '../../services/runtime/kafka/topic-offsets.ts';
import { tableOf, type Compared } from './compared.ts';
import { byPartition, ofTenant, type Run } from './context.ts';
import { finding, hourOf, type Finding } from './findings.ts';
import { judge, type Counting } from './judge.ts';
import { SCRATCH } from './scratch.ts';

/** Offsets of a partition from `from` up to `to`, which is not included. */
export type Window = OffsetRange;

/** What of a window can't be compared as it is. */
export interface Exceptions {
  /** Offsets that are in quarantine, and for whom: '' for everybody. */
  readonly quarantined: ReadonlyMap<number, ReadonlySet<string>>;
  /** Those and what has been let in again, or was found to be there by another way. */
  readonly everQuarantined: ReadonlySet<number>;
  /** Why the record there can't be landed. */
  readonly unreadable: ReadonlyMap<number, string>;
}

const hashOf = (columns: readonly string[]): string => `cityHash64(${columns.map((name) => `tuple(\`${name}\`)`).join(', ')})`;
const PLACE = new Set(['kafka_partition', 'kafka_offset', 'received_at', 'first_wins']);

/** Of sealed texts their lengths, as log.event_id_conflicts has it: a copy is sealed with another nonce, or key. */
function contentOf({ name, columns }: Compared): string {
  const told = columns.filter((column) => !PLACE.has(column));
  if (name !== 'event_store') return hashOf(told);
  const withoutKey = told.filter((column) => column !== 'key_id' && column !== 'extra').map((column) => `\`${column}\``);
  return `if(key_id = 0, ${hashOf(told)}, cityHash64(without_keys(toString(tuple(${withoutKey.join(', ')}, mapFilter((name, text) -> name != 'key_id', extra))))))`;
}

interface Sum {
  readonly rows: number;
  readonly checksum: string;
}

const NOTHING: Sum = { rows: 0, checksum: '0' };
const sameSum = (a: Sum, b: Sum): boolean => a.rows === b.rows && a.checksum === b.checksum;

/** How far the table's group has committed: everything before is in the table, what follows may be. */
export const committedOf = ({ positions }: Compared, partition: number): number => positions.get(partition)?.committed ?? 0;

/** Counts and checksums of the live rows by partition and window, up to the committed offsets: one pass over the table. */
export async function storedSums({ clickhouse, scope, windowRecords, rangesOf }: Run, compared: Compared): Promise<Map<string, Sum>> {
  const ranges = rangesOf(compared.topic);
  const from = byPartition(new Map(ranges.map(({ partition, from: first }) => [partition, first])), 0);
  const to = byPartition(new Map(ranges.map(({ partition, to: end }) => [partition, Math.min(end, committedOf(compared, partition))])), 0);
  const rows = await clickhouse.query<Sum & { partition: number; window: number }>(`
    SELECT kafka_partition AS partition, intDiv(kafka_offset, ${windowRecords}) AS window, count() AS rows, toString(sum(${hashOf(compared.columns)})) AS checksum
    FROM ${tableOf(compared)} FINAL
    WHERE kafka_offset >= ${from} AND kafka_offset < ${to} AND ${ofTenant(scope)}
    GROUP BY partition, window`);
  return new Map(rows.map(({ partition, window, rows: count, checksum }) => [`${partition}/${window}`, { rows: count, checksum }]));
}

async function loggedSum({ clickhouse, scope }: Run, { name, columns }: Compared, { partition, from, to }: Window): Promise<Sum> {
  const [row] = await clickhouse.query<Sum>(`
    SELECT count() AS rows, toString(sum(${hashOf(columns)})) AS checksum FROM ${SCRATCH}.${name}
    WHERE kafka_partition = ${partition} AND kafka_offset >= ${from} AND kafka_offset < ${to} AND ${ofTenant(scope)}`);
  return row ?? NOTHING;
}

type Key = Readonly<Record<string, string | number>>;

interface Difference {
  readonly key_values: Key;
  readonly offset: number;
  readonly logged: string;
  readonly stored: string;
  readonly content: string;
  readonly at: string;
  readonly integration_id: string;
  readonly ticket_id: string;
  readonly event_id: string;
}

function differencesSql({ scope }: Run, compared: Compared, { partition, from, to }: Window, storedOnly: boolean): string {
  const { key, columns, name } = compared;
  const at = columns.includes('received_at') ? 'received_at' : 'resolved_at';
  const side = (table: string, isLogged: boolean): string => `
    SELECT ${key.filter((column) => column !== 'kafka_offset' && column !== 'kafka_partition').join(', ')}, ${columns.includes('ticket_id') && !key.includes('ticket_id') ? 'ticket_id, ' : ''}kafka_partition, kafka_offset,
      toString(${hashOf(columns)}) AS row_hash, toString(${contentOf(compared)}) AS row_content, toString(${at}) AS row_at, ${isLogged} AS is_logged
    FROM ${table} WHERE kafka_partition = ${partition} AND kafka_offset >= ${from} AND kafka_offset < ${to} AND ${ofTenant(scope)}`;
  const grouped = [...new Set([...key, 'kafka_partition', 'kafka_offset'])].join(', ');
  return `
    SELECT
      map(${key.map((column) => `${sqlString(column)}, toString(${column})`).join(', ')}) AS key_values,
      kafka_offset AS offset,
      anyIf(row_hash, is_logged) AS logged,
      anyIf(row_hash, NOT is_logged) AS stored,
      anyIf(row_content, is_logged) AS content,
      any(row_at) AS at,
      integration_id,
      ${columns.includes('ticket_id') ? (key.includes('ticket_id') ? 'ticket_id' : 'any(ticket_id)') : "''"} AS ticket_id,
      event_id
    FROM (${side(`${SCRATCH}.${name}`, true)} UNION ALL ${side(`${tableOf(compared)} FINAL`, false)})
    GROUP BY ${grouped}
    HAVING logged != stored${storedOnly ? " AND stored != ''" : ''}
    ORDER BY kafka_offset`;
}

const LOOKED_UP_AT_ONCE = 500;

async function* chunksOf<T>(stream: AsyncIterable<readonly T[]>): AsyncGenerator<readonly T[]> {
  let chunk: T[] = [];
  for await (const some of stream) {
    chunk.push(...some);
    for (; chunk.length >= LOOKED_UP_AT_ONCE; chunk = chunk.slice(LOOKED_UP_AT_ONCE)) yield chunk.slice(0, LOOKED_UP_AT_ONCE);
  }
  if (chunk.length > 0) yield chunk;
}

const keyText = (key: readonly string[], values: Key): string => key.map((column) => String(values[column])).join('\n');
const NUMBERS = new Set(['kafka_partition', 'kafka_offset']);

/** The rows that count for these events, wherever in the log they come from. */
async function countingRows(clickhouse: StreamingClickHouse, compared: Compared, wanted: readonly Difference[]): Promise<Map<string, Counting & { content: string }>> {
  const { key, columns } = compared;
  if (wanted.length === 0) return new Map();
  const literal = (column: string, value: string | number | undefined): string => (NUMBERS.has(column) ? String(value) : sqlString(String(value)));
  const tuples = wanted.map(({ key_values: values }) => `(${key.map((column) => literal(column, values[column])).join(', ')})`);
  const rows = await clickhouse.query<Counting & { key_values: Key; content: string }>(`
    SELECT map(${key.map((column) => `${sqlString(column)}, toString(${column})`).join(', ')}) AS key_values, kafka_partition AS partition, kafka_offset AS offset,
      toString(${hashOf(columns)}) AS hash, toString(${contentOf(compared)}) AS content
    FROM ${tableOf(compared)} FINAL WHERE (${key.join(', ')}) IN (${tuples.join(', ')})`);
  return new Map(rows.map((row) => [keyText(key, row.key_values), row]));
}

const isQuarantined = ({ found }: Compared, { quarantined }: Exceptions, offset: number): boolean => {
  const refusedBy = quarantined.get(offset);
  return refusedBy !== undefined && (refusedBy.has('') || refusedBy.has(found.projection.name));
};

function findingOf(compared: Compared, window: Window, difference: Difference, { counting, exceptions }: { counting: (Counting & { content: string }) | undefined; exceptions: Exceptions }): Finding | null {
  const { offset, logged, stored, content, at, integration_id, ticket_id, event_id } = difference;
  const unreadable = exceptions.unreadable.get(offset) ?? '';
  const verdict = judge({ offset, logged, stored }, { partition: window.partition, counting, unreadable, isQuarantined: isQuarantined(compared, exceptions, offset), wasQuarantined: exceptions.everQuarantined.has(offset) });
  const about = { partition: window.partition, offset, hour: hourOf(at), integration_id, ticket_id, event_id };
  if (verdict !== null) {
    const detail = verdict === 'later_copy' ? { detail: `the row is of the copy at offset ${counting?.offset ?? ''}, the first one is here` } : verdict === 'unreadable' ? { detail: `its record can't be read any more: ${unreadable}` } : {};
    return finding(verdict, tableOf(compared), { ...about, ...detail });
  }
  const isOtherBody = compared.name === 'event_store' && logged !== '' && counting !== undefined && counting.content !== content;
  return isOtherBody ? finding('conflict', tableOf(compared), { ...about, detail: `another body than that of the copy at partition ${counting.partition} offset ${counting.offset}, which came first and counts` }) : null;
}

/** Every event of a window that is not as it should be; of what is not committed yet, only rows that are there and should not be. */
async function* lookClosely(run: Run, compared: Compared, { window, storedOnly, exceptions }: { window: Window; storedOnly: boolean; exceptions: Exceptions }): AsyncGenerator<Finding[]> {
  for await (const differences of chunksOf(run.clickhouse.stream<Difference>(differencesSql(run, compared, window, storedOnly)))) {
    const counting = await countingRows(run.clickhouse, compared, differences.filter(({ stored }) => stored === ''));
    const found = differences.map((difference) => findingOf(compared, window, difference, { counting: counting.get(keyText(compared.key, difference.key_values)), exceptions }));
    yield found.filter((item) => item !== null);
  }
}

/** Compares one table over a window that is landed in the scratch database. */
export async function* compareWindow(run: Run, compared: Compared, { window, stored, exceptions }: { window: Window; stored: Sum | undefined; exceptions: Exceptions }): AsyncGenerator<Finding[]> {
  const { partition, from, to } = window;
  const committed = Math.min(Math.max(committedOf(compared, partition), from), to);
  const done = { partition, from, to: committed };
  if (committed > from && !sameSum(await loggedSum(run, compared, done), stored ?? NOTHING)) yield* lookClosely(run, compared, { window: done, storedOnly: false, exceptions });
  if (committed < to) yield* lookClosely(run, compared, { window: { partition, from: committed, to }, storedOnly: true, exceptions });
}
