// Escalations that the CRM fired, with the state when they fired and the next human action after them.
import type { Category } from '../desk/status.ts';
import { humanAction, type EscalationDetails } from '../event.ts';
import type { Step } from '../step.ts';

export interface Escalation {
  readonly eventId: string;
  readonly firedAt: number;
  readonly firedClock: number;
  readonly details: EscalationDetails;
  /** When it fired. */
  readonly category: Category;
  readonly queueId: string;
  readonly assigneeId: string;
  /** The next reply, note, status change or assignment by an agent; null and '' while there is none. */
  readonly acknowledgedAt: number | null;
  readonly acknowledgedById: string;
  readonly acknowledgeBusinessMs: number | null;
}

export class Escalations {
  readonly all: { -readonly [K in keyof Escalation]: Escalation[K] }[] = [];
  #acknowledged = 0;

  take(step: Step): void {
    const { event, after, at, clock } = step;
    if (event.escalation !== null) {
      this.all.push({
        eventId: event.eventId.toLowerCase(), firedAt: at, firedClock: clock, details: event.escalation,
        category: after.status.category, queueId: after.queueId, assigneeId: after.assigneeId,
        acknowledgedAt: null, acknowledgedById: '', acknowledgeBusinessMs: null,
      });
    } else if (this.#acknowledged < this.all.length && humanAction(event) !== null) {
      this.#acknowledge(step);
    }
  }

  /** All that fired before it and that nobody has acted on yet. */
  #acknowledge({ event, at, clock }: Step): void {
    for (const escalation of this.all.slice(this.#acknowledged)) {
      escalation.acknowledgedAt = at;
      escalation.acknowledgedById = event.actorId;
      escalation.acknowledgeBusinessMs = clock - escalation.firedClock;
    }
    this.#acknowledged = this.all.length;
  }
}
