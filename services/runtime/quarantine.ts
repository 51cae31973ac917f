// Where input goes that cannot be used: whole, as raw bytes, with the reason in headers that
// need no decoding. A quarantine that can't be written is an error of the caller: it then
// acknowledges nothing.
import { createHash } from 'node:crypto';
import type { NewRecord } from './event-log.ts';
import type { Poison } from './landing.ts';

export interface Quarantined {
  readonly environment: string;
  /** Short and stable, e.g. `schema_violation`. */
  readonly reason: string;
  /** JSON Pointer of the first violation; empty when there is none. */
  readonly path: string;
  readonly detail: string;
  /** `http`, or the topic that the record lies in. */
  readonly origin: string;
  readonly originPartition?: number;
  readonly originOffset?: number;
  readonly integrationId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly version: string;
  readonly ticketId: string;
  readonly receivedAt: Date;
  readonly payload: Buffer;
}

const MAX_DETAIL = 1_000;

/** Kafka header values must be well-formed and short, whatever a sender put into a field. */
const headerSafe = (value: string): string => value.slice(0, MAX_DETAIL);

export function toQuarantineRecord(item: Quarantined): NewRecord {
  const headers: Record<string, string> = {
    environment: item.environment,
    quarantine_reason: item.reason,
    quarantine_path: item.path,
    quarantine_detail: item.detail,
    origin: item.origin,
    origin_partition: item.originPartition?.toString() ?? '',
    origin_offset: item.originOffset?.toString() ?? '',
    integration_id: item.integrationId,
    ce_id: item.eventId,
    ce_type: item.eventType,
    ce_subject: item.ticketId,
    contract_version: item.version,
    received_at: item.receivedAt.toISOString(),
    body_sha256: createHash('sha256').update(item.payload).digest('hex'),
    'content-type': 'application/octet-stream',
  };
  return {
    key: item.ticketId === '' ? item.eventId : item.ticketId,
    value: item.payload,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, headerSafe(value)])),
  };
}

/** A poison record of the log, as the quarantine keeps it. */
export const fromPoison = (poison: Poison, environment: string, receivedAt: Date): Quarantined => ({
  environment,
  reason: poison.reason,
  path: '',
  detail: poison.detail,
  origin: poison.record.topic,
  originPartition: poison.record.partition,
  originOffset: poison.record.offset,
  integrationId: poison.record.headers['integration_id'] ?? '',
  eventId: poison.record.headers['ce_id'] ?? '',
  eventType: poison.record.headers['ce_type'] ?? '',
  version: poison.record.headers['contract_version'] ?? '',
  ticketId: poison.record.key ?? '',
  receivedAt,
  payload: poison.record.value ?? Buffer.alloc(0),
});
