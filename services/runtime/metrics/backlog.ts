// How far a consumer group is behind its topics, in records and in seconds, and how long a record took from the log until
// its effects were durable. Kafka is asked whenever metrics are read: a service that is stuck, or has no partitions, tells
// the truth too, and while nobody reads them it costs nothing.
//
// How old the oldest record is that is not done: of partitions that are read here, by its own time. Of others, by when the
// log was first seen to reach beyond what is committed; that is never too old.
import { Gauge, Histogram, type Registry } from 'prom-client';
import type { ConsumerPosition, ManualBatch } from '../event-log.ts';
import { shared } from '../shared-work.ts';

export interface BacklogOptions {
  /** Positions of the group in all of its topics. @throws Error when Kafka does not answer; the last ones then stay. */
  readonly positions: () => Promise<readonly ConsumerPosition[]>;
  readonly metrics: Registry;
  readonly now?: () => number;
  readonly questionsPerSecond?: number;
}

interface Span {
  readonly first: number;
  readonly last: number;
  /** Kafka's time of the first record. */
  readonly timestampMs: number;
}

interface Sample {
  readonly end: number;
  readonly at: number;
}

interface Place {
  /** Batches that are read and not committed, in order. */
  spans: Span[];
  /** When the log reached how far, in order. */
  samples: Sample[];
  /** What lies before it was done before, and is only read again; unknown, it is anything. */
  committed: number;
}

/** Of each partition; what comes when there are as many replaces the last one. */
const MAX_KEPT = 200;
const QUESTIONS_PER_SECOND = 2;

export class Backlog {
  readonly #now: () => number;
  readonly #ask: () => Promise<readonly ConsumerPosition[]>;
  readonly #freshness: Histogram;
  readonly #places = new Map<string, Place>();
  #positions: readonly ConsumerPosition[] = [];

  constructor({ positions, metrics, now = Date.now, questionsPerSecond = QUESTIONS_PER_SECOND }: BacklogOptions) {
    this.#now = now;
    this.#ask = shared(questionsPerSecond, async () => {
      this.#positions = await positions().catch(() => this.#positions);
      for (const position of this.#positions) this.#sample(position);
      return this.#positions;
    });
    this.#freshness = new Histogram({
      name: 'ticketstream_freshness_seconds', help: 'From Kafka\'s time of a record until what follows from it is durable and committed; of the oldest record of each batch', registers: [metrics],
      buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600],
    });
    const gauge = (name: string, help: string, value: (position: ConsumerPosition) => number): void => {
      const ask = this.#ask;
      new Gauge({
        name, help, labelNames: ['partition'], registers: [metrics],
        async collect() {
          for (const position of await ask()) this.set({ partition: placeOf(position) }, value(position));
        },
      });
    };
    gauge('ticketstream_lag_records', 'Records of the log that the group has not committed, its other instances\' included; as Kafka says now', lagOf);
    gauge('ticketstream_lag_seconds', 'Age of the oldest of these records, 0 when there is none', (position) => this.#ageSeconds(position));
  }

  /** The same batch, taken note of until it is committed. */
  watch(batch: ManualBatch): ManualBatch {
    const [first, last] = [batch.records[0], batch.records.at(-1)];
    if (first === undefined || last === undefined) return batch;
    const place = this.#placeOf(batch);
    // Read again from an earlier offset: what was noted from there on comes again.
    const before = place.spans.filter((span) => span.first < first.offset).slice(0, MAX_KEPT - 1);
    place.spans = [...before, { first: first.offset, last: last.offset, timestampMs: first.timestampMs }];
    return { ...batch, commit: this.#noting(place, batch.commit) };
  }

  /** Far behind, it is held for long after its batch, whose records it must not hold. */
  #noting(place: Place, commit: ManualBatch['commit']): ManualBatch['commit'] {
    return async (next, note) => {
      await commit(next, note);
      for (const { last: end, timestampMs } of place.spans) {
        if (end >= place.committed && end < next) this.#freshness.observe(Math.max(0, this.#now() - timestampMs) / 1_000);
      }
      place.spans = place.spans.filter(({ last: end }) => end >= next);
      place.committed = next;
    };
  }

  #placeOf(of: Pick<ManualBatch, 'topic' | 'partition'>): Place {
    const name = placeOf(of);
    const known = this.#places.get(name) ?? { spans: [], samples: [], committed: Infinity };
    this.#places.set(name, known);
    return known;
  }

  #sample(position: ConsumerPosition): void {
    const place = this.#placeOf(position);
    const { committed, end } = position;
    place.committed = Math.min(place.committed, committed);
    // Another instance may have committed what was read here.
    place.spans = place.spans.filter(({ last }) => last >= committed);
    place.samples = place.samples.filter((sample) => sample.end > committed).slice(0, MAX_KEPT);
    if (end <= (place.samples.at(-1)?.end ?? committed)) return;
    if (place.samples.length === MAX_KEPT) place.samples.pop();
    place.samples.push({ end, at: this.#now() });
  }

  #ageSeconds(position: ConsumerPosition): number {
    if (lagOf(position) === 0) return 0;
    const { spans, samples } = this.#placeOf(position);
    const since = spans[0]?.timestampMs ?? samples[0]?.at ?? this.#now();
    return Math.max(0, this.#now() - since) / 1_000;
  }
}

const placeOf = ({ topic, partition }: Pick<ManualBatch, 'topic' | 'partition'>): string => `${topic}/${partition}`;
const lagOf = ({ committed, end }: ConsumerPosition): number => Math.max(0, end - committed);
