// What the sender knows about each event's fate. The check at the end compares ClickHouse with
// this, so nothing may leave it silently: every event ends acknowledged, quarantined or dropped.
import type { CrmEvent } from './events.ts';

/** How the CRM may learn an event's fate; `dropped` is its own decision after the last attempt. */
export type Fate = 'accepted' | 'duplicate' | 'quarantined' | 'dropped';

interface Fates {
  /** Answered accepted or duplicate: must be in ClickHouse exactly once. */
  readonly acknowledged: Set<string>;
  readonly quarantined: Set<string>;
  /** Never acknowledged; may still have been written when only the answer was lost. */
  readonly dropped: Set<string>;
}

export class Ledger {
  readonly #byIntegration = new Map<string, Fates>();
  readonly counts: Record<Fate, number> = { accepted: 0, duplicate: 0, quarantined: 0, dropped: 0 };
  /** Attempts that failed and were tried again, by reason. */
  readonly retried = new Map<string, number>();
  /** Requests made, first attempts and retries. */
  attempts = 0;
  /** Deliveries whose fate is known. */
  settled = 0;
  late = 0;
  /** Deliveries that failed and wait for their next attempt, each with its ticket's later ones behind it. */
  waiting = 0;

  record(event: CrmEvent, fate: Fate): void {
    this.counts[fate]++;
    this.settled++;
    const fates = this.of(event.integrationId);
    if (fate === 'dropped') {
      if (!fates.acknowledged.has(event.eventId)) fates.dropped.add(event.eventId);
      return;
    }
    // What was quarantined once stays there, whatever a copy of it is answered.
    if (fate === 'quarantined') fates.quarantined.add(event.eventId);
    else if (!fates.quarantined.has(event.eventId)) fates.acknowledged.add(event.eventId);
    fates.dropped.delete(event.eventId);
  }

  retry(reason: string): void {
    this.retried.set(reason, (this.retried.get(reason) ?? 0) + 1);
  }

  of(integrationId: string): Fates {
    const known = this.#byIntegration.get(integrationId);
    if (known !== undefined) return known;
    const fates: Fates = { acknowledged: new Set(), quarantined: new Set(), dropped: new Set() };
    this.#byIntegration.set(integrationId, fates);
    return fates;
  }

  get integrations(): string[] {
    return [...this.#byIntegration.keys()].sort();
  }

  get retries(): number {
    return [...this.retried.values()].reduce((sum, count) => sum + count, 0);
  }
}
