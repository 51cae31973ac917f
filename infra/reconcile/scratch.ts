// A database beside the live ones into which the log is landed once more, by the same statements: what the tables should hold.
// Only that of one window of the log at a time, so its size does not depend on that of the log.
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import type { LogRecord, ManualBatch } from '../../services/runtime/event-log.ts';
import type { Poison } from '../../services/runtime/avro/record-reader.ts';
import { PoisonBreaker } from '../../services/runtime/projection/breaker.ts';
import { Triage } from '../../services/runtime/projection/flush/triage.ts';
import type { ToLanding } from '../../services/runtime/projection/landing.ts';
import { dropDatabase, openDiary } from '../facts/diary.ts';
import { statementsOf } from '../projections/find.ts';
import { tableOf, type Compared } from './compared.ts';

export const SCRATCH = 'reconcile_log';

/** An insert costs as much as a thousand rows. */
const LANDED_AT_ONCE = 20_000;
const LANDED_BYTES = 16 * 1_048_576;

/** Which table a statement of the landing feeds, e.g. `timeline`; null for other statements. */
function feedsOf(text: string): string | null {
  if (!text.includes('{database}.landing_')) return null;
  return /^(?:--.*\n)*CREATE MATERIALIZED VIEW IF NOT EXISTS \S+ TO \{database\}\.(\w+)/.exec(text)?.[1] ?? /^(?:--.*\n)*ALTER TABLE \{database\}\.(\w+)_from_landing\s+MODIFY QUERY/.exec(text)?.[1] ?? null;
}

/** Tables of the same name are landed once for all. Unlike the live ones they keep every copy. */
export async function createScratch(clickhouse: ClickHouse, compared: readonly Compared[]): Promise<void> {
  await dropDatabase(clickhouse, SCRATCH);
  await openDiary(clickhouse, SCRATCH, 'What a run of `npm run reconcile` compares the tables with; it goes with the run.');
  const landings = await clickhouse.query<{ name: string; source: string }>(`SELECT name, any(database) AS source FROM system.tables WHERE startsWith(name, 'landing_') AND database IN {databases:Array(String)} GROUP BY name`, { databases: compared.map(({ database }) => database) });
  for (const { name, source } of landings) await clickhouse.command(`CREATE TABLE ${SCRATCH}.${name} AS ${source}.${name}`);
  for (const [name, subject] of new Map(compared.map((item) => [item.name, item]))) {
    await clickhouse.command(`CREATE TABLE ${SCRATCH}.${name} AS ${tableOf(subject)} ENGINE = MergeTree ORDER BY (kafka_partition, kafka_offset)`);
    const statements = (await statementsOf(subject.found)).filter(({ text }) => feedsOf(text) === name);
    for (const { text } of statements) await clickhouse.command(text.replaceAll('{database}', SCRATCH));
  }
}

export const truncate = async (clickhouse: ClickHouse, names: Iterable<string>): Promise<void> => {
  for (const name of new Set(names)) await clickhouse.command(`TRUNCATE TABLE ${SCRATCH}.${name}`);
};

const asBatch = (records: readonly LogRecord[]): ManualBatch => ({
  topic: records[0]?.topic ?? '',
  partition: records[0]?.partition ?? 0,
  records,
  lag: 0,
  generation: 0,
  owned: () => true,
  alive: () => undefined,
  commit: () => Promise.resolve(),
  rewind: () => undefined,
});

/** Lands records as a projection does, into any database that has the landing tables: many at once, in bounded memory. */
export class Lander {
  readonly #triage: Triage;
  #waiting: LogRecord[] = [];
  #bytes = 0;
  #poison: Poison[] = [];

  constructor(database: string, clickhouse: ClickHouse, toLanding: ToLanding) {
    this.#triage = new Triage({
      database, clickhouse, toLanding, breaker: new PoisonBreaker(false),
      quarantine: (found) => {
        this.#poison.push(found);
        return Promise.resolve();
      },
    });
  }

  async add(records: readonly LogRecord[]): Promise<void> {
    for (const record of records) {
      this.#waiting.push(record);
      this.#bytes += record.value?.length ?? 0;
    }
    if (this.#waiting.length >= LANDED_AT_ONCE || this.#bytes >= LANDED_BYTES) await this.#flush();
  }

  /** Lands the rest. @returns the records that can't be landed. */
  async finish(): Promise<Poison[]> {
    await this.#flush();
    const poison = this.#poison;
    this.#poison = [];
    return poison;
  }

  async #flush(): Promise<void> {
    if (this.#waiting.length > 0) await this.#triage.land([asBatch(this.#waiting)]);
    this.#waiting = [];
    this.#bytes = 0;
  }
}
