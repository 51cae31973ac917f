// Gathers what the checker judges: the log by raw offsets, every table, the quarantine, the facts. Reads past the proxies.
import type { ClickHouse } from '../../../services/runtime/clickhouse.ts';
import { eventsTopic, quarantineTopic, type LogRecord } from '../../../services/runtime/event-log.ts';
import { consumerPositions, type KafkaConnection } from '../../../services/runtime/kafka/admin.ts';
import { topicOffsets, type OffsetRange } from '../../../services/runtime/kafka/topic-offsets.ts';
import { readRanges } from '../../../services/runtime/kafka/ranges.ts';
import type { FactsRow, LogEntry, Observation, PoisonEntry, QuarantineRow, TableRow, TicketRow } from './judge.ts';

/** Where each event of every ticket is, as it is read. */
export const eventTables = { 'log.events': 'log.events', 'queue.timeline': 'queue.timeline FINAL', 'agents.timeline': 'agents.timeline FINAL' } as const;
export const tableOfGroup: Readonly<Record<string, keyof typeof eventTables>> = { 'queue-analytics': 'queue.timeline', 'agent-analytics': 'agents.timeline', 'event-archive': 'log.events' };
export const factsTables = ['queue.ticket_facts', 'queue.sla_timer_facts', 'agents.ticket_facts'] as const;

export const groups: readonly { readonly group: string; readonly topic: string }[] = [
  ...['queue-analytics', 'agent-analytics', 'event-archive'].map((group) => ({ group, topic: eventsTopic('production') })),
  { group: 'event-archive-quarantine', topic: quarantineTopic('production') },
];

/** A record that the checker's own producer marked as one that can't be read. */
export const POISON_MARK = 'fault-poison';

export interface LogRead {
  readonly entries: LogEntry[];
  readonly poison: PoisonEntry[];
  readonly gaps: string[];
}

/** What came since these offsets. */
export async function readLog(kafka: KafkaConnection, since: ReadonlyMap<number, number>): Promise<LogRead> {
  const topic = eventsTopic('production');
  const ranges = (await topicOffsets(kafka, topic)).map(({ partition, low, high }): OffsetRange => ({ partition, from: Math.max(low, since.get(partition) ?? 0), to: high }));
  const read: LogRead = { entries: [], poison: [], gaps: [] };
  const next = new Map(ranges.map(({ partition, from }) => [partition, from]));
  await readRanges(kafka, topic, ranges, (records) => {
    for (const record of records) {
      const expected = next.get(record.partition) ?? 0;
      if (record.offset !== expected) read.gaps.push(`${record.partition}:${expected}–${record.offset - 1}`);
      next.set(record.partition, record.offset + 1);
      take(record, read);
    }
  });
  for (const { partition, to } of ranges) if ((next.get(partition) ?? to) < to) read.gaps.push(`${partition}:${next.get(partition) ?? 0}–${to - 1}`);
  const inOrder = (a: { partition: number; offset: number }, b: { partition: number; offset: number }): number => a.partition - b.partition || a.offset - b.offset;
  read.entries.sort(inOrder);
  return read;
}

function take({ partition, offset, key, headers }: LogRecord, { entries, poison }: LogRead): void {
  const mark = headers[POISON_MARK];
  if (mark !== undefined) poison.push({ partition, offset, mark });
  else entries.push({ partition, offset, ticketId: key ?? '', integrationId: headers['integration_id'] ?? '', eventId: (headers['ce_id'] ?? '').toLowerCase(), bodySha256: headers['body_sha256'] ?? '' });
}

export const endsOfLog = async (kafka: KafkaConnection): Promise<Map<number, number>> =>
  new Map((await topicOffsets(kafka, eventsTopic('production'))).map(({ partition, high }) => [partition, high]));

const whose = 'integration_id AS integrationId, ticket_id AS ticketId';

