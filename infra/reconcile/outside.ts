// Rows whose record the log does not have, since it begins later or ends earlier: they can't be compared, and may be the last copy.
import { consumerPositions } from '../../services/runtime/kafka/admin.ts';
import { tableOf, type Compared } from './compared.ts';
import { byPartition, ofTenant, type Run } from './context.ts';
import { finding, findingAt, type Finding, type PlacedRow } from './findings.ts';

interface Row extends PlacedRow {
  readonly is_before: number;
}

/** What is missing from the log itself, by topic, and what a group has read of it that is no longer there. */
export function lostFromLog({ scope, compared }: Run): Finding[] {
  const inScope = ({ partition }: { partition: number }): boolean => scope.partition === undefined || partition === scope.partition;
  const starts = [...new Map(compared.map((item) => [item.topic, item])).values()].flatMap(({ topic, positions }) =>
    [...positions.values()].filter((position) => inScope(position) && position.low > 0).map(({ partition, low }) =>
      finding('log_start_moved', topic, { partition, offset: low, detail: `${low} records before this offset are gone from the log; nothing can be compared with them, or computed from them again` })));
  const ends = [...new Map(compared.map((item) => [item.group, item])).values()].flatMap(({ topic, group, positions }) =>
    [...positions.values()].filter((position) => inScope(position) && position.committed > position.end).map(({ partition, end, committed }) =>
      finding('log_end_lost', topic, { partition, offset: end, detail: `the log ends here, and ${group} has read up to ${committed}: was it restored, or made anew?` })));
  return [...starts, ...ends];
}

/** Rows before the log's start or behind its end, which is asked for after them: what is appended meanwhile is no finding. */
export async function* outsideOfLog(run: Run, compared: Compared): AsyncGenerator<Finding[]> {
  const { clickhouse, connection, scope } = run;
  const { columns, topic } = compared;
  const before = await consumerPositions(connection, compared.group, topic);
  const numbers = (of: (position: (typeof before)[number]) => number): ReadonlyMap<number, number> => new Map(before.map((position) => [position.partition, of(position)]));
  const at = columns.includes('received_at') ? 'received_at' : 'resolved_at';
  const only = scope.partition === undefined ? 'true' : `kafka_partition = ${scope.partition}`;
  const query = `
    SELECT kafka_partition AS partition, kafka_offset AS offset, toString(${at}) AS at, integration_id, ${columns.includes('ticket_id') ? 'ticket_id' : "''"} AS ticket_id, event_id,
      kafka_offset < ${byPartition(numbers(({ low }) => low), 0)} AS is_before
    FROM ${tableOf(compared)} FINAL
    WHERE (is_before OR kafka_offset >= ${byPartition(numbers(({ end }) => end), 0)}) AND ${only} AND ${ofTenant(scope)}
    ORDER BY partition, offset`;
  for await (const rows of clickhouse.stream<Row>(query)) {
    const ends = new Map((await consumerPositions(connection, compared.group, topic)).map(({ partition, end }) => [partition, end]));
    yield rows.filter(({ partition, offset, is_before }) => is_before === 1 || offset >= (ends.get(partition) ?? 0)).map((row) => findingAt('not_in_log', tableOf(compared), row,
      row.is_before === 1 ? 'its record was removed from the log\'s start' : 'the log has no such offset: is the row made up, or has the log lost its end?'));
  }
}
