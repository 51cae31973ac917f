// The service between its parts: the book of alerts, who leads, what ClickHouse says, and the destinations.
import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import { placeFor } from '../destinations/consumer.ts';
import type { Destinations } from '../destinations/file.ts';
import { connectClickHouse, SERVICE_WAIT_MS, type ClickHouse } from '../runtime/clickhouse.ts';
import { RetriableError } from '../runtime/consumer.ts';
import { messageOf, RuntimeError } from '../runtime/errors.ts';
import { alertsTopic } from '../runtime/event-log.ts';
import type { KafkaConnection } from '../runtime/kafka/admin.ts';
import { connectProducer, type LogProducer } from '../runtime/kafka/producer.ts';
import { endNow } from '../runtime/lifecycle.ts';
import type { Alert } from './alert.ts';
import { AlertBook, foundRecord, type BookRecord } from './book.ts';
import { channelsOf } from './destinations/channels.ts';
import { appendTo, lead, type Leadership } from './leader.ts';
import { createEscalationMetrics } from './metrics.ts';
import { Pager, type Desk } from './pager.ts';
import { isForgettable } from './plan.ts';
import { escalationsSection, type EscalationsSection } from './section.ts';
import { Watcher } from './watcher.ts';

export interface ServiceOptions {
  readonly connection: KafkaConnection;
  readonly environment: string;
  readonly clickhouseUrl: string;
  readonly destinations: Destinations<EscalationsSection>;
}

const TICK_MS = 500;
/** After a pause of the process as long as this, another may lead by now: what Kafka says is waited for. */
const STALLED_MS = 4_000;
const FORGET_EVERY_MS = 3_600_000;
const STOP_WITHIN_MS = 3_000;

/** What runs once there is something to do. */
interface Running {
  readonly producer: LogProducer;
  readonly leadership: Leadership;
  readonly pager: Pager;
  readonly watcher: Watcher;
  readonly clickhouse: ClickHouse;
}

export class EscalationService {
  readonly #options: ServiceOptions;
  readonly #book = new AlertBook(randomUUID());
  #messages: ReturnType<typeof createEscalationMetrics> | null = null;
  readonly #timer: NodeJS.Timeout;
  #desks: { readonly section: ReadonlyMap<string, EscalationsSection>; readonly desks: readonly Desk[] } | null = null;
  #running: Running | null = null;
  #starting: Promise<void> | null = null;
  #startFailure: string | null = 'starting';
  #tickedAt = Date.now();
  #distrustUntil = 0;
  #forgotAt = 0;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  register(metrics: Registry): void {
    this.#messages = createEscalationMetrics(metrics, () => [...this.#book.alerts.values()].filter(({ outcome }) => outcome.overAt === null).length);
  }

  /** @throws RetriableError while Kafka isn't reached. */
  async found(alert: Alert): Promise<void> {
    if (this.#running === null) throw new RetriableError(`the topic of alerts: ${this.#startFailure ?? 'starting'}`);
    await appendTo(this.#running.producer, this.#topic)(foundRecord(alert));
  }

  failure(): string | null {
    if (this.#options.destinations.all().size === 0) return null;
    if (this.#running === null) return this.#startFailure;
    return this.#running.leadership.failure() ?? this.#running.pager.failure();
  }

  warnings(): string[] {
    return [...this.#options.destinations.warnings(), ...(this.#running?.watcher.warnings() ?? [])];
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#options.destinations.close();
    await this.#starting;
    if (this.#running === null) return;
    const { producer, leadership, pager, watcher, clickhouse } = this.#running;
    await pager.stop(STOP_WITHIN_MS);
    await leadership.stop();
    await watcher.settled();
    await producer.close();
    await clickhouse.close();
  }

  get #topic(): string {
    return alertsTopic(this.#options.environment);
  }

  #tick(): void {
    const now = Date.now();
    if (now - this.#tickedAt > STALLED_MS) this.#distrustUntil = now + 2 * STALLED_MS;
    this.#tickedAt = now;
    if (this.#options.destinations.all().size === 0) return;
    if (this.#running === null) {
      this.#starting ??= this.#start().finally(() => {
        this.#starting = null;
      });
      return;
    }
    if (!this.#isLeading()) return;
    const desks = this.#currentDesks();
    const { pager, watcher } = this.#running;
    watcher.ask(desks, () => pager.tell(desks));
    pager.tell(desks);
    if (now - this.#forgotAt > FORGET_EVERY_MS) this.#forget(now);
  }

  #isLeading(): boolean {
    return this.#running !== null && this.#running.leadership.isLeading() && Date.now() >= this.#distrustUntil && Date.now() - this.#tickedAt <= STALLED_MS;
  }

  /** Clients are kept until the file says something else. */
  #currentDesks(): readonly Desk[] {
    const section = this.#options.destinations.all();
    if (this.#desks?.section === section) return this.#desks.desks;
    const { logger } = this.#options.connection;
    const desks = [...section].map(([integrationId, one]) => ({
      integrationId, section: one, channels: channelsOf(one, placeFor(integrationId, one, escalationsSection, logger)),
    }));
    this.#desks = { section, desks };
    return desks;
  }

  async #start(): Promise<void> {
    const { connection, clickhouseUrl, environment } = this.#options;
    let producer: LogProducer | null = null;
    try {
      producer = await connectProducer(connection, [this.#topic]);
      const append = appendTo(producer, this.#topic);
      const { logger } = connection;
      const groupId = `escalations-leader${environment === 'production' ? '' : `.${environment}`}`;
      const leadership = await lead(connection, producer, { groupId, topic: this.#topic, take: (record) => this.#book.take(record), onCurrent: () => this.#tick() });
      const clickhouse = connectClickHouse(clickhouseUrl, {}, SERVICE_WAIT_MS);
      const shared = { book: this.#book, append, logger, now: Date.now };
      const pager = new Pager({ ...shared, isLeading: () => this.#isLeading(), onSent: (labels) => this.#messages?.inc(labels) });
      this.#running = { producer, leadership, pager, clickhouse, watcher: new Watcher({ ...shared, clickhouse }) };
    } catch (error) {
      await producer?.close();
      if (!(error instanceof RuntimeError && error.retriable)) endNow(connection.logger)(error instanceof Error ? error : new Error(messageOf(error)));
      this.#startFailure = messageOf(error);
    }
  }

  #forget(now: number): void {
    this.#forgotAt = now;
    const append = (record: BookRecord): void => {
      if (this.#running === null) return;
      appendTo(this.#running.producer, this.#topic)(record).catch((error: unknown) => this.#options.connection.logger.debug({ error: messageOf(error) }, 'forgotten again at the next start'));
    };
    for (const tracked of [...this.#book.alerts.values()].filter((one) => isForgettable(one, now))) this.#book.forget(tracked).forEach(append);
  }
}
