// An event of a ticket as the fold needs it, and what it is by itself: by whom, public or private, a person or a machine.
// What it means for the ticket depends on the events before it: step.ts.
// One shape for all types, and details of the rare ones apart: reading mixed shapes takes several times as long.

/** Order within one instant (metrics.md: created < message < assigned < status < escalation). */
export const typeRank = {
  'ticket.created': 0,
  'message.received': 1,
  'agent.assigned': 2,
  'status.changed': 3,
  'escalation.fired': 4,
} as const;

export type EventType = keyof typeof typeRank;

/** All times are milliseconds since 1970, cut to whole ones. An absent text is ''. */
export interface TicketEvent {
  /** Identity within the ticket, in any case. */
  readonly eventId: string;
  readonly type: EventType;
  /** Event time: the envelope's timestamp. */
  readonly at: number;
  readonly receivedAt: number;
  /** The body's own time (created_at, sent_at, …); only clock skew uses it. */
  readonly bodyAt: number;
  readonly partition: number;
  readonly offset: number;
  /** Sender, changed_by or assigned_by. */
  readonly actorType: string;
  readonly actorId: string;
  /** message.received: always; ticket.created: whether it came with an initial message. */
  readonly hasMessage: boolean;
  readonly messageId: string;
  readonly isPrivate: boolean;
  readonly isAutomated: boolean;
  /** status.changed, and ticket.created where it names one. */
  readonly newStatus: string;
  readonly previousStatus: string;
  /** agent.assigned. */
  readonly assigneeId: string;
  readonly groupId: string;
  readonly assigneeName: string;
  readonly creation: Creation | null;
  readonly escalation: EscalationDetails | null;
}

export interface Creation {
  readonly customerTelegramUserId: number | null;
  readonly customerLanguageCode: string;
  readonly channelType: string;
  readonly channelChatId: string;
  readonly channelTopicId: string;
  /** Free-form object as JSON text. */
  readonly metadata: string;
}

export interface EscalationDetails {
  readonly policyId: string;
  readonly policyName: string;
  readonly breachedMetric: string;
  readonly thresholdSeconds: number;
  readonly elapsedSeconds: number | null;
  readonly level: string;
  readonly escalatedToType: string;
  readonly escalatedToId: string;
}

const isMessage = (event: TicketEvent): boolean => event.type === 'message.received';

/** A customer's message that a bot wrote for them (`is_automated`) is still a customer's message. */
export const isFromCustomer = (event: TicketEvent): boolean => isMessage(event) && event.actorType === 'customer' && !event.isPrivate;

/** Public, by a human agent: the only thing that answers a customer. An agent without id is agent ''. */
export const isAgentReply = (event: TicketEvent): boolean => isMessage(event) && event.actorType === 'agent' && !event.isPrivate && !event.isAutomated;

/** A private message by anybody is a private note only: activity, never a reply. */
export const isPrivateNote = (event: TicketEvent): boolean => isMessage(event) && event.isPrivate;

/** Said so, or sent by anything that is neither a customer nor an agent. */
export const isWrittenByMachine = (event: TicketEvent): boolean =>
  isMessage(event) && (event.isAutomated || (event.actorType !== 'customer' && event.actorType !== 'agent'));

export const isUnassignment = (event: TicketEvent): boolean => event.type === 'agent.assigned' && event.assigneeId === '' && event.groupId === '';

export type ActionKind = 'reply' | 'note' | 'status_change' | 'assignment';

/** An agent's reply, note, status change or assignment; automated messages and rules never count as an agent. */
export function humanAction(event: TicketEvent): ActionKind | null {
  if (event.actorType !== 'agent') return null;
  switch (event.type) {
    case 'message.received':
      if (event.isAutomated) return null;
      return event.isPrivate ? 'note' : 'reply';
    case 'status.changed': return 'status_change';
    case 'agent.assigned': return 'assignment';
    case 'ticket.created':
    case 'escalation.fired': return null;
  }
}
