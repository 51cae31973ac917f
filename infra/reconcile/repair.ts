// Repairs by what is there anyway: records of the log are landed once more, facts are computed anew by the projection's own fold,
// what is not in quarantine is put there. Rows that nothing accounts for are moved to log.removed_rows, never just deleted.
import { hostname, userInfo } from 'node:os';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { sqlString } from '../../services/runtime/clickhouse.ts';
import { quarantineTopic } from '../../services/runtime/event-log.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { readRanges } from '../../services/runtime/kafka/ranges.ts';
import { codeOf } from '../../services/runtime/projection/computed-by.ts';
import { Facts, type Ticket } from '../../services/runtime/projection/facts.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';
import { fromPoison, toQuarantineRecord } from '../../services/runtime/quarantine/quarantine.ts';
import { readInventory } from '../quarantine/inventory.ts';
import { note } from '../quarantine/replay.ts';
import { tableOf, type Compared } from './compared.ts';
import type { Run } from './context.ts';
import type { Finding } from './findings.ts';
import type { AlsoLanded, LostPoison } from './quarantine.ts';
import { Lander } from './scratch.ts';

/** With the archive, since a row may be one of its own, with all that was said. */
const REMOVED = 'log.removed_rows';
/** More rows than these without a record are no damage of the tables: the log is another one than theirs. */
export const MOST_REMOVED = 1_000;
const REMOVED_AT_ONCE = 500;

async function keepAndDelete(clickhouse: ClickHouse, table: string, condition: string): Promise<void> {
  await clickhouse.command(`
    CREATE TABLE IF NOT EXISTS ${REMOVED}
    (
        removed_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When, UTC.',
        from_table LowCardinality(String) COMMENT 'The table that it was taken out of.',
        row String COMMENT 'The whole row as JSON.'
    )
    ENGINE = MergeTree ORDER BY removed_at
    COMMENT 'Rows that no record of the log accounted for: kept here when npm run reconcile -- --repair took them out.'`);
  await clickhouse.command(`INSERT INTO ${REMOVED} (from_table, row) SELECT ${sqlString(table)}, formatRowNoNewline('JSONEachRow', *) FROM ${table} WHERE ${condition}`);
  await clickhouse.command(`ALTER TABLE ${table} DELETE WHERE ${condition} SETTINGS mutations_sync = 2`);
}

async function removeRows({ clickhouse }: Run, compared: Compared, rows: readonly Finding[]): Promise<void> {
  for (let from = 0; from < rows.length; from += REMOVED_AT_ONCE) {
    const tuples = rows.slice(from, from + REMOVED_AT_ONCE).map(({ partition, offset, integration_id, event_id }) => `(${partition ?? 0}, ${offset ?? 0}, ${sqlString(integration_id)}, ${sqlString(event_id)})`);
    await keepAndDelete(clickhouse, tableOf(compared), `(kafka_partition, kafka_offset, integration_id, event_id) IN (${tuples.join(', ')})`);
  }
}

/** Lands the records at these offsets once more, into the database that is to have them. */
async function landAgain(run: Run, compared: Compared, rows: readonly Finding[]): Promise<void> {
  const offsets = new Set(rows.map(({ offset }) => offset ?? -1));
  const [partition] = rows.map((row) => row.partition ?? 0);
  if (partition === undefined) return;
  const lander = new Lander(compared.database, run.clickhouse, run.toLandingOf(compared.topic));
  const [from, to] = [Math.min(...offsets), Math.max(...offsets) + 1];
  await readRanges(run.connection, compared.topic, [{ partition, from, to }], (records) => lander.add(records.filter(({ offset }) => offsets.has(offset))));
  await lander.finish();
}

const distinctTickets = (rows: readonly Finding[]): Ticket[] =>
  [...new Map(rows.map(({ integration_id, ticket_id }) => [`${integration_id}\n${ticket_id}`, { integration_id, ticket_id }])).values()];

const factsOf = (clickhouse: ClickHouse, projection: Projection): Facts => new Facts(clickhouse, projection, { computedBy: codeOf(projection.name), onFailed: () => undefined });

/** Of a window of one partition. What could not be repaired is found again. */
export async function repairWindow(run: Run, compared: Compared, found: readonly Finding[]): Promise<void> {
  const extra = found.filter(({ kind }) => kind === 'extra');
  const changed = found.filter(({ kind }) => kind === 'changed');
  const toLand = found.filter(({ kind }) => kind === 'missing' || kind === 'later_copy' || kind === 'changed');
  // Of two rows with one version either may win: the changed one goes.
  await removeRows(run, compared, [...changed, ...(extra.length <= MOST_REMOVED ? extra : [])]);
  await landAgain(run, compared, toLand);
  const { projection } = compared.found;
  if (projection.facts.length > 0) await factsOf(run.clickhouse, projection).compute(distinctTickets([...toLand, ...extra]));
}

/** Facts are replaced as a whole; those of a higher version, which would outlive what is computed now, go first. */
export async function repairFacts(run: Run, projection: Projection, found: readonly Finding[]): Promise<void> {
  const tickets = distinctTickets(found);
  for (let from = 0; from < tickets.length; from += REMOVED_AT_ONCE) {
    const chunk = tickets.slice(from, from + REMOVED_AT_ONCE);
    const of = (some: readonly Ticket[]): string => `(integration_id, ticket_id) IN (${some.map(({ integration_id, ticket_id }) => `(${sqlString(integration_id)}, ${sqlString(ticket_id)})`).join(', ')})`;
    const outliving = new Set(found.filter(({ kind }) => kind === 'facts_extra' || kind === 'facts_ahead' || kind === 'facts_by_other_code').map(({ integration_id, ticket_id }) => `${integration_id}\n${ticket_id}`));
    const old = chunk.filter(({ integration_id, ticket_id }) => outliving.has(`${integration_id}\n${ticket_id}`));
    if (old.length > 0) for (const table of projection.facts) await keepAndDelete(run.clickhouse, `${projection.database}.${table}`, of(old));
    await factsOf(run.clickhouse, projection).compute(chunk);
  }
}

/** As the archive would have done it. */
export async function repairPoison({ connection, environment }: Run, lost: readonly LostPoison[]): Promise<void> {
  if (lost.length === 0) return;
  const topic = quarantineTopic(environment);
  const producer = await connectProducer(connection, [topic]);
  try {
    for (const { poison } of lost) await producer.append(topic, toQuarantineRecord(fromPoison(poison, environment, new Date())));
  } finally {
    await producer.close();
  }
}

/** As a replay would do it that finds the event in the log. */
export async function repairAlsoLanded({ connection, environment }: Run, found: readonly AlsoLanded[]): Promise<void> {
  if (found.length === 0) return;
  const ids = new Set(found.map(({ id }) => id));
  const items = (await readInventory(connection, environment, () => false)).filter(({ item }) => ids.has(item.id));
  const producer = await connectProducer(connection, [quarantineTopic(environment)]);
  try {
    const by = `${userInfo().username}@${hostname()}`;
    for (const { item } of items) await note(producer, { item, resolution: 'duplicate', reason: '', path: '', detail: '' }, { by, note: 'reconcile: the event is in the log' });
  } finally {
    await producer.close();
  }
}
