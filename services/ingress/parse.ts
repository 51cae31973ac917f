// Bytes to a webhook with an envelope. Numbers that a double can't hold are kept as text, so
// no id is ever rounded; that slower parser runs only when the text has such a long number.
import { isUtf8 } from 'node:buffer';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { isSafeNumber, parse as parseLossless } from 'lossless-json';
import { envelopeSchema, type Json, type JsonObject } from '../../schemas/contract.ts';
import type { Envelope, Refused, Webhook } from './outcome.ts';

const LONG_NUMBER = /[0-9.eE+-]{16,}/;

const isEnvelope = new Ajv2020({ strict: false }).compile<Envelope & JsonObject>(envelopeSchema);

const numberOrText = (value: string): unknown => (isSafeNumber(value) ? Number(value) : value);

interface Parsed {
  readonly json: Json;
  /** False when a long number may have been rounded: only for bodies nested too deep for the exact parser. */
  readonly exact: boolean;
}

function parseJson(text: string): Parsed {
  if (!LONG_NUMBER.test(text)) return { json: JSON.parse(text) as Json, exact: true };
  try {
    return { json: parseLossless(text, undefined, { parseNumber: numberOrText }) as Json, exact: true };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { json: JSON.parse(text) as Json, exact: false };
  }
}

/** Where and why the text isn't JSON, without repeating any of it. */
function syntaxError(text: string): string {
  try {
    parseLossless(text);
    return 'the body is not valid JSON';
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    return position === undefined ? 'the body is not valid JSON' : `the body is not valid JSON: error at position ${position}`;
  }
}

const refused = (code: 'invalid_utf8' | 'invalid_json' | 'invalid_envelope', message: string, path?: string): Refused =>
  ({ kind: 'refused', status: 400, code, message, ...(path === undefined ? {} : { path }) });

/** JSON Pointer of the first violation; for a missing property, of that property. */
export function violationPath(error: ErrorObject): string {
  const missing = (error.params as { missingProperty?: string }).missingProperty;
  return missing === undefined ? error.instancePath : `${error.instancePath}/${missing}`;
}

export function parseWebhook(body: Buffer, receivedAt: Date): Webhook | Refused {
  if (!isUtf8(body)) return refused('invalid_utf8', 'the body is not well-formed UTF-8');
  const text = body.toString('utf8');
  let parsed: Parsed;
  try {
    parsed = parseJson(text);
  } catch {
    return refused('invalid_json', syntaxError(text));
  }
  const { json, exact } = parsed;
  if (!isEnvelope(json)) {
    const error = isEnvelope.errors?.[0];
    return refused('invalid_envelope', `the envelope is invalid: ${error?.message ?? ''}`, error === undefined ? '' : violationPath(error));
  }
  return { body, json, exact, envelope: json, receivedAt };
}
