// What the door counts. Every label has a fixed set of values: none is what a sender wrote.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export function createIngressMetrics(registry: Registry, sources: { waiting: () => number; integrationsValid: () => boolean }) {
  const registers = [registry];
  const answers = new Counter({ name: 'ticketstream_webhooks_total', help: 'Answers by status and outcome, those about health aside', labelNames: ['status', 'outcome'], registers });
  const seconds = new Histogram({ name: 'ticketstream_webhook_seconds', help: 'Time to decide on an event, Kafka’s acknowledgement included', buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 3], registers });
  const quarantines = new Counter({ name: 'ticketstream_quarantined_total', help: 'Events quarantined by reason', labelNames: ['reason'], registers });
  const unlisted = new Counter({ name: 'ticketstream_unlisted_versions_total', help: 'Accepted events whose contract version is missing or not listed', labelNames: ['event_type', 'version'], registers });
  new Gauge({ name: 'ticketstream_waiting_events', help: 'Events that wait for Kafka', registers, collect() { this.set(sources.waiting()); } });
  new Gauge({ name: 'ticketstream_integrations_file_valid', help: '0 while INTEGRATIONS_FILE cannot be used and the previous integrations stay in force', registers, collect() { this.set(sources.integrationsValid() ? 1 : 0); } });
  return {
    onAnswer: (status: number, outcome: string) => answers.inc({ status: String(status), outcome }),
    onDecided: (duration: number) => seconds.observe(duration),
    onQuarantined: (reason: string) => quarantines.inc({ reason }),
    onUnlistedVersion: (event_type: string, version: 'missing' | 'unlisted') => unlisted.inc({ event_type, version }),
  };
}
