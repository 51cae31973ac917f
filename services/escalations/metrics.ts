// What the service tells of itself besides what every consumer does.
import { Counter, Gauge, type Registry } from 'prom-client';

export function createEscalationMetrics(metrics: Registry, openAlerts: () => number): Counter<'destination' | 'step' | 'outcome'> {
  const registers = [metrics];
  new Gauge({
    name: 'ticketstream_escalation_alerts_open', help: 'Alerts that are not over, as the process that tells of them knows them.', registers,
    collect() {
      this.set(openAlerts());
    },
  });
  return new Counter({
    name: 'ticketstream_escalation_messages_total', labelNames: ['destination', 'step', 'outcome'], registers,
    help: 'Messages to destinations, by step (fired, repeated, acknowledged, resolved) and outcome: sent, refused for good, or failed and tried again.',
  });
}
