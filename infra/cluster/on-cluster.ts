// A ClickHouse that is a cluster, for the commands: whatever they say to one server is said to all of it. Services need none of
// this: they read and write tables by the same names.
import { LOCAL, sqlString, STORED, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { Refused } from '../target/refused.ts';
import { createdBy, rendered, type Cluster, type Spread } from './render.ts';

interface Found {
  readonly name: string;
  readonly engine: string;
}

const kindOf = (found: Found | undefined): Spread => (found?.name.endsWith(LOCAL) === true ? 'sharded' : found?.engine.startsWith('Replicated') === true ? 'everywhere' : 'plain');

class OnCluster implements ClickHouse {
  readonly #clickhouse: ClickHouse;
  readonly #cluster: Cluster;
  /** Tables that this command made. All others are asked for: another command may have made them anew. */
  readonly #made = new Map<string, Spread>();
  /** Tables of every server that this command wrote to one of them. */
  readonly #written = new Set<string>();

  constructor(clickhouse: ClickHouse, name: string) {
    this.#clickhouse = clickhouse;
    this.#cluster = { name, spreadOf: (table) => this.#spreadOf(table) };
  }

  /** Statements under way are looked for on every server, and parts on one of each shard. */
  query<Row>(sql: string, params?: Readonly<Record<string, unknown>>): Promise<Row[]> {
    const name = sqlString(this.#cluster.name);
    const ofAll = sql.replaceAll(/\bFROM system\.processes\b/g, `FROM clusterAllReplicas(${name}, system.processes)`).replaceAll(/\bFROM system\.parts\b/g, `FROM cluster(${name}, system.parts)`);
    return this.#clickhouse.query(ofAll, params);
  }

  read(sql: string): Promise<Buffer> {
    return this.#clickhouse.read(sql);
  }

  async command(sql: string): Promise<void> {
    const statements = await rendered(sql, this.#cluster);
    if (statements[0]?.startsWith('SYSTEM RELOAD DICTIONARY') === true) await this.#spread();
    for (const statement of statements) await this.#clickhouse.command(statement);
    this.#note(sql);
  }

  insertEncoded(table: string, format: string, body: Buffer): Promise<void> {
    this.#written.add(table.split(' ')[0] ?? '');
    return this.#clickhouse.insertEncoded(table, format, body);
  }

  ping(): Promise<string | null> {
    return this.#clickhouse.ping();
  }

  close(): Promise<void> {
    return this.#clickhouse.close();
  }

  /** A dictionary is loaded on each server from what that server has: nothing written before may still be on its way there. */
  async #spread(): Promise<void> {
    for (const table of this.#written) {
      if ((await this.#spreadOf(table)) === 'everywhere') await this.#clickhouse.command(`SYSTEM SYNC REPLICA ON CLUSTER ${sqlString(this.#cluster.name)} ${table}`);
    }
    this.#written.clear();
  }

  #note(sql: string): void {
    const created = createdBy(sql);
    if (created !== null) this.#made.set(created.table, created.spread);
    const [, into] = /^\s*INSERT\s+INTO\s+([\w.]+)/i.exec(sql) ?? [];
    if (into !== undefined) this.#written.add(into);
    // What is gone or has moved is asked for again.
    if (/^\s*(?:DROP|RENAME)\b/i.test(sql)) this.#made.clear();
  }

  async #spreadOf(table: string): Promise<Spread> {
    const made = this.#made.get(table);
    if (made !== undefined) return made;
    const [found] = await this.#clickhouse.query<Found>(`SELECT name, engine FROM system.tables WHERE ${STORED}`, { table });
    return kindOf(found);
  }
}

/** @param cluster as the servers' configuration calls it; '' for one server. */
export const onCluster = (clickhouse: ClickHouse, cluster: string): ClickHouse => (cluster === '' ? clickhouse : new OnCluster(clickhouse, cluster));

/** The cluster whose tables this server has: '' when they are all its own, null when it has none of ours. */
export async function clusterOf(clickhouse: ClickHouse): Promise<string | null> {
  const [found] = await clickhouse.query<{ name: string }>(String.raw`
    SELECT extract(engine_full, '^Distributed\\(\'([^\']+)\'') AS name FROM system.tables
    WHERE name = 'timeline' AND (engine = 'Distributed' OR endsWith(engine, 'MergeTree')) ORDER BY name DESC LIMIT 1`);
  return found?.name ?? null;
}

/** What was asked for, unless it is something else that is there. @throws Refused */
export async function chosenCluster(clickhouse: ClickHouse, asked: string): Promise<string> {
  const there = await clusterOf(clickhouse);
  if (asked === '' || there === null || there === asked) return there ?? asked;
  throw new Refused(there === ''
    ? `this ClickHouse holds the tables of one server. The cluster ${asked} begins empty: migrate it, and \`npm run backup -- rebuild-tables\` has its projections fill it from the log`
    : `this ClickHouse is of the cluster ${there}, CLICKHOUSE_CLUSTER says ${asked}`);
}

/** Replicated tables that some server lacks, or has as another one. */
export const unevenTables = (cluster: string): string => `
  SELECT concat(database, '.', name) AS place FROM clusterAllReplicas(${sqlString(cluster)}, system.tables)
  WHERE database IN ('config', 'queue', 'agents', 'log') AND startsWith(engine, 'Replicated')
  GROUP BY place HAVING uniqExact(uuid) > 1 OR count() < (SELECT count() FROM clusterAllReplicas(${sqlString(cluster)}, system.one))
  ORDER BY place LIMIT 3`;

/** A new server would get tables of its own by IF NOT EXISTS, that nobody fills. @throws Refused */
export async function assertEven(clickhouse: ClickHouse, cluster: string): Promise<void> {
  const uneven = await clickhouse.query<{ place: string }>(unevenTables(cluster));
  if (uneven.length > 0) throw new Refused(`${uneven.map(({ place }) => place).join(', ')}: not the same table on every server of ${cluster}. One is away, or new: infra/cluster/README.md says how it gets its tables. Nothing was changed`);
}

/** For a command that makes tables like others: of a Distributed one that would be another door to the same rows. @throws Refused */
export async function refuseCluster(clickhouse: ClickHouse, command: string): Promise<void> {
  const there = (await clusterOf(clickhouse)) ?? '';
  if (there !== '') throw new Refused(`${command} works on one server: this ClickHouse is of the cluster ${there}`);
}
