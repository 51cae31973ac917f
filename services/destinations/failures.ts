// How a request to a vendor may fail, and what that means for the event behind it.
import { RetriableError } from '../runtime/consumer.ts';

/** The vendor can't do it now: the event waits, for as long as it takes. */
export class NotNow extends RetriableError {
  /** What the vendor asked for; 0 when nothing. */
  readonly retryAfterMs: number;
  /** Whether the request may have had its effect all the same. */
  readonly sent: boolean;
  /** Of the answer; null when there was none. */
  readonly status: number | null;

  constructor(message: string, { retryAfterMs = 0, sent, status = null }: { readonly retryAfterMs?: number; readonly sent: boolean; readonly status?: number | null }) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.sent = sent;
  }
}

/** The vendor will never do it: the event goes to quarantine, with what the vendor said. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  /** In the vendor's words, shortened. */
  readonly said: string;

  constructor(message: string, { status, said }: { readonly status: number; readonly said: string }) {
    super(message);
    this.status = status;
    this.said = said;
  }
}