/** @param only of this table; of all when it is none. */
export async function rowsOf(clickhouse: ClickHouse, integrations: readonly string[], only?: string): Promise<TableRow[]> {
  const tables = Object.entries(eventTables).filter(([table]) => only === undefined || table === only);
  const all = await Promise.all(tables.map(([table, source]) => clickhouse.query<TableRow>(`
    SELECT '${table}' AS table, ${whose}, lower(event_id) AS eventId, count() AS copies, any(kafka_partition) AS partition, any(kafka_offset) AS offset
    FROM ${source} WHERE integration_id IN {integrations:Array(String)} GROUP BY integration_id, ticket_id, eventId`, { integrations })));
  return all.flat();
}

const factsOf = async (clickhouse: ClickHouse, integrations: readonly string[]): Promise<FactsRow[]> =>
  (await Promise.all(factsTables.map((table) => clickhouse.query<FactsRow>(`
    SELECT '${table}' AS table, ${whose}, toUInt32(bitAnd(version, 4294967295)) AS events FROM ${table} FINAL WHERE integration_id IN {integrations:Array(String)}`, { integrations })))).flat();

const quarantineOf = (clickhouse: ClickHouse, integrations: readonly string[]): Promise<QuarantineRow[]> => clickhouse.query<QuarantineRow>(`
    SELECT origin, origin_partition AS partition, origin_offset AS offset, integration_id AS integrationId, lower(event_id) AS eventId, any(reason) AS reason, toBool(any(status) = 'pending') AS isPending, count() AS copies
    FROM log.quarantine WHERE integration_id IN {integrations:Array(String)} AND refused_by = ''
    GROUP BY origin, partition, offset, integrationId, eventId, body_sha256`, { integrations });

const refusedOnce = async (clickhouse: ClickHouse, integrations: readonly string[]): Promise<Set<string>> => {
  const rows = await clickhouse.query<{ id: string }>("SELECT DISTINCT concat(integration_id, '/', lower(event_id)) AS id FROM log.quarantine WHERE integration_id IN {integrations:Array(String)} AND refused_by != ''", { integrations });
  return new Set(rows.map(({ id }) => id));
};

const ticketsOf = (clickhouse: ClickHouse, integrations: readonly string[]): Promise<TicketRow[]> => clickhouse.query<TicketRow>(`
  SELECT t.integration_id AS integrationId, t.ticket_id AS ticketId, e.events AS events, customer_messages AS customerMessages, agent_replies AS agentReplies, private_notes AS privateNotes, status, assignee_id AS assigneeId
  FROM queue.tickets AS t
  INNER JOIN (SELECT integration_id, ticket_id, toUInt32(count()) AS events FROM queue.timeline FINAL WHERE integration_id IN {integrations:Array(String)} GROUP BY integration_id, ticket_id) AS e
    ON e.integration_id = t.integration_id AND e.ticket_id = t.ticket_id
  WHERE t.integration_id IN {integrations:Array(String)}`, { integrations });

/** Where every group stands. The end is read first: what is committed then is never past it. */
export const positions = async (kafka: KafkaConnection): Promise<Observation['ends']> =>
  (await Promise.all(groups.map(async ({ group, topic }) => (await consumerPositions(kafka, group, topic)).map(({ partition, committed, end }) => ({ group, topic, partition, committed, end }))))).flat();

/** What is in the tables of these integrations. */
export async function tablesOf(clickhouse: ClickHouse, integrations: readonly string[]): Promise<Pick<Observation, 'tables' | 'rows' | 'quarantine' | 'refusedOnce' | 'factsTables' | 'facts' | 'tickets'>> {
  const [rows, quarantine, refused, facts, tickets] = await Promise.all([rowsOf(clickhouse, integrations), quarantineOf(clickhouse, integrations), refusedOnce(clickhouse, integrations), factsOf(clickhouse, integrations), ticketsOf(clickhouse, integrations)]);
  return { tables: Object.keys(eventTables), rows, quarantine, refusedOnce: refused, factsTables, facts, tickets };
}
