// The way of a webhook, each step a function that knows nothing of its neighbours: parse, verify,
// then once per event: limit, prepare and append to the log, or to quarantine.
import cluster from 'node:cluster';
import { createHmac, hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pLimit from 'p-limit';
import { RateLimiterCluster, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { JsonObject } from '../../schemas/contract.ts';
import { eventsTopic, quarantineTopic } from '../runtime/event-log.ts';
import { RuntimeError } from '../runtime/errors.ts';
import type { Integration } from '../runtime/integrations-file.ts';
import type { LogProducer } from '../runtime/kafka/producer.ts';
import type { Logger } from '../runtime/logger.ts';
import { toQuarantineRecord, type Quarantined } from '../runtime/quarantine/quarantine.ts';
import { traceFields } from '../runtime/trace.ts';
import type { DedupeWindow, Stored } from './dedupe.ts';
import type { Encode } from './event/encoders.ts';
import type { Integrations } from './integrations.ts';
import type { Answer, AuthenticWebhook, Refused, Unusable } from './outcome.ts';
import { parseWebhook } from './event/parse.ts';
import { payloadKeyOf, type PreparedEvent } from './event/prepare.ts';
import type { Sealer } from './event/seal.ts';
import { readTime } from './event/time.ts';
import { toLogRecord, type Provenance } from './event/to-log-record.ts';
import { UnlistedVersions } from './unlisted-versions.ts';
import { verifyWebhook, type OnSignature } from './verify.ts';

export interface Delivery {
  readonly body: Buffer;
  readonly headers: IncomingHttpHeaders;
  readonly pathIntegrationId: string | undefined;
  readonly receivedAt: Date;
  /** The span of its request. */
  readonly traceparent: string;
}

export interface AcceptDependencies {
  readonly integrations: Integrations;
  readonly prepare: (webhook: AuthenticWebhook) => PreparedEvent | Unusable;
  /** For integrations whose personal data is sealed. */
  readonly sealer: Sealer;
  readonly encode: Encode;
  readonly producer: LogProducer;
  readonly window: DedupeWindow;
  readonly logger: Logger;
  readonly onSignature: OnSignature;
  readonly onQuarantined: (reason: string) => void;
  readonly onUnlistedVersion: (eventType: string, kind: 'missing' | 'unlisted') => void;
}

/**
 * Reading 1 MiB takes up to 100 ms, and anybody may send it. So of such bodies one is read in a turn
 * of the event loop, and the events of others, and what Kafka answers, come in between.
 */
const BIG_BODY_BYTES = 65_536;
/** As many bytes as the producer lets wait, at most. */
const BIG_BODIES_WAITING = 128;

/** @throws RuntimeError `LOG_UNAVAILABLE` or `LOG_OVERLOADED`: nothing was promised, the sender tries again. */
export type Accept = (delivery: Delivery) => Promise<Answer | Refused>;

export function createAccept(dependencies: AcceptDependencies): Accept {
  const { integrations, window, onSignature } = dependencies;
  const limit = createLimit();
  const unlisted = new UnlistedVersions(dependencies);
  const bigOnes = pLimit(1);
  return async ({ body, headers, pathIntegrationId, receivedAt, traceparent }) => {
    if (body.length > BIG_BODY_BYTES) {
      if (bigOnes.pendingCount >= BIG_BODIES_WAITING) throw new RuntimeError('LOG_OVERLOADED', `${bigOnes.pendingCount} big bodies wait`);
      await bigOnes(() => nextTurn());
    }
    const parsed = parseWebhook(body, receivedAt);
    if ('kind' in parsed) return parsed;
    const webhook = verifyWebhook(parsed, headers, integrations, pathIntegrationId, onSignature);
    if ('kind' in webhook) return webhook;
    const bodyHash = hashOf(webhook);
    const { event_id: eventId } = webhook.envelope;
    const { integration_id: integrationId } = webhook.integration;
    const incoming = { webhook, bodyHash, traceparent, headers, pathIntegrationId };
    // The limits are for new events: the retry of one that is kept is answered as it was.
    const outcome = await window.once({ environment: environmentOf(webhook), integrationId, eventId, bodyHash }, () => store(dependencies, incoming, { limit, unlisted }));
    return typeof outcome === 'string' ? { status: outcome, event_id: eventId } : outcome;
  };
}

/**
 * The body's SHA-256, once somebody asks for it. Where personal data is sealed that is an HMAC under the integration's first secret, or
 * who guesses what a forgotten customer wrote could see by it that they guessed right.
 */
function hashOf({ body, integration: { encrypt_personal_data: isSealed = false, secrets } }: AuthenticWebhook): () => string {
  let known: string | undefined;
  return () => (known ??= isSealed ? createHmac('sha256', secrets[0] ?? '').update(body).digest('hex') : hash('sha256', body, 'hex'));
}

/** An event that names another environment than its integration's is none that this one's log may have. */
function environmentOf({ envelope, integration: { environment } }: AuthenticWebhook): string {
  const named = envelope.source['environment'] ?? environment;
  return named === environment ? environment : `not ${environment}`;
}

function refuseByAge({ integration, envelope, receivedAt }: AuthenticWebhook): Refused | null {
  if (integration.max_age_seconds === undefined) return null;
  const time = readTime(envelope.timestamp);
  // What is no time has no age, and is quarantined.
  if (time.kind === 'no_time' || receivedAt.getTime() - time.ms <= integration.max_age_seconds * 1_000) return null;
  return { kind: 'refused', status: 400, code: 'too_old', path: '/timestamp', message: `older than the ${integration.max_age_seconds} s that this integration allows` };
}

type Limit = (webhook: AuthenticWebhook) => Promise<Refused | null> | null;

/** A rate limit per integration, after its signature was checked: nobody can use up another's. Null where there is none. */
function createLimit(): Limit {
  const limiters = new Map<number, RateLimiterMemory | RateLimiterCluster>();
  const consume = async (integration: Integration, points: number): Promise<Refused | null> => {
    const limiter = limiters.get(points) ?? createLimiter(points);
    limiters.set(points, limiter);
    try {
      await limiter.consume(`${integration.environment}/${integration.integration_id}`);
      return null;
    } catch (reached) {
      if (!(reached instanceof RateLimiterRes)) throw reached;
      const retryAfterSeconds = Math.max(1, Math.ceil(reached.msBeforeNext / 1_000));
      return { kind: 'refused', status: 429, code: 'rate_limited', message: `more than ${points} events/s`, retryAfterSeconds };
    }
  };
  return ({ integration }) => (integration.max_events_per_second === undefined ? null : consume(integration, integration.max_events_per_second));
}

/** Of several processes, the one that started them counts for all. */
const createLimiter = (points: number): RateLimiterMemory | RateLimiterCluster =>
  (cluster.isWorker ? new RateLimiterCluster({ keyPrefix: `events/${points}`, points, duration: 1 }) : new RateLimiterMemory({ points, duration: 1 }));

/** Where it was posted to and by which client. Not the address: the signature says who sent it. */
const sourceOf = (headers: IncomingHttpHeaders, pathIntegrationId: string | undefined): string =>
  [`/webhooks${pathIntegrationId === undefined ? '' : `/${encodeURIComponent(pathIntegrationId)}`}`, headers['user-agent'] ?? ''].join(' ').trim().slice(0, 300);

interface Incoming extends Provenance {
  readonly webhook: AuthenticWebhook;
  readonly headers: IncomingHttpHeaders;
  readonly pathIntegrationId: string | undefined;
}

/** One function and few promises: each of them costs a tenth of a microsecond and more, and garbage. */
async function store(dependencies: AcceptDependencies, incoming: Incoming, { limit, unlisted }: { readonly limit: Limit; readonly unlisted: UnlistedVersions }): Promise<Stored | Refused> {
  const { webhook } = incoming;
  const limited = refuseByAge(webhook) ?? limit(webhook);
  const refused = limited === null || 'kind' in limited ? limited : await limited;
  if (refused !== null) return refused;
  const { prepare, sealer, encode, producer } = dependencies;
  const prepared = prepare(webhook);
  if (prepared.kind === 'unusable') return quarantine(dependencies, incoming, prepared);
  const sealed = webhook.integration.encrypt_personal_data === true ? sealer.event(webhook, prepared) : prepared;
  const kept = sealed instanceof Promise ? await sealed : sealed;
  const record = toLogRecord(webhook, kept, incoming, encode);
  if ('kind' in record) return quarantine(dependencies, incoming, record);
  if (!prepared.knownVersion) unlisted.note(webhook.integration, prepared);
  await producer.append(eventsTopic(webhook.integration.environment), record);
  return 'accepted';
}

async function quarantine({ sealer, producer, logger, onQuarantined }: AcceptDependencies, incoming: Incoming, unusable: Unusable): Promise<Stored> {
  const { envelope, integration } = incoming.webhook;
  const item = quarantined(incoming, unusable);
  const kept = integration.encrypt_personal_data === true ? { ...item, ...(await sealer.body(incoming.webhook)) } : item;
  await producer.append(quarantineTopic(integration.environment), toQuarantineRecord(kept));
  logger.warn({ integration_id: integration.integration_id, event_id: forLog(envelope.event_id), reason: unusable.reason, path: forLog(unusable.path), ...traceFields(incoming.traceparent) }, 'event quarantined');
  onQuarantined(unusable.reason);
  return 'quarantined';
}

/** What a sender wrote, in a log line: long enough to find it by. */
const forLog = (text: string): string => text.slice(0, 100);

const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

function quarantined({ webhook, headers, pathIntegrationId, traceparent, bodyHash }: Incoming, unusable: Unusable): Quarantined {
  const { envelope, json, body, integration, receivedAt } = webhook;
  const key = payloadKeyOf(json);
  const fields = key === undefined ? json : (json[key] as JsonObject);
  return {
    ...unusable,
    environment: integration.environment,
    origin: 'http',
    httpSource: sourceOf(headers, pathIntegrationId),
    integrationId: integration.integration_id,
    eventId: envelope.event_id,
    eventType: envelope.event_type,
    version: textOf(json['version']),
    ticketId: textOf(fields['ticket_id']),
    receivedAt,
    traceparent,
    payload: body,
    payloadSha256: bodyHash(),
  };
}
