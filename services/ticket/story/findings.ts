// Data quality: what in a ticket's events contradicts itself. Some findings depend on arrival.
import type { StatusMap } from '../desk/status.ts';
import type { Ordered } from '../order.ts';
import type { Step } from '../step.ts';

export type Rule = 'creation_missing' | 'creation_repeated' | 'event_before_creation' | 'future_time' | 'status_contradiction' | 'unknown_status';

export interface Finding {
  readonly rule: Rule;
  readonly occurrences: number;
}

export class Findings {
  /** Largest absolute difference between an event's body time and its event time. */
  clockSkewMs = 0;
  readonly #ordered: Ordered;
  readonly #statuses: StatusMap;
  #eventsBeforeCreation = 0;
  #futureTimes = 0;
  #contradictions = 0;
  #unknownStatuses = 0;
  #isStatusTold: boolean;

  constructor(ordered: Ordered, statuses: StatusMap) {
    this.#ordered = ordered;
    this.#statuses = statuses;
    this.#isStatusTold = (ordered.creation?.newStatus ?? '') !== '';
  }

  take(step: Step): void {
    const { event, after } = step;
    this.clockSkewMs = Math.max(this.clockSkewMs, Math.abs(event.bodyAt - event.at));
    // Later than its receipt; it still counts in all metrics.
    if (event.at > event.receivedAt) this.#futureTimes++;
    if (!after.isCreated) this.#eventsBeforeCreation++;
    const namesStatus = event.type === 'status.changed' || event.newStatus !== '';
    if (namesStatus && !this.#statuses.read(event.newStatus).isKnown) this.#unknownStatuses++;
    if (event.type === 'status.changed') this.#checkPrevious(step);
  }

  /** The timeline's order wins. Where ticket.created named no status, the first previous_status can't contradict. */
  #checkPrevious({ event, before }: Step): void {
    const contradicts = event.previousStatus !== '' && this.#statuses.read(event.previousStatus).key !== before.status.key;
    if (contradicts && this.#isStatusTold) this.#contradictions++;
    this.#isStatusTold = true;
  }

  /** By rule, in order of the alphabet. */
  all(): readonly Finding[] {
    const { creation, repeatedCreations } = this.#ordered;
    const counted: readonly (readonly [Rule, number])[] = [
      ['creation_missing', creation === null ? 1 : 0],
      ['creation_repeated', repeatedCreations],
      ['event_before_creation', this.#eventsBeforeCreation],
      ['future_time', this.#futureTimes],
      ['status_contradiction', this.#contradictions],
      ['unknown_status', this.#unknownStatuses],
    ];
    return counted.filter(([, occurrences]) => occurrences > 0).map(([rule, occurrences]) => ({ rule, occurrences }));
  }
}
