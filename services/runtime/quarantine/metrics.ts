// What a service put into the quarantine. Reasons are of a fixed set; whose it was is told by the quarantine itself.
import { Counter, type Registry } from 'prom-client';

/** @returns what counts one. */
export function countQuarantined(registry: Registry): (reason: string) => void {
  const counter = new Counter({ name: 'ticketstream_quarantined_total', help: 'Events and records put into the quarantine, by reason', labelNames: ['reason'], registers: [registry] });
  return (reason) => counter.inc({ reason });
}
