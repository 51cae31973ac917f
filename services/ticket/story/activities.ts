// What happened, step by step: activities for the process view, and what people did for sessions of work.
import { humanAction, isPrivateNote, isUnassignment, isWrittenByMachine, type ActionKind } from '../event.ts';
import type { Step } from '../step.ts';

/** created, customer_message, agent_reply, private_note, automated_message, assigned, unassigned, solved, discarded, reopened, restored, status_<category>, escalated. */
export interface Activity {
  readonly stepNo: number;
  readonly at: number;
  readonly clock: number;
  readonly activity: string;
  readonly actorType: string;
  /** '' for an automated message, which counts for no agent. */
  readonly actorId: string;
  readonly queueId: string;
}

/** By a human agent; '' is one without id. */
export interface Action {
  readonly stepNo: number;
  readonly at: number;
  readonly agentId: string;
  readonly kind: ActionKind;
}

/** '' for a repetition, which is nothing that happened. */
function activityOf({ event, after, crossing, isRepetition, isCustomerMessage, isReply }: Step): string {
  switch (event.type) {
    case 'ticket.created': return 'created';
    case 'message.received':
      if (isRepetition) return '';
      if (isCustomerMessage) return 'customer_message';
      if (isReply) return 'agent_reply';
      return isPrivateNote(event) ? 'private_note' : 'automated_message';
    case 'agent.assigned': return isUnassignment(event) ? 'unassigned' : 'assigned';
    case 'status.changed': return crossing === '' ? `status_${after.status.category}` : crossing;
    case 'escalation.fired': return 'escalated';
  }
}

export class Activities {
  readonly all: Activity[] = [];
  readonly actions: Action[] = [];

  take(step: Step): void {
    const { event, after, no: stepNo, at, clock } = step;
    const activity = activityOf(step);
    if (activity !== '') {
      this.all.push({ stepNo, at, clock, activity, actorType: event.actorType, actorId: isWrittenByMachine(event) ? '' : event.actorId, queueId: after.queueId });
    }
    const kind = humanAction(event);
    if (kind !== null) this.actions.push({ stepNo, at, agentId: event.actorId, kind });
  }
}
