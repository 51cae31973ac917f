// What the dashboard tells of itself besides what every service does.
import { Gauge, Histogram, type Registry } from 'prom-client';

export function createDashboardMetrics(metrics: Registry, openPages: () => number): Histogram<'query' | 'outcome'> {
  const registers = [metrics];
  new Gauge({
    name: 'ticketstream_dashboard_live_pages', help: 'Pages that are open and get what changes.', registers,
    collect() {
      this.set(openPages());
    },
  });
  return new Histogram({
    name: 'ticketstream_dashboard_query_seconds', labelNames: ['query', 'outcome'], registers, buckets: [0.03, 0.1, 0.3, 1, 3, 10],
    help: 'Runs of a query of the pages until all rows were there, by query and outcome: answered or failed. Pages that ask the same share a run.',
  });
}
