// What a consumer is: a name, the events it wants and what it does with one of them. Everything
// else (reading, decoding, order, dedupe, retries, quarantine, health) is consumer/service.ts.
//
// The runtime knows nothing about tickets: the contract comes in as an argument, and with it
// the types of the events.
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

export interface HandlerContext<S extends Settings = Settings> {
  /** The consumer's own settings. */
  readonly config: Config<S>;
  readonly logger: Logger;
  /** The same for every delivery of this event to whatever consumer: the idempotency key to give to a sink. */
  readonly effectId: string;
  /** W3C's header of that name, for what the handler sends on: this delivery's span, in the trace of the event. */
  readonly traceparent: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Aborted when the service must stop or the ticket moved to another instance. */
  readonly signal: AbortSignal;
  /** When the ingress accepted the event. */
  readonly receivedAt: Date;
  /** Where the event lies in the log. */
  readonly position: { readonly topic: string; readonly partition: number; readonly offset: number };
}

/** Where a consumer begins that never ran before: at the log's start, at its end, or with what was received since. */
export type StartPosition = 'beginning' | 'latest' | Date;

export interface ConsumerDefinition<E extends AnyEvent, T extends E['event_type'], S extends Settings> {
  /** Service, folder and consumer group. */
  readonly name: string;
  /** Event types that the handler gets; all when left out. */
  readonly events?: readonly T[] | undefined;
  /** For the first start only; later starts go on where the last one stopped. `beginning` when left out. */
  readonly from?: 'beginning' | 'latest';
  /** Tickets handled at once; events of one ticket are always handled one after the other. */
  readonly concurrency?: number;
  /** Environment variables of the consumer's own; read at start, with the runtime's. */
  readonly settings?: S;
  /** Says why there is nothing to do with this configuration: the service then idles, ready, and reads nothing. */
  readonly idle?: (config: Config<S>) => string | null;
  /** Resolves when the event's effects are durable. What it throws is tried again, and quarantined in the end. */
  readonly handle: (event: Extract<E, { event_type: T }>, context: HandlerContext<S>) => Promise<HandlerAnswer> | Promise<void>;
}

/** A defined consumer, its types forgotten: what the service runs. */
export interface Consumer {
  readonly name: string;
  /** Avro record by event type, of the wanted types only. */
  readonly records: ReadonlyMap<string, object>;
  readonly from: 'beginning' | 'latest';
  readonly concurrency: number;
  readonly settings: Settings;
  readonly idle: (config: Readonly<Record<string, unknown>>) => string | null;
  readonly handle: (event: AnyEvent, context: HandlerContext) => Promise<HandlerAnswer>;
}

const CONCURRENCY = 8;

/**
 * Defines a consumer of a log's events. The handler's event is typed by `events`: with two types
 * it is their union, told apart by `event_type`.
 */
export function defineConsumer<E extends AnyEvent, const T extends E['event_type'] = E['event_type'], S extends Settings = Settings>(
  source: EventSource<E>,
  definition: ConsumerDefinition<E, T, S>,
): Consumer {
  const { events, handle, idle } = definition;
  const unknown = (events ?? []).filter((type) => !source.records.has(type));
  if (unknown.length > 0) throw new Error(`${definition.name}: no such event type: ${unknown.join(', ')}`);
  return {
    name: definition.name,
    records: new Map([...source.records].filter(([type]) => events === undefined || events.some((wanted) => wanted === type))),
    from: definition.from ?? 'beginning',
    concurrency: definition.concurrency ?? CONCURRENCY,
    settings: definition.settings ?? {},
    // The service reads exactly these settings and decodes exactly these records, so the types hold.
    idle: (config) => idle?.(config as Config<S>) ?? null,
    handle: async (event, context) => (await handle(event as Extract<E, { event_type: T }>, context as HandlerContext<S>)) ?? undefined,
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
