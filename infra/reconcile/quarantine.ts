// What the quarantine topic says about the events of a log: it explains what tables lack. An event is either landed or in
// quarantine; one that is in both, and still pending, would be let in a second time.
import { sqlString } from '../../services/runtime/clickhouse.ts';
import type { Poison } from '../../services/runtime/avro/record-reader.ts';
import { quarantineTopic } from '../../services/runtime/event-log.ts';
import { committedOf, type Exceptions, type Window } from './differences.ts';
import { tableOf, type Compared } from './compared.ts';
import { ofTenant, type Run } from './context.ts';
import { finding, findingAt, hourOf, type Finding, type PlacedRow } from './findings.ts';
import { SCRATCH } from './scratch.ts';

const QUARANTINED = `${SCRATCH}.quarantined`;
const IDENTITY = 'environment, origin, origin_position, integration_id, event_id, body_sha256';

export interface Quarantine {
  /** Items of the log by their offsets. */
  offsetsOf(window: Window): Promise<Pick<Exceptions, 'quarantined' | 'everQuarantined'>>;
  /** Pending, though a table has it. */
  alsoLanded(): Promise<AlsoLanded[]>;
}

export interface AlsoLanded {
  readonly finding: Finding;
  /** As `npm run quarantine` names it. */
  readonly id: string;
}

interface Item extends PlacedRow {
  readonly id: string;
}

const alsoLandedOf = (compared: Compared) => (item: Item): AlsoLanded =>
  ({ id: item.id, finding: findingAt('landed_and_quarantined', tableOf(compared), item, `it is landed, and pending in quarantine as ${item.id}`) });

/** Rows of a table that a pending item names by its place in the log. */
const landedByPlace = (compared: Compared): string => `
  SELECT t.kafka_partition AS partition, t.kafka_offset AS offset, toString(t.received_at) AS at, t.integration_id AS integration_id, t.ticket_id AS ticket_id, t.event_id AS event_id, q.id AS id
  FROM ${tableOf(compared)} AS t FINAL
  INNER JOIN (SELECT origin_partition, origin_offset, id FROM ${QUARANTINED} WHERE status = 'pending' AND origin = ${sqlString(compared.topic)} AND refused_by IN ('', ${sqlString(compared.found.projection.name)})) AS q
    ON t.kafka_partition = q.origin_partition AND t.kafka_offset = q.origin_offset`;

/** Rows of the archive that a pending item names by its event: it came again, corrected, or by another way. */
const landedByEvent = (compared: Compared): string => `
  SELECT t.kafka_partition AS partition, t.kafka_offset AS offset, toString(t.received_at) AS at, t.integration_id AS integration_id, t.ticket_id AS ticket_id, t.event_id AS event_id, q.id AS id
  FROM ${tableOf(compared)} AS t FINAL
  INNER JOIN (SELECT integration_id, lower(event_id) AS event_id, id FROM ${QUARANTINED} WHERE status = 'pending' AND origin = 'http' AND event_id != '') AS q
    ON t.integration_id = q.integration_id AND t.event_id = q.event_id`;

