// The sender's own list of every request and what it knows of its outcome, as Jepsen keeps one. Nothing else is asked about
// what was sent: the checker compares the log, ClickHouse and the quarantine with this.

/**
 * ok: 2xx, the event must be kept. fail: 4xx, it must be nowhere. unknown: 5xx, a reset or no answer in time, so it may be there
 * or not.
 */
export type Outcome = 'ok' | 'fail' | 'unknown';

export interface Request {
  readonly event: Sent;
  /** When it was sent and answered, on performance.now()'s clock. */
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly outcome: Outcome;
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  /** What a 2xx said (accepted, duplicate, quarantined), else the error's code. */
  readonly said: string;
}

/** An event as it was sent. */
export interface Sent {
  readonly integrationId: string;
  readonly ticketId: string;
  readonly eventId: string;
  readonly eventType: string;
  /** ISO 8601, as signed. */
  readonly timestamp: string;
  readonly body: string;
  /** What it does to its ticket; absent for what is none of a ticket's story. */
  readonly effect?: Effect;
  /** Not signed by its integration, or not meant to get in for another reason: it must be nowhere. */
  readonly isForged?: boolean;
  /** Signed, and unusable: it belongs into the quarantine. */
  readonly isUnusable?: boolean;
}

export type Effect =
  | { readonly kind: 'message'; readonly from: 'customer' | 'agent' | 'note' }
  | { readonly kind: 'status'; readonly status: string }
  | { readonly kind: 'assigned'; readonly agentId: string };

/** What is known of one event after all its attempts. */
export interface Fate {
  readonly event: Sent;
  readonly outcome: Outcome;
  readonly isQuarantined: boolean;
  /** When it was sent for the first time, and when the first 2xx came. */
  readonly sentAt: number;
  readonly ackedAt: number | null;
  readonly attempts: number;
}

/** Ids are compared without case, as the product does. */
export const identityOf = (event: Pick<Sent, 'integrationId' | 'ticketId' | 'eventId'>): string => `${event.integrationId}/${event.ticketId}/${event.eventId.toLowerCase()}`;

export class History {
  readonly requests: Request[] = [];

  add(request: Request): void {
    this.requests.push(request);
  }

  /** By identity. One 2xx is enough to promise; one unknown attempt is enough to leave it open. */
  fates(): Map<string, Fate> {
    const fates = new Map<string, Fate>();
    for (const request of this.requests) {
      const key = identityOf(request.event);
      fates.set(key, merged(fates.get(key), request));
    }
    return fates;
  }

  count(outcome: Outcome): number {
    return this.requests.filter((request) => request.outcome === outcome).length;
  }
}

const strength: Readonly<Record<Outcome, number>> = { fail: 0, unknown: 1, ok: 2 };

function merged(before: Fate | undefined, { event, outcome, said, sentAt, answeredAt }: Request): Fate {
  const best = before === undefined || strength[outcome] > strength[before.outcome] ? outcome : before.outcome;
  const ackedAt = before?.ackedAt ?? (outcome === 'ok' ? answeredAt : null);
  // The first body of an identity is the one that counts.
  return { event: before?.event ?? event, outcome: best, sentAt: before?.sentAt ?? sentAt, ackedAt, attempts: (before?.attempts ?? 0) + 1, isQuarantined: (before?.isQuarantined ?? false) || said === 'quarantined' };
}
