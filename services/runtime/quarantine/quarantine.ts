// Where input goes that cannot be used: whole, as raw bytes, with the reason in headers that
// need no decoding. A quarantine that can't be written is an error of the caller: it then
// acknowledges nothing. The topic is the truth about the quarantine and nothing in it is ever
// deleted; what was done about an item follows in a record of its own (resolution.ts).
//
// Nobody's address is kept: who sent an event is known by its integration's signature, and an
// address would be personal data kept for ever, or just the proxy's.
import { createHash } from 'node:crypto';
import type { LogRecord, NewRecord } from '../event-log.ts';
import type { Poison } from '../avro/record-reader.ts';
import { childSpan } from '../trace.ts';

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
  /** For `http`: the path it was posted to and the sender's User-Agent. */
  readonly httpSource?: string;
  /** Key and headers of a record of the log, so that it can be appended again. */
  readonly originKey?: string;
  readonly originHeaders?: Readonly<Record<string, string>>;
  /** The one service that cannot use it; empty when nobody can. */
  readonly refusedBy?: string;
  readonly integrationId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly version: string;
  readonly ticketId: string;
  readonly receivedAt: Date;
  /** The span of the process that quarantines it. */
  readonly traceparent?: string;
  readonly payload: Buffer;
  /** Of the bytes as they came, when the payload is not them or it is known already. */
  readonly payloadSha256?: string;
  /** The key that the payload is sealed with (personal/sealed.ts). */
  readonly keyId?: string;
}

/** An item as it lies in the quarantine topic. */
export interface QuarantineItem extends Required<Omit<Quarantined, 'originPartition' | 'originOffset' | 'payloadSha256'>> {
  readonly originPartition: number | null;
  readonly originOffset: number | null;
  /** `partition:offset` of its first record in the quarantine topic: how people name it. */
  readonly id: string;
  readonly schemaId: number | null;
  readonly bodySha256: string;
}

/** What is told of an item, by the names that columns and programs know it by; its bytes stand apart. */
export const itemColumns = (item: QuarantineItem) => ({
  environment: item.environment,
  reason: item.reason,
  path: item.path,
  detail: item.detail,
  origin: item.origin,
  origin_partition: item.originPartition,
  origin_offset: item.originOffset,
  http_source: item.httpSource,
  refused_by: item.refusedBy,
  schema_id: item.schemaId,
  integration_id: item.integrationId,
  event_id: item.eventId,
  event_type: item.eventType,
  version: item.version,
  ticket_id: item.ticketId,
  received_at: item.receivedAt.getTime(),
  body_sha256: item.bodySha256,
  key_id: item.keyId,
});

const MAX_DETAIL = 1_000;
/** Beside a payload of 4 MiB this still fits into the quarantine's record limit. */
const MAX_ORIGIN_HEADERS = 65_536;

/** Keys and header values must be short and well-formed, whatever a sender put into a field and wherever it is cut. */
export const headerSafe = (value: string, length = MAX_DETAIL): string => value.slice(0, length).toWellFormed();

export const quarantineKey = ({ ticketId, eventId }: Pick<Quarantined, 'ticketId' | 'eventId'>): string => headerSafe(ticketId === '' ? eventId : ticketId);

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** The Confluent schema id that the value begins with, if it looks like one. */
export const schemaIdOf = (value: Buffer): number | null => (value.length >= 5 && value[0] === 0 ? value.readUInt32BE(1) : null);

/** The headers as JSON; those of an unreasonable size are left out, the log itself still has them. */
function headersJson(headers: Readonly<Record<string, string>>): string {
  let size = 0;
  return JSON.stringify(Object.fromEntries(Object.entries(headers).filter(([name, value]) => (size += name.length + value.length) <= MAX_ORIGIN_HEADERS)));
}

export function toQuarantineRecord(item: Quarantined): NewRecord {
  const short: Record<string, string> = {
    environment: item.environment,
    quarantine_reason: item.reason,
    quarantine_path: item.path,
    quarantine_detail: item.detail,
    origin: item.origin,
    origin_partition: item.originPartition?.toString() ?? '',
    origin_offset: item.originOffset?.toString() ?? '',
    http_source: item.httpSource ?? '',
    refused_by: item.refusedBy ?? '',
    integration_id: item.integrationId,
    ce_id: item.eventId,
    ce_type: item.eventType,
    ce_subject: item.ticketId,
    contract_version: item.version,
    received_at: item.receivedAt.toISOString(),
    body_sha256: item.payloadSha256 ?? sha256(item.payload),
    traceparent: item.traceparent ?? '',
    'content-type': 'application/octet-stream',
  };
  return {
    key: quarantineKey(item),
    value: item.payload,
    headers: {
      ...Object.fromEntries(Object.entries(short).map(([name, value]) => [name, headerSafe(value)])),
      ...(item.keyId === undefined ? {} : { key_id: item.keyId }),
      ...(item.originKey === undefined ? {} : { origin_key: headerSafe(item.originKey, MAX_ORIGIN_HEADERS) }),
      ...(item.originHeaders === undefined ? {} : { origin_headers: headersJson(item.originHeaders) }),
    },
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
  originKey: poison.record.key ?? '',
  originHeaders: poison.record.headers,
  integrationId: poison.record.headers['integration_id'] ?? '',
  eventId: poison.record.headers['ce_id'] ?? '',
  eventType: poison.record.headers['ce_type'] ?? '',
  version: poison.record.headers['contract_version'] ?? '',
  ticketId: poison.record.key ?? '',
  receivedAt,
  traceparent: childSpan(poison.record.headers['traceparent']),
  payload: poison.record.value ?? Buffer.alloc(0),
});

/** A partition or offset as its header has it; anybody may have written it. */
export function numberOrNull(value: string | undefined, max = Number.MAX_SAFE_INTEGER): number | null {
  const number = /^\d+$/.test(value ?? '') ? Number(value) : Number.NaN;
  return number <= max ? number : null;
}

export const MAX_INT = 2 ** 31 - 1;

function parsedHeaders(json: string | undefined): Record<string, string> {
  try {
    return JSON.parse(json ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

/** Reads an item back. Whatever its headers lack is empty, so none is ever unreadable. */
export function readQuarantineRecord({ partition, offset, value, headers, timestampMs }: LogRecord): QuarantineItem {
  const text = (name: string): string => headers[name] ?? '';
  const payload = value ?? Buffer.alloc(0);
  const receivedAt = Date.parse(text('received_at'));
  const origin = text('origin');
  return {
    id: `${partition}:${offset}`,
    environment: text('environment'),
    reason: headers['quarantine_reason'] ?? 'unknown',
    path: text('quarantine_path'),
    detail: text('quarantine_detail'),
    origin,
    originPartition: numberOrNull(headers['origin_partition'], MAX_INT),
    originOffset: numberOrNull(headers['origin_offset']),
    httpSource: text('http_source'),
    originKey: text('origin_key'),
    originHeaders: parsedHeaders(headers['origin_headers']),
    refusedBy: text('refused_by'),
    schemaId: origin === 'http' ? null : schemaIdOf(payload),
    integrationId: text('integration_id'),
    eventId: text('ce_id'),
    eventType: text('ce_type'),
    version: text('contract_version'),
    ticketId: text('ce_subject'),
    bodySha256: text('body_sha256'),
    receivedAt: new Date(Number.isNaN(receivedAt) ? timestampMs : receivedAt),
    traceparent: text('traceparent'),
    keyId: text('key_id'),
    payload,
  };
}
