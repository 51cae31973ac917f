// The first half of a flush: rows are told from poison and landed, and poison is kept in quarantine, up to where the
// breaker holds a partition. All of it can be repeated: landing tables keep the first of each event.
import { containerOf } from '../../avro/avro.ts';
import type { Poison } from '../../avro/record-reader.ts';
import type { ClickHouse } from '../../clickhouse.ts';
import type { LogRecord, ManualBatch } from '../../event-log.ts';
import { groupBy } from '../../group-by.ts';
import { faultOf, placeOf, type Fault, type PoisonBreaker } from '../breaker.ts';
import { insertHalving } from '../halving.ts';
import type { LandingRow, ToLanding } from '../landing.ts';

export interface TriageOptions {
  readonly database: string;
  readonly clickhouse: ClickHouse;
  readonly toLanding: ToLanding;
  /** Keeps a record that can't be landed; throws when it couldn't, and then nothing is committed. */
  readonly quarantine: (poison: Poison) => Promise<void>;
  readonly breaker: PoisonBreaker;
}

/** A batch whose rows are landed and whose poison is in quarantine, up to a record that the breaker holds. */
export interface KeptBatch {
  readonly batch: ManualBatch;
  readonly landed: readonly LandingRow[];
  /** Per record done, its fault, if it was poison. */
  readonly handled: readonly (Fault | null)[];
  /** The record that is held. */
  readonly next: LogRecord | undefined;
  /** Why it is poison. */
  readonly poison: Poison | undefined;
}

/** Rows to land, and poison that still has to be kept. */
interface SortedBatch {
  readonly batch: ManualBatch;
  readonly rows: readonly LandingRow[];
  readonly poison: ReadonlyMap<LogRecord, Poison>;
}

const QUARANTINE_CHUNK = 500;

export class Triage {
  readonly #options: TriageOptions;
  /** Poison that is in quarantine already, for when a later step of its flush fails and is tried again. */
  readonly #kept = new WeakSet<LogRecord>();

  constructor(options: TriageOptions) {
    this.#options = options;
  }

  async land(batches: readonly ManualBatch[]): Promise<KeptBatch[]> {
    const sorted = await Promise.all(batches.map((batch) => this.#sort(batch)));
    const groups = groupBy(sorted.flatMap(({ rows }) => rows), (row) => row.header);
    const refused = (await Promise.all([...groups.values()].map((rows) => this.#insert(rows)))).flat();
    const known = new Map(refused.map((poison) => [poison.record, poison]));
    return Promise.all(sorted.map((item) => this.#keep(item, known)));
  }

  /** Tells rows from poison. Of a batch that is held, only what lies before the hold is landed. */
  async #sort(batch: ManualBatch): Promise<SortedBatch> {
    const landings: (LandingRow | Poison)[] = [];
    for (const record of batch.records) {
      const landing = this.#options.toLanding(record);
      landings.push(landing instanceof Promise ? await landing : landing);
    }
    const hold = this.#options.breaker.assess(placeOf(batch), landings.map((item) => (item.kind === 'poison' ? faultOf(item) : null)));
    const rows = landings.slice(0, hold ?? landings.length).filter((item) => item.kind === 'row');
    const poison = landings.filter((item) => item.kind === 'poison').map((item) => [item.record, item] as const);
    return { batch, rows, poison: new Map(poison) };
  }

  /** Inserts rows of one schema. @returns those that ClickHouse refuses. */
  async #insert(rows: readonly LandingRow[]): Promise<Poison[]> {
    const { clickhouse, database } = this.#options;
    const refused = await insertHalving(rows, async (some) => {
      const [first] = some;
      if (first === undefined) return;
      await clickhouse.insertEncoded(`${database}.${first.table}`, 'Avro', containerOf(first.header, some));
    });
    return refused.map(({ row, detail }) => ({ kind: 'poison', reason: 'refused_by_clickhouse', detail, record: row.record }));
  }

  /** Quarantines a batch's poison, up to where the breaker holds it. */
  async #keep({ batch, rows, poison: unreadable }: SortedBatch, refused: ReadonlyMap<LogRecord, Poison>): Promise<KeptBatch> {
    const poisonOf = (record: LogRecord): Poison | undefined => unreadable.get(record) ?? refused.get(record);
    const faults = batch.records.map((record) => faultOf(poisonOf(record)));
    const handled = faults.slice(0, this.#options.breaker.assess(placeOf(batch), faults) ?? faults.length);
    const toKeep = batch.records.slice(0, handled.length).flatMap((record) => poisonOf(record) ?? []).filter(({ record }) => !this.#kept.has(record));
    for (let from = 0; from < toKeep.length; from += QUARANTINE_CHUNK) {
      await Promise.all(toKeep.slice(from, from + QUARANTINE_CHUNK).map(async (item) => {
        await this.#options.quarantine(item);
        this.#kept.add(item.record);
      }));
    }
    const next = batch.records[handled.length];
    return { batch, landed: rows.filter(({ record }) => !refused.has(record)), handled, next, poison: next === undefined ? undefined : poisonOf(next) };
  }
}