/** Once the quarantine topic is landed in the scratch database: each item once, with what became of it. */
export async function openQuarantine(run: Run): Promise<Quarantine> {
  const { clickhouse, scope, compared } = run;
  await clickhouse.command(`
    CREATE TABLE ${QUARANTINED} ENGINE = MergeTree ORDER BY (origin, origin_partition, origin_offset) AS
    SELECT
        items.origin AS origin, ifNull(items.origin_partition, -1) AS origin_partition, ifNull(items.origin_offset, -1) AS origin_offset,
        items.refused_by AS refused_by, items.integration_id AS integration_id, items.event_id AS event_id,
        concat(toString(items.kafka_partition), ':', toString(items.kafka_offset)) AS id,
        if(done.last_word = '', 'pending', done.last_word) AS status
    FROM (SELECT * FROM ${SCRATCH}.quarantine_store ORDER BY kafka_partition, kafka_offset LIMIT 1 BY ${IDENTITY}) AS items
    LEFT JOIN
    (
        SELECT ${IDENTITY}, argMax(resolution, (kafka_partition, kafka_offset)) AS last_word
        FROM ${SCRATCH}.quarantine_resolution_store WHERE resolution != 'still_unusable' GROUP BY ${IDENTITY}
    ) AS done USING (${IDENTITY})
    WHERE ${ofTenant(scope)}`);
  const events = compared.filter(({ topic }) => topic !== quarantineTopic(run.environment));
  return {
    offsetsOf: async ({ partition, from, to }) => {
      const rows = await clickhouse.query<{ offset: number; refused_by: string[] }>(`
        SELECT origin_offset AS offset, groupUniqArrayIf(refused_by, status IN ('pending', 'discarded')) AS refused_by FROM ${QUARANTINED}
        WHERE origin = ${sqlString(events[0]?.topic ?? '')} AND origin_partition = ${partition} AND origin_offset >= ${from} AND origin_offset < ${to}
        GROUP BY offset`);
      return {
        quarantined: new Map(rows.filter(({ refused_by }) => refused_by.length > 0).map(({ offset, refused_by }) => [offset, new Set(refused_by)])),
        everQuarantined: new Set(rows.map(({ offset }) => offset)),
      };
    },
    alsoLanded: async () => {
      const [row] = await clickhouse.query<{ pending: number }>(`SELECT countIf(status = 'pending') AS pending FROM ${QUARANTINED}`);
      if ((row?.pending ?? 0) === 0) return [];
      const found: AlsoLanded[] = [];
      for (const table of events) {
        const queries = [landedByPlace(table), ...(table.name === 'event_store' ? [landedByEvent(table)] : [])];
        for (const query of queries) found.push(...(await clickhouse.query<Item>(query)).map(alsoLandedOf(table)));
      }
      return found;
    },
  };
}

export interface LostPoison {
  readonly poison: Poison;
  readonly finding: Finding;
}

/** Of these offsets, those that have a row: they could be used once, whatever became of their schema. */
async function landedOffsets({ clickhouse }: Run, archive: Compared, poison: readonly Poison[]): Promise<ReadonlySet<number>> {
  const [first] = poison;
  if (first === undefined) return new Set();
  const rows = await clickhouse.query<{ offset: number }>(`SELECT kafka_offset AS offset FROM ${tableOf(archive)} WHERE kafka_partition = ${first.record.partition} AND kafka_offset IN (${poison.map(({ record }) => record.offset).join(', ')})`);
  return new Set(rows.map(({ offset }) => offset));
}

/** Records of a window that the archive has passed, that can't be used, and that are not in quarantine either. */
export async function unquarantined(run: Run, poison: readonly Poison[], { everQuarantined }: Exceptions): Promise<LostPoison[]> {
  const archive = run.compared.find(({ name }) => name === 'event_store');
  if (archive === undefined) return [];
  const suspects = poison.filter(({ record: { partition, offset, headers } }) => {
    const isOther = run.scope.tenant !== undefined && headers['integration_id'] !== run.scope.tenant;
    return !isOther && offset < committedOf(archive, partition) && !everQuarantined.has(offset);
  });
  const landed = await landedOffsets(run, archive, suspects);
  return suspects.filter(({ record }) => !landed.has(record.offset)).map((item) => {
    const { partition, offset, headers, key, timestampMs } = item.record;
    const about = { partition, offset, hour: hourOf(new Date(timestampMs).toISOString().replace('T', ' ')), integration_id: headers['integration_id'] ?? '', ticket_id: key ?? '', event_id: headers['ce_id'] ?? '' };
    return { poison: item, finding: finding('not_quarantined', archive.topic, { ...about, detail: `it can't be used (${item.reason}), and is not in quarantine` }) };
  });
}
