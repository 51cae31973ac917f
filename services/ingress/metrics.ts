// What the door counts. Every label has a fixed set of values, or one as large as the integrations file lets it be: none
// is what a sender wrote.
import { Counter, Gauge, Histogram, type CounterConfiguration, type Registry } from 'prom-client';
import { countQuarantined } from '../runtime/quarantine/metrics.ts';
import { kidOf } from '../runtime/integrations-file.ts';

/** Keys that are told apart; further ones are counted together. */
const MAX_KIDS = 200;

/** The label of a key: two values are none of a key's, `unknown` (of no integration) and `other` (beyond the most that are told apart). */
function createKids(): (secret: string | undefined) => string {
  const kids = new Map<string, string>();
  return (secret) => {
    if (secret === undefined) return 'unknown';
    const known = kids.get(secret);
    if (known !== undefined) return known;
    if (kids.size >= MAX_KIDS) return 'other';
    const kid = kidOf(secret);
    kids.set(secret, kid);
    return kid;
  };
}

/** Counts by two things until somebody asks: prom-client looks at the labels each time, which took 1.5 µs of CPU an event. */
class Tally<First, Second> {
  readonly #counts = new Map<First, Map<Second, { count: number }>>();

  add(first: First, second: Second): void {
    const known = this.#counts.get(first)?.get(second);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const ofFirst = this.#counts.get(first) ?? new Map<Second, { count: number }>();
    this.#counts.set(first, ofFirst.set(second, { count: 1 }));
  }

  /** What has come since the last time. */
  take(): readonly { readonly first: First; readonly second: Second; readonly count: number }[] {
    const taken = [...this.#counts].flatMap(([first, ofFirst]) => [...ofFirst].map(([second, { count }]) => ({ first, second, count })));
    this.#counts.clear();
    return taken;
  }
}

const tallied = <Name extends string, First, Second>(tally: Tally<First, Second>, labels: (first: First, second: Second) => Record<Name, string>, config: CounterConfiguration<Name>): Counter<Name> => new Counter<Name>({
  ...config,
  collect() {
    for (const { first, second, count } of tally.take()) this.inc(labels(first, second), count);
  },
});

export function createIngressMetrics(registry: Registry, sources: { waiting: () => number; integrationsValid: () => boolean }) {
  const registers = [registry];
  const kid = createKids();
  const [answers, signatures] = [new Tally<number, string>(), new Tally<string | undefined, boolean>()];
  tallied(answers, (status, outcome) => ({ status: String(status), outcome }), { name: 'ticketstream_webhooks_total', help: 'Answers by status and outcome (accepted, duplicate, quarantined, or the error\'s code), those about health aside', labelNames: ['status', 'outcome'], registers });
  const seconds = new Histogram({ name: 'ticketstream_ack_seconds', help: 'From a whole request until its 200 is written, Kafka\'s acknowledgement included; of events answered 200', buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3], registers });
  tallied(signatures, (secret, verified) => ({ kid: kid(secret), result: verified ? 'verified' : 'failed' }), { name: 'ticketstream_signatures_total', help: 'Signatures checked, by result (verified, failed) and key: kid is 6 hex digits of a hash of the secret, told in the log when integrations are loaded; of a failed one the integration\'s first; unknown when there is no such integration', labelNames: ['kid', 'result'], registers });
  const unlisted = new Counter({ name: 'ticketstream_unlisted_versions_total', help: 'Accepted events whose contract version is missing or not listed', labelNames: ['event_type', 'version'], registers });
  const refused = new Counter({ name: 'ticketstream_refused_connections_total', help: 'Connections closed at once, since there were as many as there may be, in all or of their address', registers });
  new Gauge({ name: 'ticketstream_waiting_events', help: 'Events that wait for Kafka\'s acknowledgement', registers, collect() { this.set(sources.waiting()); } });
  new Gauge({ name: 'ticketstream_integrations_file_valid', help: '0 while INTEGRATIONS_FILE cannot be used and the previous integrations stay in force', registers, aggregator: 'min', collect() { this.set(sources.integrationsValid() ? 1 : 0); } });
  return {
    onAnswer: (status: number, outcome: string) => answers.add(status, outcome),
    onDecided: (duration: number) => seconds.observe(duration),
    onSignature: (secret: string | undefined, verified: boolean) => signatures.add(secret, verified),
    onConnectionRefused: () => refused.inc(),
    onQuarantined: countQuarantined(registry),
    onUnlistedVersion: (event_type: string, version: 'missing' | 'unlisted') => unlisted.inc({ event_type, version }),
  };
}
