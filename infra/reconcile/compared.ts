// What is compared with the log: the table of each projection that keeps its topic's records, and how far its group is.
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import type { ConsumerPosition } from '../../services/runtime/event-log.ts';
import { eventsTopic, quarantineTopic } from '../../services/runtime/event-log.ts';
import { consumerPositions, type KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';
import { findProjections, type FoundProjection } from '../projections/find.ts';

/** A table that holds each record of a topic once, under the columns that it is sorted by. */
export interface Compared {
  readonly found: FoundProjection;
  readonly database: string;
  readonly name: string;
  readonly topic: string;
  /** Consumer group that fills it. */
  readonly group: string;
  readonly key: readonly string[];
  /** All of them that are stored. */
  readonly columns: readonly string[];
  /** How far its group is, by partition. What lies behind a committed offset is in the table. */
  readonly positions: ReadonlyMap<number, ConsumerPosition>;
}

export const tableOf = ({ database, name }: Pick<Compared, 'database' | 'name'>): string => `${database}.${name}`;

interface Subject {
  readonly found: FoundProjection;
  readonly name: string;
  readonly topic: string;
  readonly group: string;
}

const groupOf = ({ group, name }: Projection): string => group ?? name;

/** The archive keeps what was said and the quarantine; every other projection that has one, a timeline. */
function subjectsOf(found: FoundProjection, environment: string): Subject[] {
  const { projection } = found;
  if (projection.timeline) return [{ found, name: 'timeline', topic: eventsTopic(environment), group: groupOf(projection) }];
  if (projection.database !== 'log') return [];
  const quarantine = { found, topic: quarantineTopic(environment), group: `${projection.name}-quarantine` };
  return [
    { found, name: 'event_store', topic: eventsTopic(environment), group: groupOf(projection) },
    { ...quarantine, name: 'quarantine_store' },
    { ...quarantine, name: 'quarantine_resolution_store' },
  ];
}

async function describe(clickhouse: ClickHouse, database: string, name: string): Promise<Pick<Compared, 'key' | 'columns'> | null> {
  const params = { database, name };
  const [table] = await clickhouse.query<{ key: string }>('SELECT sorting_key AS key FROM system.tables WHERE database = {database:String} AND name = {name:String}', params);
  if (table === undefined) return null;
  const columns = await clickhouse.query<{ name: string }>(`SELECT name FROM system.columns WHERE database = {database:String} AND table = {name:String} AND default_kind NOT IN ('MATERIALIZED', 'ALIAS') ORDER BY position`, params);
  return { key: table.key.split(', '), columns: columns.map((column) => column.name) };
}

/** What there is to compare, quarantine first: what it holds explains what other tables lack. Offsets are read in this order, so that none of them is behind another's. */
export async function findCompared(clickhouse: ClickHouse, connection: KafkaConnection, environment: string): Promise<Compared[]> {
  const subjects = (await findProjections()).flatMap((found) => subjectsOf(found, environment));
  const inOrder = subjects.toSorted((a, b) => Number(a.topic === quarantineTopic(environment)) - Number(b.topic === quarantineTopic(environment)));
  const compared: Compared[] = [];
  for (const subject of inOrder) {
    const { database } = subject.found.projection;
    const description = await describe(clickhouse, database, subject.name);
    if (description === null) continue;
    const positions = await consumerPositions(connection, subject.group, subject.topic);
    compared.push({ ...subject, database, ...description, positions: new Map(positions.map((position) => [position.partition, position])) });
  }
  return compared.reverse();
}
