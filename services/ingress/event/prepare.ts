// From an authentic webhook to a record of the log: find its contract, validate against the
// version it claims, upcast, validate against the newest, map. Whatever fails here is our
// ignorance or the sender's mistake, and is quarantined, never refused.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { compareVersions, upcastsFrom, type EventContract, type Json, type JsonObject, type Upcast } from '../../../schemas/contract.ts';
import { isObject } from '../../../schemas/upcasting.ts';
import type { AuthenticWebhook, Unusable } from '../outcome.ts';
import { violationPath } from './parse.ts';
import { MAX_DEPTH, pointer } from './read-json.ts';
import { keepExtra, recordConverter, Violation } from './to-record.ts';
import { identifierProblem } from './text.ts';
import { readTime } from './time.ts';

export interface PreparedEvent {
  readonly kind: 'event';
  readonly contract: EventContract;
  readonly ticketId: string;
  readonly eventId: string;
  readonly version: string;
  /** False when the version is a minor one that the contract does not list. */
  readonly knownVersion: boolean;
  /** The value for the contract's Avro record. */
  readonly record: Record<string, unknown>;
}

interface CompiledContract {
  readonly contract: EventContract;
  readonly validators: ReadonlyMap<string, ValidateFunction>;
  readonly upcasts: ReadonlyMap<string, Upcast>;
  readonly oldest: string;
  readonly newest: string;
  /** Makes the record, without what the envelope and the log add. */
  readonly toFields: ReturnType<typeof recordConverter>;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const VERSION = /^\d{1,9}(\.\d{1,9}){0,2}$/;
const envelopeFields = new Set(['event_id', 'event_type', 'timestamp', 'source', 'signature', 'version']);
const payloadKeys = ['payload', 'data', 'body'] as const;
const LAST_EVENT_MS = Date.UTC(2106, 0, 1);

/** Compiles the contracts once; the result turns webhooks into records and never throws. */
export function createPrepare(contracts: ReadonlyMap<string, EventContract>): (webhook: AuthenticWebhook) => PreparedEvent | Unusable {
  // Numbers beyond a double's reach are whole numbers to a schema; what they are worth is judged by their text.
  const ajv = new Ajv2020({ strict: false, strictNumbers: false, allowUnionTypes: true, verbose: true });
  ajvFormats.default(ajv);
  ajv.addFormat('date-time', (text: string) => readTime(text).kind === 'time');
  const compiled = new Map([...contracts].map(([eventType, contract]) => [eventType, compileContract(ajv, contract)]));
  return (webhook) => {
    try {
      return prepare(compiled, webhook);
    } catch (error) {
      if (error instanceof Violation) return { kind: 'unusable', reason: error.reason, path: error.path, detail: error.message };
      // A body nested thousands deep overflows the stack of any recursive step; it is kept like the rest.
      return { kind: 'unusable', reason: 'unprocessable', path: '', detail: error instanceof Error ? error.name : 'unknown error' };
    }
  };
}

function compileContract(ajv: Ajv2020, contract: EventContract): CompiledContract {
  const versions = [...contract.versions.keys()];
  const [oldest] = versions;
  const newest = versions.at(-1);
  if (oldest === undefined || newest === undefined) throw new Error(`schemas/${contract.folder} has no version`);
  return {
    contract,
    oldest,
    newest,
    validators: new Map([...contract.versions].map(([version, schema]) => [version, ajv.compile(schema)])),
    upcasts: new Map(versions.map((version) => [version, upcastsFrom(contract, version)])),
    toFields: recordConverter({ ...contract.record, fields: contract.record.fields.filter((field) => !envelopeFields.has(field.name) && field.name !== 'extra') }),
  };
}

function prepare(compiled: ReadonlyMap<string, CompiledContract>, webhook: AuthenticWebhook): PreparedEvent {
  const { envelope, json, integration } = webhook;
  if (webhook.tooDeep) throw new Violation('unprocessable', '', `is nested deeper than ${MAX_DEPTH} levels`);
  if (!UUID.test(envelope.event_id)) throw new Violation('invalid_event_id', '/event_id', 'is not a UUID');
  const found = compiled.get(envelope.event_type);
  if (found === undefined) throw new Violation('unknown_event_type', '/event_type', 'no contract for this event type');
  const version = versionOf(json['version'], found);
  const timestamp = eventTime(envelope.timestamp);
  const { environment } = envelope.source;
  if (environment !== undefined && environment !== null && environment !== integration.environment) {
    throw new Violation('environment_mismatch', '/source/environment', 'is not the environment of the integration');
  }
  const extra: Record<string, string> = {};
  const payload = payloadOf(json, extra);
  const current = validated(found, version, { payload, rounded: webhook.rounded === json ? payload : payloadOf(webhook.rounded) });
  const record = found.toFields(current, '/payload', extra);
  const eventId = envelope.event_id.toLowerCase();
  record['event_id'] = eventId;
  record['source'] = sourceOf(webhook, extra);
  record['timestamp'] = timestamp;
  record['version'] = version.sent;
  record['extra'] = extra;
  return {
    kind: 'event',
    contract: found.contract,
    ticketId: String(record['ticket_id']),
    eventId,
    version: version.sent,
    knownVersion: found.contract.versions.has(version.sent),
    record,
  };
}

interface Version {
  /** As sent; '' when the envelope has none. */
  readonly sent: string;
  /** The known version whose schema and upcasters apply. */
  readonly applied: string;
}

/** A missing version is the oldest; an unknown minor is judged by the newest known one before it. A number comes as its text. */
function versionOf(sent: Json | undefined, { contract, oldest, newest }: CompiledContract): Version {
  if (typeof sent === 'string' && contract.versions.has(sent)) return { sent, applied: sent };
  if (sent === undefined || sent === null || sent === '') return { sent: '', applied: oldest };
  if (typeof sent !== 'string' || !VERSION.test(sent)) throw new Violation('unknown_version', '/version', 'is not a version number');
  const known = [...contract.versions.keys()];
  const sameMajor = (candidate: string): boolean => candidate.split('.')[0] === sent.split('.')[0];
  if (!known.some(sameMajor)) throw new Violation('unknown_version', '/version', `the contract knows ${oldest} to ${newest}`);
  return { sent, applied: known.filter((candidate) => sameMajor(candidate) && compareVersions(candidate, sent) <= 0).at(-1) ?? oldest };
}

function eventTime(timestamp: string): number {
  const time = readTime(timestamp);
  if (time.kind === 'no_time') throw new Violation('invalid_timestamp', '/timestamp', time.problem);
  if (time.ms < 0 || time.ms >= LAST_EVENT_MS) throw new Violation('invalid_timestamp', '/timestamp', 'is outside the years 1970 to 2105');
  return time.ms;
}

/** The tenant comes from the integration that signed; a platform that is no text is kept as it is. */
function sourceOf({ envelope, rounded, integration }: AuthenticWebhook, extra: Record<string, string>): Record<string, string> {
  const { integration_id, platform } = envelope.source;
  const problem = identifierProblem(integration_id);
  if (problem !== null) throw new Violation('invalid_identifier', '/source/integration_id', problem);
  // As it was sent: a number too long for a double is kept as text, and is no name either.
  const isNamed = typeof platform === 'string' && typeof (rounded['source'] as JsonObject)['platform'] === 'string';
  for (const key in envelope.source) {
    if (key !== 'integration_id' && key !== 'environment' && !(key === 'platform' && isNamed)) keepExtra(extra, pointer('/source', key), envelope.source[key] ?? null);
  }
  return { platform: isNamed ? platform.toWellFormed() : '', integration_id, environment: integration.environment };
}

/** Where an event's fields are: under `payload` (canonical), `data` or `body`, else beside the envelope. */
export const payloadKeyOf = (json: JsonObject): (typeof payloadKeys)[number] | undefined => payloadKeys.find((candidate) => isObject(json[candidate]));

function payloadOf(json: JsonObject, extra: Record<string, string> = {}): JsonObject {
  const key = payloadKeyOf(json);
  if (key === undefined) return Object.fromEntries(Object.entries(json).filter(([name]) => !envelopeFields.has(name)));
  for (const name in json) {
    if (!envelopeFields.has(name) && name !== key) keepExtra(extra, pointer('', name), json[name] ?? null);
  }
  return json[key] as JsonObject;
}

/** An event's fields twice: `rounded` has the types that a schema judges, `payload` what is kept. */
interface Payload {
  readonly payload: JsonObject;
  readonly rounded: JsonObject;
}

function validated(compiled: CompiledContract, version: Version, { payload, rounded }: Payload): JsonObject {
  if (Object.keys(payload).length === 0) throw new Violation('payload_missing', '/payload', 'the event has no fields');
  check(compiled, version.applied, rounded);
  const upcast = compiled.upcasts.get(version.applied) ?? ((same) => same);
  const current = upcast(payload);
  const judged = rounded === payload ? current : upcast(rounded);
  // Most events are of the newest version, in its own spelling, and have just been judged by it.
  if (version.applied !== compiled.newest || judged !== rounded) check(compiled, compiled.newest, judged);
  return compiled.contract.toRecord(current);
}

function check(compiled: CompiledContract, version: string, payload: JsonObject): void {
  const validate = compiled.validators.get(version);
  if (validate === undefined || validate(payload)) return;
  const error = validate.errors?.[0];
  throw new Violation('schema_violation', `/payload${error === undefined ? '' : violationPath(error)}`, `${error === undefined ? 'does not validate' : problemOf(error)} (contract ${version})`);
}

function problemOf({ keyword, data, message = 'does not validate' }: ErrorObject): string {
  const time = keyword === 'format' && typeof data === 'string' ? readTime(data) : null;
  return time?.kind === 'no_time' ? time.problem : message;
}
