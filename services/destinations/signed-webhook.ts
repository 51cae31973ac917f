// A POST of JSON to an address of one's own, signed as Standard Webhooks says. A repetition has the same webhook-id, by which
// its receiver knows it; the signature is of the time at which it is sent.
import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { OpenApi } from './consumer.ts';
import type { Api } from './http.ts';

export interface WebhookSettings {
  readonly url: string;
  readonly signing_secret: string;
}

/** Properties of a section. An address may hold a token, so it is a secret, too. A secret has 24 bytes or more. */
export const webhookSchema = {
  url: { type: 'string', pattern: '^https?://[^\\s/]+', secret: true },
  signing_secret: { type: 'string', pattern: '^(whsec_)?[A-Za-z0-9+/]{32,}={0,2}$', secret: true },
};

export interface WebhookMessage {
  readonly id: string;
  /** What happened, in words with dots between. */
  readonly type: string;
  /** When it happened. */
  readonly at: Date;
  readonly data: object;
}

/** The same for the same parts. */
export const webhookId = (parts: readonly (string | number)[]): string => `msg_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`;

/** That the address is wrong, or does not let us in, is our fault and no message's: it waits until somebody has mended it. */
const OUR_FAULT = [401, 403, 404];

export class SignedWebhook {
  readonly #api: Api;
  readonly #signer: Webhook;

  constructor({ url: baseUrl, signing_secret }: WebhookSettings, { name, api }: { readonly name: string; readonly api: OpenApi }) {
    this.#api = api({ name, baseUrl, alsoNotNow: OUR_FAULT });
    this.#signer = new Webhook(signing_secret);
  }

  /** @throws NotNow, Refused. */
  async post({ id, type, at, data }: WebhookMessage, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({ type, timestamp: at.toISOString(), data });
    const now = new Date();
    const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)), 'webhook-signature': this.#signer.sign(id, now, body) };
    await this.#api.request({ method: 'POST', path: '', body, headers, signal });
  }
}
