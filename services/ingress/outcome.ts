// What can become of a webhook, as data. Only infrastructure failures are thrown.
import type { JsonObject } from '../../schemas/contract.ts';
import type { Integration } from '../runtime/integrations-file.ts';

/** Refused before the event was known to be authentic; nothing is stored. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: 400 | 401 | 429;
  readonly code: RefusalCode;
  readonly message: string;
  /** JSON Pointer to the field at fault, where there is one. */
  readonly path?: string;
  readonly retryAfterSeconds?: number;
}

export type RefusalCode = 'invalid_utf8' | 'invalid_json' | 'invalid_envelope' | 'unauthorized' | 'too_old' | 'rate_limited';

export type QuarantineReason =
  | 'unknown_event_type' | 'unknown_version' | 'invalid_event_id' | 'invalid_timestamp' | 'environment_mismatch'
  | 'payload_missing' | 'schema_violation' | 'invalid_identifier' | 'out_of_range' | 'too_large' | 'unprocessable';

/** Authentic but unusable: kept whole, with the reason. */
export interface Unusable {
  readonly kind: 'unusable';
  readonly reason: QuarantineReason;
  readonly path: string;
  readonly detail: string;
}

/** The envelope's fields, present and of the right type; everything else is still unchecked. */
export interface Envelope {
  readonly event_id: string;
  readonly event_type: string;
  readonly timestamp: string;
  readonly source: JsonObject & { readonly integration_id: string };
  readonly signature: string;
}

/** A webhook whose envelope could be read. */
export interface Webhook {
  readonly body: Buffer;
  /** Numbers that a double cannot hold are text. */
  readonly json: JsonObject;
  /** The same with such numbers rounded, for judging types; nothing of it is kept. */
  readonly rounded: JsonObject;
  /** Nested deeper than readers of the log can follow. */
  readonly tooDeep: boolean;
  readonly envelope: Envelope;
  readonly receivedAt: Date;
}

/** A webhook that its integration signed. */
export interface AuthenticWebhook extends Webhook {
  readonly integration: Integration;
}

export interface Answer {
  readonly status: 'accepted' | 'duplicate' | 'quarantined';
  readonly event_id: string;
}
