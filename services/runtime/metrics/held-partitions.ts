// Partitions that a consumer or a projection does not read on, told by both in the same way.
import { Gauge, type Registry } from 'prom-client';

export interface HeldPartitions {
  /** Behind records that can't be read. */
  readonly poison: number;
  readonly outage: number;
}

export function gaugeHeldPartitions(registry: Registry, held: () => HeldPartitions): void {
  new Gauge({
    name: 'ticketstream_held_partitions',
    help: 'Partitions that wait, by cause: poison (most of their last records can\'t be read) or outage (of ClickHouse, the registry, the quarantine or a sink)',
    labelNames: ['cause'], registers: [registry],
    collect() {
      const { poison, outage } = held();
      this.set({ cause: 'poison' }, poison);
      this.set({ cause: 'outage' }, outage);
    },
  });
}
