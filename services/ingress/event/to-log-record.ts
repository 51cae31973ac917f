// A prepared event as the log keeps it. The door and a replay from the quarantine both end
// here, so an event is the same record whichever way it came in.
import { MAX_EVENT_BYTES, mostBytes, recordBytes, type NewRecord } from '../../runtime/event-log.ts';
import type { Encode } from './encoders.ts';
import type { AuthenticWebhook, Unusable } from '../outcome.ts';
import type { PreparedEvent } from './prepare.ts';

/** How an event came in. */
export interface Provenance {
  readonly bodyHash: () => string;
  /** The span of the process that appends it. */
  readonly traceparent: string;
}

/** Kafka would refuse a record beyond the topic's limit at every try, so that is known before it is sent. */
export function toLogRecord(webhook: AuthenticWebhook, prepared: PreparedEvent, provenance: Provenance, encode: Encode): NewRecord | Unusable {
  const value = encode(prepared.contract, webhook.integration.environment, prepared.record);
  const record = { key: prepared.ticketId, value, headers: headersOf(webhook, prepared, provenance) };
  if (mostBytes(record) <= MAX_EVENT_BYTES) return record;
  const bytes = recordBytes(record);
  if (bytes <= MAX_EVENT_BYTES) return record;
  return { kind: 'unusable', reason: 'too_large', path: '', detail: `its record has ${bytes} bytes, and the log takes ${MAX_EVENT_BYTES}` };
}

/** CloudEvents binary mode, plus what is needed to route, dedupe and audit without decoding. */
function headersOf({ envelope, integration, receivedAt }: AuthenticWebhook, prepared: PreparedEvent, { bodyHash, traceparent }: Provenance): NewRecord['headers'] {
  const { platform, integration_id } = prepared.record['source'] as { platform: string; integration_id: string };
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: prepared.eventId,
    ce_type: prepared.contract.eventType,
    ce_source: `/${encodeURIComponent(platform)}/${encodeURIComponent(integration_id)}`,
    ce_time: envelope.timestamp,
    ce_subject: prepared.ticketId,
    'content-type': 'application/avro',
    integration_id,
    contract_version: prepared.version,
    received_at: receivedAt.toISOString(),
    signature: envelope.signature,
    traceparent,
  };
  // Who guesses what a forgotten customer wrote could see by it that they guessed right.
  if (integration.encrypt_personal_data !== true) headers['body_sha256'] = bodyHash();
  return headers;
}
