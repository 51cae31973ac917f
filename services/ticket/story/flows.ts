// Flows: what enters and leaves the open tickets of a queue. They reconcile with the backlog exactly: the sum of a queue's
// flows up to an instant is whether the ticket is in its backlog then.
import { isOver } from '../desk/status.ts';
import type { Crossing, Step } from '../step.ts';

export type FlowKind = 'created' | 'moved_in' | 'moved_out' | Exclude<Crossing, ''>;

export interface Flow {
  readonly at: number;
  readonly queueId: string;
  readonly kind: FlowKind;
}

/** What a flow does to the backlog of its queue: net flow = created + reopened + restored + moved in − solved − discarded − moved out. */
export const backlogChange: Readonly<Record<FlowKind, 1 | -1>> = {
  created: 1, reopened: 1, restored: 1, moved_in: 1, solved: -1, discarded: -1, moved_out: -1,
};

export class Flows {
  readonly all: Flow[] = [];

  take({ no, at, before, after, changesQueue, crossing }: Step): void {
    // Created in '', the queue of a ticket that was never assigned to one, and at its first event. A ticket created with a
    // finished status enters when it comes back.
    if (no === 1 && !isOver(before.status.category)) this.all.push({ at, queueId: '', kind: 'created' });
    // The first assignment is a move into its queue; moves of tickets that are over don't count.
    if (changesQueue && !isOver(after.status.category)) {
      this.all.push({ at, queueId: before.queueId, kind: 'moved_out' }, { at, queueId: after.queueId, kind: 'moved_in' });
    }
    if (crossing !== '') this.all.push({ at, queueId: after.queueId, kind: crossing });
  }
}
