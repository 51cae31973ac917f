// What the door would do today with a body that is in quarantine: the same parse, prepare and
// encode, with the original event_id, timestamps and received_at. Only the signature is not
// checked: it was when the body came first, and its secret may be gone since. Whoever can
// write to the quarantine topic can write to the log as well, so this opens nothing.
import type { JsonObject } from '../../../schemas/contract.ts';
import type { ReplayAnswer, ReplayRequest } from '../../runtime/quarantine/replay.ts';
import { childSpan } from '../../runtime/trace.ts';
import type { Encode } from '../event/encoders.ts';
import type { Integration } from '../../runtime/integrations-file.ts';
import type { AuthenticWebhook, Unusable, Webhook } from '../outcome.ts';
import { parseWebhook } from '../event/parse.ts';
import type { PreparedEvent } from '../event/prepare.ts';
import type { Sealer } from '../event/seal.ts';
import { toLogRecord } from '../event/to-log-record.ts';

/** Corrects a webhook's body: what is sent in, and what it should have been. */
export type Fix = (body: JsonObject) => JsonObject;

export interface AgainDependencies {
  readonly integrations: readonly Integration[];
  readonly prepare: (webhook: AuthenticWebhook) => PreparedEvent | Unusable;
  readonly sealer: Sealer;
  readonly encode: Encode;
  readonly fix: Fix | null;
}

class Impossible extends Error {
  readonly reason: string;
  readonly path: string;

  constructor(reason: string, path: string, message: string) {
    super(message);
    this.reason = reason;
    this.path = path;
  }
}

export const createAgain = (dependencies: AgainDependencies) => async (request: ReplayRequest): Promise<ReplayAnswer> => {
  try {
    return await again(dependencies, request);
  } catch (error) {
    if (!(error instanceof Impossible)) throw error;
    return { id: request.id, kind: 'unusable', reason: error.reason, path: error.path, detail: error.message };
  }
};

async function again({ integrations, prepare, sealer, encode, fix }: AgainDependencies, request: ReplayRequest): Promise<ReplayAnswer> {
  const original = parsed(Buffer.from(request.body, 'base64'), new Date(request.received_at));
  const webhook = fix === null ? original : fixed(original, fix);
  const authentic = { ...webhook, integration: integrationFor(request, integrations) };
  const prepared = prepare(authentic);
  if (prepared.kind === 'unusable') return { ...prepared, id: request.id };
  const kept = authentic.integration.encrypt_personal_data === true ? await sealer.event(authentic, prepared) : prepared;
  const record = toLogRecord(authentic, kept, { bodyHash: () => request.body_sha256, traceparent: childSpan(request.traceparent) }, encode);
  if ('kind' in record) return { ...record, id: request.id };
  const { environment } = authentic.integration;
  return { id: request.id, kind: 'event', environment, key: record.key, value: record.value.toString('base64'), headers: record.headers };
}

function parsed(body: Buffer, receivedAt: Date): Webhook {
  const webhook = parseWebhook(body, receivedAt);
  if ('kind' in webhook) throw new Impossible(webhook.code, webhook.path ?? '', webhook.message);
  return webhook;
}

/** A correction may change what the event says, never which event it is, whose, or when. */
function fixed(original: Webhook, fix: Fix): Webhook {
  let body: JsonObject;
  try {
    body = fix(structuredClone(original.json));
  } catch (error) {
    throw new Impossible('fix_failed', '', error instanceof Error ? error.message : String(error));
  }
  const webhook = parsed(Buffer.from(JSON.stringify(body)), original.receivedAt);
  for (const field of ['event_id', 'timestamp', 'signature'] as const) {
    if (webhook.envelope[field] !== original.envelope[field]) throw new Impossible('fix_failed', `/${field}`, `a fix must not change ${field}`);
  }
  if (webhook.envelope.source.integration_id !== original.envelope.source.integration_id) throw new Impossible('fix_failed', '/source/integration_id', 'a fix must not change integration_id');
  return webhook;
}

/**
 * The integration as it is configured now. The one of the environment whose secret signed the event
 * comes first: with two environments of one id, a signature of one must not open the other. An
 * integration that was moved to another environment since is followed there.
 */
function integrationFor({ integration_id: id, environment }: ReplayRequest, integrations: readonly Integration[]): Integration {
  const candidates = integrations.filter((candidate) => candidate.integration_id === id);
  const found = candidates.find((candidate) => candidate.environment === environment) ?? (candidates.length === 1 ? candidates[0] : undefined);
  if (found === undefined) throw new Impossible('unknown_integration', '/source/integration_id', 'the integrations file does not have this integration');
  return found;
}
