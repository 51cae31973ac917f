// What a consumer is: a name, the events it wants and what it does with one of them. Everything
// else (reading, decoding, order, dedupe, retries, quarantine, health) is consumer/service.ts.
//
// The runtime knows nothing about tickets: the contract comes in as an argument, and with it
// the types of the events.
import type { Registry } from 'prom-client';
import type { Config, Settings } from './config.ts';
import type { Logger } from './logger.ts';

/** What every event has, whatever its type. */
export interface AnyEvent {
  readonly event_type: string;
  readonly event_id: string;
  readonly ticket_id: string;
}

/** The events of a log: their types for the compiler, their current Avro records for the decoder. */
export interface EventSource<E extends AnyEvent> {
  /** Avro record by event type, e.g. `ticket.created`. */
  readonly records: ReadonlyMap<E['event_type'], object>;
  /** Carries the type; never there. */
  readonly event?: E;
}

/** What a handler may return; nothing means that the event's effects are done and durable. */
export type HandlerAnswer = undefined | { readonly outcome: 'retry_later' | 'reject'; readonly reason: string };

/** "Not now": the sink is away. The event waits, with growing pauses and for as long as it takes; nothing is skipped. */
export const retryLater = (reason: string): HandlerAnswer => ({ outcome: 'retry_later', reason });

/** "Never": this event can't be used here. It goes to quarantine at once, with the reason. */
export const reject = (reason: string): HandlerAnswer => ({ outcome: 'reject', reason });

/** The same as `retryLater`, for code that throws. */
export class RetriableError extends Error {
  override readonly name = 'RetriableError';
  readonly retriable = true;
}

/** What a handler works with besides the event: opened once at the start, closed at the stop. */
export interface Opened<R> {
  readonly tools: R;
  /** Why there is nothing to do as things are; asked again until there is something. */
  readonly idle?: () => string | null;
  /** What is amiss although the service does its work. */
  readonly warnings?: () => string[];
  /** Why it can't do its work, or null: the service is not ready then. */
  readonly failure?: () => string | null;
  /** Adds what it tells of itself to the service's metrics. */
  readonly register?: (metrics: Registry) => void;
  readonly close?: () => void | Promise<void>;
}

export interface HandlerContext<S extends Settings = Settings, R = unknown> {
  /** The consumer's own settings. */
  readonly config: Config<S>;
  readonly logger: Logger;
  /** The same for every delivery of this event to whatever consumer: the idempotency key to give to a sink. */
  readonly effectId: string;
  /** W3C's header of that name, for what the handler sends on: this delivery's span, in the trace of the event. */
  readonly traceparent: string;
  /** What `open` opened. */
  readonly tools: R;
  /** 1 for the first try; a try that an outage ended does not count. */
  readonly attempt: number;
  /**
   * Whether the event may have had its effect before: an earlier try of this process ended without success, or the
   * partition's owner before may have begun it. Only then does a sink have to be asked.
   */
  readonly mayBeRepeated: boolean;
  /** Since when this process has the ticket's partition: what it knew of a sink's state before may be out of date. */
  readonly ownedSince: Date;
  /** Aborted when the service must stop or the ticket moved to another instance. */
  readonly signal: AbortSignal;
  /** When the ingress accepted the event. */
  readonly receivedAt: Date;
  /** Where the event lies in the log. */
  readonly position: { readonly topic: string; readonly partition: number; readonly offset: number };
}

/** Where a consumer begins that never ran before: at the log's start, at its end, or with what was received since. */
export type StartPosition = 'beginning' | 'latest' | Date;

export interface ConsumerDefinition<E extends AnyEvent, T extends E['event_type'], S extends Settings, R = undefined> {
  /** Service, folder and consumer group. */
  readonly name: string;
  /** Event types that the handler gets; all when left out. */
  readonly events?: readonly T[] | undefined;
  /** For the first start only; later starts go on where the last one stopped. `beginning` when left out. */
  readonly from?: 'beginning' | 'latest';
  /** Tickets handled at once; events of one ticket are always handled one after the other. */
  readonly concurrency?: number;
  /** Each tenant has a sink of its own: one that is away holds up no other tenant's events. */
  readonly sinkPerTenant?: boolean;
  /** Environment variables of the consumer's own; read at start, with the runtime's. */
  readonly settings?: S;
  /** Says why there is nothing to do with this configuration: the service then idles, ready, and reads nothing. */
  readonly idle?: (config: Config<S>) => string | null;
  /** Opens what the handler works with; its own `idle` may change, and the service then begins by itself. */
  readonly open?: (config: Config<S>, logger: Logger) => Promise<Opened<R>>;
  /** Resolves when the event's effects are durable. What it throws is tried again, and quarantined in the end. */
  readonly handle: (event: Extract<E, { event_type: T }>, context: HandlerContext<S, R>) => Promise<HandlerAnswer> | Promise<void>;
}

/** A defined consumer, its types forgotten: what the service runs. */
export interface Consumer {
  readonly name: string;
  /** Avro record by event type, of the wanted types only. */
  readonly records: ReadonlyMap<string, object>;
  readonly from: 'beginning' | 'latest';
  readonly concurrency: number;
  readonly sinkPerTenant: boolean;
  readonly settings: Settings;
  readonly idle: (config: Readonly<Record<string, unknown>>) => string | null;
  readonly open: (config: Readonly<Record<string, unknown>>, logger: Logger) => Promise<Opened<unknown>>;
  readonly handle: (event: AnyEvent, context: HandlerContext) => Promise<HandlerAnswer>;
}

const CONCURRENCY = 8;

/**
 * Defines a consumer of a log's events. The handler's event is typed by `events`: with two types
 * it is their union, told apart by `event_type`.
 */
export function defineConsumer<E extends AnyEvent, const T extends E['event_type'] = E['event_type'], S extends Settings = Settings, R = undefined>(
  source: EventSource<E>,
  definition: ConsumerDefinition<E, T, S, R>,
): Consumer {
  const { events, handle, idle, open } = definition;
  const unknown = (events ?? []).filter((type) => !source.records.has(type));
  if (unknown.length > 0) throw new Error(`${definition.name}: no such event type: ${unknown.join(', ')}`);
  return {
    name: definition.name,
    records: new Map([...source.records].filter(([type]) => events === undefined || events.some((wanted) => wanted === type))),
    from: definition.from ?? 'beginning',
    concurrency: definition.concurrency ?? CONCURRENCY,
    sinkPerTenant: definition.sinkPerTenant ?? false,
    settings: definition.settings ?? {},
    // The service reads exactly these settings and decodes exactly these records, so the types hold.
    idle: (config) => idle?.(config as Config<S>) ?? null,
    open: async (config, logger) => (await open?.(config as Config<S>, logger)) ?? { tools: undefined },
    handle: async (event, context) => (await handle(event as Extract<E, { event_type: T }>, context as HandlerContext<S, R>)) ?? undefined,
  };
}

/** Codes of errors that say "the other side is away", wherever in the chain of causes they stand. */
const awayCodes = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ENOSPC', 'EMFILE',
  'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_SOCKET',
]);

/** Whether an error is an outage: said so by `retriable`, or a network error or timeout that any client throws. */
export function isOutage(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > 5) return false;
  const { retriable, code, cause, errors } = error as { retriable?: unknown; code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof retriable === 'boolean') return retriable;
  if (error.name === 'TimeoutError' || (typeof code === 'string' && awayCodes.has(code))) return true;
  return isOutage(cause, depth + 1) || (Array.isArray(errors) && errors.some((inner) => isOutage(inner, depth + 1)));
}
