// kafkajs 2.2.4 wakes an idle process for nothing. Once a request was sent it re-arms a 1 ms timer for ever (its issue
// 1751): about 5 % of a core, and a TimeoutNegativeWarning on newer Node. It is needed only while requests wait, so it is
// armed only then. And each connection looks ten times a second for requests that were not answered in time, which is
// seconds; six connections make half of what an idle service uses. Once a second does.
import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: unknown[];
  readonly inflight: Map<number, { readonly sentAt: number; readonly requestTimeout: number; timeoutRequest(): void }>;
  readonly enforceRequestTimeout: boolean;
  readonly requestTimeout: number;
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  requestTimeoutIntervalId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
  scheduleRequestTimeoutCheck(): void;
  isConnected(): boolean;
  /** Ends the interval. */
  destroy(): void;
}

const RETRY_AFTER_MS = 10;
const LOOK_FOR_LATE_EVERY_MS = 1_000;

function armWhileRequestsWait(this: RequestQueue): void {
  if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return;
  const throttledForMs = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null;
    this.checkPendingRequests();
  }, throttledForMs > 0 ? throttledForMs : RETRY_AFTER_MS);
}

function lookForLateRequests(this: RequestQueue): void {
  if (!this.enforceRequestTimeout) return;
  this.destroy();
  this.requestTimeoutIntervalId = setInterval(() => {
    for (const request of this.inflight.values()) if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest();
    if (!this.isConnected()) this.destroy();
  }, Math.min(this.requestTimeout, LOOK_FOR_LATE_EVERY_MS));
}

export function calmIdleTimers(): void {
  const queue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  queue.prototype.scheduleCheckPendingRequests = armWhileRequestsWait;
  queue.prototype.scheduleRequestTimeoutCheck = lookForLateRequests;
}
