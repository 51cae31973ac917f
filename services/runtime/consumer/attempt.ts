// One event through the handler: a try, what its end means, and the quarantine after the last.
// Only one rule looks beyond the event: when one after the other fails for good, of more than one
// tenant, the cause is not the events but the handler or its configuration, and nothing more is set
// aside until one goes through again. One tenant's events alone may all be bad.
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Delivery } from './events.ts';
import { isOutage, type Consumer, type HandlerAnswer, type HandlerContext } from '../consumer.ts';
import { messageOf } from '../errors.ts';
import type { LogRecord } from '../event-log.ts';
import type { Logger } from '../logger.ts';
import { traceFields } from '../trace.ts';
import type { WaitCause } from './waiting.ts';

export interface AttemptOptions {
  readonly consumer: Consumer;
  readonly config: Readonly<Record<string, unknown>>;
  /** What the consumer opened. */
  readonly tools?: unknown;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** Tries before an event that fails is quarantined. */
  readonly attempts: number;
  /** Keeps an event that can't be handled; throws when it couldn't, and then the event waits. */
  readonly quarantine: (delivery: Delivery, detail: string) => Promise<void>;
}

/** `waits` is no end: the event has to be tried again, and nothing of its ticket may pass it. */
export type AttemptEnd = { readonly kind: 'handled' | 'quarantined' | 'aborted' } | { readonly kind: 'waits'; readonly cause: WaitCause; readonly reason: string };

type Outcome = 'handled' | 'duplicate' | 'unwanted' | 'quarantined' | 'poison';

/** Events in a row that may fail for good before the next one waits instead. */
const FAILURES_IN_A_ROW = 10;

/** When the ingress received it; a record of another producer has Kafka's time instead. */
function receivedAt({ headers, timestampMs }: LogRecord): Date {
  const date = new Date(headers['received_at'] ?? '');
  return Number.isNaN(date.getTime()) ? new Date(timestampMs) : date;
}

/** What the partition knows of a try. */
export type Turn = Pick<HandlerContext, 'attempt' | 'mayBeRepeated' | 'ownedSince' | 'signal'>;

export class Attempts {
  readonly #options: AttemptOptions;
  readonly #events: Counter<'outcome'>;
  readonly #retries: Counter<'cause'>;
  readonly #seconds: Histogram;
  #failedInARow = 0;
  /** Whose they are. */
  readonly #failing = new Set<string>();

  constructor(options: AttemptOptions) {
    this.#options = options;
    const registers = [options.metrics];
    this.#events = new Counter({ name: 'ticketstream_consumer_events_total', help: 'Log records by outcome', labelNames: ['outcome'], registers });
    this.#retries = new Counter({ name: 'ticketstream_consumer_retries_total', help: 'Tries that did not succeed, by cause: failure or outage', labelNames: ['cause'], registers });
    this.#seconds = new Histogram({ name: 'ticketstream_consumer_handle_seconds', help: 'Duration of a try', registers, buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60] });
  }

  count(outcome: Outcome, events = 1): void {
    this.#events.inc({ outcome }, events);
  }

  async try(delivery: Delivery, turn: Turn): Promise<AttemptEnd> {
    const { attempt, signal } = turn;
    const stopTimer = this.#seconds.startTimer();
    const answer = await this.#call(delivery, turn);
    stopTimer();
    if (answer === undefined) {
      this.#failedInARow = 0;
      this.#failing.clear();
      this.count('handled');
      return { kind: 'handled' };
    }
    if (answer.outcome !== 'reject' && signal.aborted) return { kind: 'aborted' };
    switch (answer.outcome) {
      case 'reject': return this.#setAside(delivery, answer.reason);
      case 'retry_later':
        this.#retries.inc({ cause: 'outage' });
        return { kind: 'waits', cause: 'outage', reason: answer.reason };
      case 'failed':
        this.#retries.inc({ cause: 'failure' });
        this.#log(delivery).warn({ attempt, of: this.#options.attempts, error: answer.reason }, 'handler failed');
        if (attempt >= this.#options.attempts) return this.#setAside(delivery, `after ${attempt} attempts: ${answer.reason}`);
        return { kind: 'waits', cause: 'failure', reason: answer.reason };
    }
  }

  async #call(delivery: Delivery, turn: Turn): Promise<HandlerAnswer | { readonly outcome: 'failed'; readonly reason: string }> {
    const { consumer, config, tools } = this.#options;
    const { topic, partition, offset } = delivery.record;
    try {
      const decoded = delivery.decode();
      const event = decoded instanceof Promise ? await decoded : decoded;
      const { integration_id, ticket_id, event_id } = delivery.identity;
      const log = (): Logger => this.#log(delivery);
      const answer = await consumer.handle(event, {
        config, tools,
        ...turn,
        // Made when it is used: a child logger costs as much as decoding the event.
        get logger() {
          return log();
        },
        get traceparent() {
          return delivery.traceparent();
        },
        effectId: `${integration_id}/${ticket_id}/${event_id.toLowerCase()}`,
        receivedAt: receivedAt(delivery.record),
        position: { topic, partition, offset },
      });
      // Whatever else a handler that the compiler never saw returns means that it is done.
      return answer?.outcome === 'reject' || answer?.outcome === 'retry_later' ? answer : undefined;
    } catch (error) {
      return { outcome: isOutage(error) ? 'retry_later' : 'failed', reason: messageOf(error) };
    }
  }

  async #setAside(delivery: Delivery, reason: string): Promise<AttemptEnd> {
    this.#failing.add(delivery.identity.integration_id);
    if (this.#failedInARow >= FAILURES_IN_A_ROW && this.#failing.size > 1) {
      return { kind: 'waits', cause: 'handler', reason: `the last ${FAILURES_IN_A_ROW} events all failed, which is not the events' fault; nothing more is quarantined until one goes through: ${reason}` };
    }
    // Counted first: others are on their way at the same time.
    this.#failedInARow += 1;
    try {
      await this.#options.quarantine(delivery, `consumer ${this.#options.consumer.name}: ${reason}`);
    } catch (error) {
      this.#failedInARow = Math.max(0, this.#failedInARow - 1);
      return { kind: 'waits', cause: 'outage', reason: `the quarantine can't be written: ${messageOf(error)}` };
    }
    this.count('quarantined');
    this.#log(delivery).error({ reason }, 'event quarantined');
    return { kind: 'quarantined' };
  }

  #log({ eventType, identity, record, traceparent }: Delivery): Logger {
    const { integration_id, ticket_id, event_id } = identity;
    return this.#options.logger.child({ event_type: eventType, event_id, ticket_id, integration_id, partition: record.partition, offset: record.offset, ...traceFields(traceparent()) });
  }
}
