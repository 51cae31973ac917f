// How the quarantine's command line and the ingress talk about an event that is to come in
// again: one JSON text a line, over the standard streams of services/ingress/replay.
import type { QuarantineItem } from './quarantine.ts';

/** A body that was signed when it came first; its signature is not checked again, since secrets rotate. */
export interface ReplayRequest {
  readonly id: string;
  readonly environment: string;
  readonly integration_id: string;
  readonly received_at: string;
  readonly body_sha256: string;
  /** Empty of an item from before there was one. */
  readonly traceparent: string;
  /** base64. */
  readonly body: string;
}

/** The record that the door would append today, or why it would quarantine the event again. */
export type ReplayAnswer =
  | { readonly id: string; readonly kind: 'event'; readonly environment: string; readonly key: string; readonly value: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly id: string; readonly kind: 'unusable'; readonly reason: string; readonly path: string; readonly detail: string };

/** Some readers of lines take U+2028 and U+2029 for the end of one, and in JSON they may stand as they are: they are escaped. */
export const toLine = (message: ReplayRequest | ReplayAnswer): string =>
  `${JSON.stringify(message).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}\n`;

export const replayRequest = (item: QuarantineItem): ReplayRequest => ({
  id: item.id,
  environment: item.environment,
  integration_id: item.integrationId,
  received_at: item.receivedAt.toISOString(),
  body_sha256: item.bodySha256,
  traceparent: item.traceparent,
  body: item.payload.toString('base64'),
});
