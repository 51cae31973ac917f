// What a projection tells about its work.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { PoisonBreaker } from '../breaker.ts';

export interface FlushState {
  /** Records behind the last handled batch, by partition. */
  readonly lags: ReadonlyMap<string, number>;
  readonly breaker: PoisonBreaker;
  readonly failedTickets: () => number;
}

export interface FlushMetrics {
  readonly records: Counter<'outcome'>;
  readonly recomputed: Counter;
  readonly flushSeconds: Histogram;
}

export function createFlushMetrics(registry: Registry, { lags, breaker, failedTickets }: FlushState): FlushMetrics {
  const registers = [registry];
  new Gauge({
    name: 'ticketstream_lag_records', help: 'Records in the log behind the last handled batch', labelNames: ['partition'], registers,
    collect() {
      this.reset();
      for (const [partition, lag] of lags) this.set({ partition }, lag);
    },
  });
  new Gauge({
    name: 'ticketstream_breaker_open', help: 'Partitions held because most of their recent records are poison', labelNames: ['partition'], registers,
    collect() {
      this.reset();
      for (const partition of breaker.holds().keys()) this.set({ partition }, 1);
    },
  });
  new Gauge({
    name: 'ticketstream_failed_tickets', help: 'Tickets whose facts could not be computed: a defect of ours', registers,
    collect() {
      this.set(failedTickets());
    },
  });
  return {
    records: new Counter({ name: 'ticketstream_records_total', help: 'Log records by outcome', labelNames: ['outcome'], registers }),
    recomputed: new Counter({ name: 'ticketstream_facts_recomputed_total', help: 'Tickets whose facts were recomputed', registers }),
    flushSeconds: new Histogram({ name: 'ticketstream_flush_seconds', help: 'Duration of a flush: landing and facts', registers }),
  };
}
