// What every service tells: about its process by prom-client's own metrics (CPU, memory, descriptors, event loop,
// garbage collection), and whether it is ready, by the same check as /health/ready. No label here or elsewhere may
// have a value that a sender chose: the number of series is bounded whatever comes in.
import type { Server } from 'node:http';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { createRegistry } from './of-processes.ts';

/** Gauges with the name of a counter; nodejs_active_resources, by type, tells the same. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** How often the event loop is looked at; the lag that is told is never less. Every 10 ms, the default, takes 0.26 % of a core of an idle service, every 50 ms a fifth of that. */
const LOOP_LOOK_MS = 250;

export function createMetrics(service: string): Registry {
  const registry = createRegistry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_LOOK_MS });
  for (const name of misnamed) registry.removeSingleMetric(name);
  return registry;
}

export interface ServiceState {
  readonly server: Server;
  /** Null when ready, else the reason. */
  readonly ready: () => Promise<string | null>;
  readonly warnings: () => readonly string[];
}

export function addServiceMetrics(registry: Registry, { server, ready, warnings }: ServiceState): void {
  const registers = [registry];
  new Gauge({
    name: 'ticketstream_ready', help: '1 when /health/ready answers 200, else 0: its body says why', registers, aggregator: 'min',
    async collect() {
      this.set((await ready()) === null ? 1 : 0);
    },
  });
  new Gauge({
    name: 'ticketstream_warnings', help: 'What is amiss although the service works, as listed at /health/ready', registers, aggregator: 'max',
    collect() {
      this.set(warnings().length);
    },
  });
  new Gauge({
    name: 'ticketstream_http_connections', help: 'Open connections to the port of the service', registers,
    async collect() {
      this.set(await new Promise<number>((resolve) => server.getConnections((error, count) => resolve(error === null ? count : 0))));
    },
  });
}
