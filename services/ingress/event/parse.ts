// Bytes to a webhook with an envelope.
import { isUtf8 } from 'node:buffer';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { envelopeSchema, type JsonObject } from '../../../schemas/contract.ts';
import type { Envelope, Refused, Webhook } from '../outcome.ts';
import { readJson } from './read-json.ts';

const isEnvelope = new Ajv2020({ strict: false }).compile<Envelope & JsonObject>(envelopeSchema);

const refused = (code: 'invalid_utf8' | 'invalid_json' | 'invalid_envelope', message: string, path?: string): Refused =>
  ({ kind: 'refused', status: 400, code, message, ...(path === undefined ? {} : { path }) });

/** JSON Pointer of the first violation; for a missing property, of that property. */
export function violationPath(error: ErrorObject): string {
  const missing = (error.params as { missingProperty?: string }).missingProperty;
  return missing === undefined ? error.instancePath : `${error.instancePath}/${missing}`;
}

export function parseWebhook(body: Buffer, receivedAt: Date): Webhook | Refused {
  if (!isUtf8(body)) return refused('invalid_utf8', 'the body is not well-formed UTF-8');
  const read = readJson(body.toString('utf8'));
  if (read.kind === 'not_json') return refused('invalid_json', read.message, read.path);
  const { rounded, tooDeep } = read;
  if (!isEnvelope(rounded)) {
    const error = isEnvelope.errors?.[0];
    return refused('invalid_envelope', `the envelope is invalid: ${error?.message ?? ''}`, error === undefined ? '' : violationPath(error));
  }
  const json = read.json as Envelope & JsonObject;
  return { body, json, rounded, tooDeep, envelope: json, receivedAt };
}
