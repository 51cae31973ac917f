// Where the time went: milliseconds by category, without an assignee, and held. They are added up to the last event; from
// there the present state runs, which a reader adds at his own present.
import { isAgentsTurn, isOver } from '../desk/status.ts';
import { isHeld } from './intervals.ts';
import type { Step } from '../step.ts';

export interface Duration {
  readonly ms: number;
  readonly businessMs: number;
}

class Sum implements Duration {
  ms = 0;
  businessMs = 0;

  add({ passedMs, passedBusinessMs }: Step): void {
    this.ms += passedMs;
    this.businessMs += passedBusinessMs;
  }
}

/** Each is 0 when it never happened. Time discarded, solved or closed belongs to none of them. */
export class Durations {
  /** In new and open: agent_work_seconds. With on_hold: requester_wait_seconds. */
  readonly work = new Sum();
  readonly pending = new Sum();
  readonly onHold = new Sum();
  /** Without assignee while not over. */
  readonly unassigned = new Sum();
  /** In new and open with an assignee, whoever that was. */
  readonly held = new Sum();

  take(step: Step): void {
    if (step.passedMs === 0) return;
    const { category } = step.before.status;
    if (isAgentsTurn(category)) this.work.add(step);
    else if (category === 'pending') this.pending.add(step);
    else if (category === 'on_hold') this.onHold.add(step);
    if (step.before.assigneeId === '' && !isOver(category)) this.unassigned.add(step);
    if (isHeld(step.before)) this.held.add(step);
  }
}
