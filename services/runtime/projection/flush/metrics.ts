// What a projection tells about its work. One for the process: its feeds (the event topic, the quarantine) are told apart by topic.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { PoisonBreaker } from '../breaker.ts';
import type { Failpoint } from '../failpoint.ts';
import { gaugeHeldPartitions } from '../../metrics/held-partitions.ts';

export interface Feed {
  readonly breaker: PoisonBreaker;
  readonly failedTickets: () => number;
  /** Partitions that wait because a flush fails. */
  readonly waiting: () => number;
}

/** The steps of a flush, by what Failpoint says at their end. */
const steps: Readonly<Record<string, string>> = { landed: 'land', read: 'read', folded: 'fold', inserted: 'insert', 'before-commit': 'note' };

/** Times a flush and its steps. */
export interface FlushTimer {
  /** Told at the end of each step. */
  readonly at: Failpoint;
  readonly begin: () => void;
  readonly end: () => void;
}

export class ProjectionMetrics {
  readonly records: Counter<'topic' | 'outcome'>;
  readonly recomputed: Counter;
  readonly failures: Counter<'code'>;
  readonly #seconds: Histogram;
  readonly #stepSeconds: Counter<'step'>;
  readonly #feeds: Feed[] = [];

  constructor(registry: Registry) {
    const registers = [registry];
    const feeds = this.#feeds;
    const sum = (of: (feed: Feed) => number): number => feeds.reduce((total, feed) => total + of(feed), 0);
    this.records = new Counter({ name: 'ticketstream_records_total', help: 'Log records by outcome: landed, or poison', labelNames: ['topic', 'outcome'], registers });
    this.recomputed = new Counter({ name: 'ticketstream_facts_recomputed_total', help: 'Tickets whose facts were computed', registers });
    this.failures = new Counter({ name: 'ticketstream_flush_failures_total', help: 'Flushes that failed and are tried again, by error code', labelNames: ['code'], registers });
    this.#seconds = new Histogram({ name: 'ticketstream_flush_seconds', help: 'Duration of a flush, its further tries included', buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30], registers });
    this.#stepSeconds = new Counter({ name: 'ticketstream_flush_step_seconds_total', help: 'Time that flushes spent, by step: land (insert what was read), read (timelines of the touched tickets), fold (compute facts), insert (them), note (tickets that fail), commit (offsets)', labelNames: ['step'], registers });
    gaugeHeldPartitions(registry, () => ({ poison: sum(({ breaker }) => breaker.holds().size), outage: sum(({ waiting }) => waiting()) }));
    new Gauge({
      name: 'ticketstream_failed_tickets', help: 'Tickets whose facts could not be computed, as failed_tickets lists them: a defect of ours', registers,
      collect() {
        this.set(sum(({ failedTickets }) => failedTickets()));
      },
    });
  }

  add(feed: Feed): void {
    this.#feeds.push(feed);
  }

  /** @param at is told as well. */
  timer(at: Failpoint): FlushTimer {
    let [begun, last] = [0, 0];
    const passed = (step: string): void => {
      const now = performance.now();
      this.#stepSeconds.inc({ step }, (now - last) / 1_000);
      last = now;
    };
    return {
      at: (step) => {
        passed(steps[step.split(':')[0] ?? ''] ?? 'other');
        at(step);
      },
      begin: () => {
        begun = performance.now();
        last = begun;
      },
      end: () => {
        passed('commit');
        this.#seconds.observe((performance.now() - begun) / 1_000);
      },
    };
  }
}
