// Whole examples made from the payload examples of the JSON Schemas: the webhook that carries
// one, truly signed, and the record that the log then holds. A contract test sends them through
// the ingress' own code and compares.
import { createHash, createHmac } from 'node:crypto';
import { upcast, type AvroRecord, type AvroType, type EventContract, type Json, type JsonObject } from '../../schemas/contract.ts';
import { isObject } from '../../schemas/upcasting.ts';

/** The secret that every example is signed with. */
export const EXAMPLE_SECRET = 'example-secret';
/** The one of W3C's own examples. */
const EXAMPLE_TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
export const exampleSource = { platform: 'my-crm', integration_id: 'acme', environment: 'production' } as const;

export const examplePayload = (contract: EventContract, version: string): JsonObject => {
  const examples = contract.versions.get(version)?.['examples'];
  const [example] = Array.isArray(examples) ? examples : [];
  if (!isObject(example)) throw new Error(`schemas/${contract.folder}/${version}.json has no example`);
  return example;
};

/** The same on every run, so that the pages don't change by themselves. */
function exampleId(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** When the payload says that it happened. */
function timeOf(contract: EventContract, version: string): string {
  const properties = contract.versions.get(version)?.['properties'];
  const name = Object.entries(isObject(properties) ? properties : {}).find(([, property]) => isObject(property) && property['format'] === 'date-time')?.[0];
  const time = name === undefined ? undefined : examplePayload(contract, version)[name];
  return typeof time === 'string' ? time : '2026-03-02T09:00:00.000Z';
}

/** As the sender writes it. */
export type ExampleWebhook = {
  readonly [field in 'event_id' | 'event_type' | 'timestamp' | 'signature' | 'version']: string;
} & { readonly source: typeof exampleSource; readonly payload: JsonObject };

export function exampleWebhook(contract: EventContract, version: string): ExampleWebhook {
  const { eventType } = contract;
  const eventId = exampleId(`${eventType} ${version}`);
  const timestamp = timeOf(contract, version);
  return {
    event_id: eventId,
    event_type: eventType,
    timestamp,
    source: exampleSource,
    signature: createHmac('sha256', EXAMPLE_SECRET).update(eventId + eventType + timestamp).digest('hex'),
    version,
    payload: examplePayload(contract, version),
  };
}

/** The record's JSON: times as milliseconds, what is absent as null. */
export function exampleRecord(contract: EventContract, version: string): JsonObject {
  const { event_id, timestamp, source } = exampleWebhook(contract, version);
  const payload = contract.toRecord(upcast(contract, version, examplePayload(contract, version)));
  return held(contract.record, { ...payload, event_id, timestamp, source, version }) as JsonObject;
}

function held(type: AvroType, value: Json | undefined): Json {
  if (Array.isArray(type)) {
    const inner = (type as readonly AvroType[]).find((branch) => branch !== 'null');
    return value === undefined || value === null || inner === undefined ? null : held(inner, value);
  }
  if (typeof type === 'string') {
    if (type === 'string') return typeof value === 'string' ? value : JSON.stringify(value ?? '');
    return type === 'boolean' ? value === true : type === 'long' ? Number(value) : null;
  }
  const named = type as Exclude<AvroType, string | readonly AvroType[]>;
  switch (named.type) {
    case 'record': return heldRecord(named, isObject(value) ? value : {});
    case 'array': return (Array.isArray(value) ? value : []).map((item) => held(named.items, item));
    case 'map': return {};
    case 'long': return typeof value === 'string' ? Date.parse(value) : null;
  }
}

const heldRecord = (record: AvroRecord, value: JsonObject): JsonObject =>
  Object.fromEntries(record.fields.map((field) => [field.name, held(field.type, value[field.name])]));

export interface Header {
  readonly name: string;
  readonly meaning: string;
  /** Of the example event. */
  readonly example: string;
  /** Not in every record. */
  readonly optional?: true;
}

/** Headers of a record in the event topic. */
export function eventHeaders(contract: EventContract, version: string): Header[] {
  const { event_id, timestamp, signature, payload } = exampleWebhook(contract, version);
  const body = JSON.stringify(exampleWebhook(contract, version));
  return [
    { name: 'ce_specversion', meaning: 'CloudEvents, binary mode.', example: '1.0' },
    { name: 'ce_id', meaning: 'The event_id.', example: event_id },
    { name: 'ce_type', meaning: 'The event_type: which record the value is, without decoding it.', example: contract.eventType },
    { name: 'ce_source', meaning: '/platform/integration_id, each URL-encoded.', example: `/${exampleSource.platform}/${exampleSource.integration_id}` },
    { name: 'ce_time', meaning: 'The timestamp as sent.', example: timestamp },
    { name: 'ce_subject', meaning: 'The ticket_id, which is also the key.', example: typeof payload['ticket_id'] === 'string' ? payload['ticket_id'] : JSON.stringify(payload['ticket_id']) },
    { name: 'content-type', meaning: 'Always the same.', example: 'application/avro' },
    { name: 'integration_id', meaning: 'The tenant.', example: exampleSource.integration_id },
    { name: 'contract_version', meaning: 'Contract version as sent; empty when none was.', example: version },
    { name: 'received_at', meaning: 'When the ingress received it: ISO 8601, milliseconds, UTC.', example: '2026-03-02T09:00:00.412Z' },
    { name: 'body_sha256', meaning: 'SHA-256 of the webhook’s body, hex. Not of an integration whose personal data is sealed.', example: createHash('sha256').update(body).digest('hex'), optional: true },
    { name: 'signature', meaning: 'The envelope’s signature as sent.', example: signature },
    { name: 'traceparent', meaning: 'W3C Trace Context: the ingress’ span, in the sender’s trace if the webhook carried one.', example: EXAMPLE_TRACEPARENT },
    { name: 'replayed_from', meaning: 'After a replay: where in the quarantine topic it was, as topic/partition:offset.', example: 'crm.production.quarantine/0:17', optional: true },
    { name: 'fixed_by', meaning: 'After a replay with a fix: the fix’s file name.', example: 'fix.ts', optional: true },
  ];
}

/** Headers of a record in the quarantine topic; its value is the bytes as they came. */
export const quarantineHeaders: readonly Header[] = [
  { name: 'environment', meaning: 'Of the integration or the topic.', example: 'production' },
  { name: 'quarantine_reason', meaning: 'Short and stable.', example: 'schema_violation' },
  { name: 'quarantine_path', meaning: 'JSON Pointer of the first violation; may be empty.', example: '/payload/customer/first_name' },
  { name: 'quarantine_detail', meaning: 'For people.', example: 'must have required property \'first_name\' (contract 1.2)' },
  { name: 'origin', meaning: 'http, or the topic that the record lies in.', example: 'http' },
  { name: 'origin_partition', meaning: 'For a record of a topic.', example: '' },
  { name: 'origin_offset', meaning: 'For a record of a topic.', example: '' },
  { name: 'http_source', meaning: 'For http: path and User-Agent.', example: '/webhooks my-crm/3.1' },
  { name: 'refused_by', meaning: 'The one consumer that could not use it; empty when nobody can.', example: '' },
  { name: 'integration_id', meaning: 'The tenant.', example: exampleSource.integration_id },
  { name: 'ce_id', meaning: 'The event_id.', example: exampleId('quarantined') },
  { name: 'ce_type', meaning: 'The event_type as sent.', example: 'ticket.created' },
  { name: 'ce_subject', meaning: 'The ticket_id; empty when unknown.', example: 'TKT-8F3A21C0' },
  { name: 'contract_version', meaning: 'Contract version as sent.', example: '1.2' },
  { name: 'received_at', meaning: 'When it was received: ISO 8601, milliseconds, UTC.', example: '2026-03-02T09:00:00.412Z' },
  { name: 'body_sha256', meaning: 'SHA-256 of the value, hex.', example: createHash('sha256').update('quarantined').digest('hex') },
  { name: 'traceparent', meaning: 'W3C Trace Context: the span of who put it here; a replay goes on with its trace.', example: EXAMPLE_TRACEPARENT },
  { name: 'content-type', meaning: 'Always the same.', example: 'application/octet-stream' },
  { name: 'key_id', meaning: 'When the value is sealed, its key; body_sha256 is then an HMAC-SHA256 of what is inside, under the integration’s first secret.', example: '4baf8d6f0e09da2f', optional: true },
  { name: 'origin_key', meaning: 'For a record of a topic: its key.', example: 'TKT-8F3A21C0', optional: true },
  { name: 'origin_headers', meaning: 'For a record of a topic: its headers, as JSON.', example: '{"ce_type":"ticket.created"}', optional: true },
];

/** Headers of a record in the quarantine topic that says what was done about an item; its value is empty. */
export const resolutionHeaders: readonly Header[] = [
  { name: 'resolution', meaning: 'replayed, duplicate (it was in the log already), discarded or still_unusable.', example: 'replayed' },
  { name: 'resolves', meaning: 'The item, as partition:offset of its first record.', example: '0:17' },
  { name: 'resolved_by', meaning: 'user@host.', example: 'lea@desk' },
  { name: 'resolution_note', meaning: 'For people.', example: 'the new build knows 2.0' },
  ...['quarantine_reason', 'quarantine_path', 'quarantine_detail'].map((name) => ({ name, meaning: 'Of still_unusable: as of the new try.', example: '' })),
  ...['environment', 'origin', 'origin_partition', 'origin_offset', 'refused_by', 'integration_id', 'ce_id'].map((name) => ({
    name, meaning: 'As of the item.', example: quarantineHeaders.find((header) => header.name === name)?.example ?? '',
  })),
  { name: 'body_sha256', meaning: 'As of the item.', example: createHash('sha256').update('quarantined').digest('hex') },
  { name: 'received_at', meaning: 'When it was done: ISO 8601, milliseconds, UTC.', example: '2026-03-03T08:15:00.000Z' },
];
