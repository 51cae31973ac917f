// The events as the oracle reads them: plain objects that mirror the Avro records, plus
// what the log adds (offset, time of receipt). Nothing here decides a rule.

export interface EventBase {
  event_id: string;
  ticket_id: string;
  source: { platform: string; integration_id: string; environment: string };
  timestamp: number;
  version: string;
  extra: Record<string, string>;
  kafka_offset: number;
  received_at: number;
}

export interface AttachedFile {
  file_url: string | null;
  file_size: number | null;
  file_name: string | null;
  content_type: string | null;
}

export interface TicketCreated extends EventBase {
  event_type: 'ticket.created';
  customer: {
    telegram_user_id: number;
    username: string | null;
    first_name: string;
    last_name: string | null;
    language_code: string | null;
    contact_phone: string | null;
    email: string | null;
  };
  channel: { type: string; chat_id: string; topic_id: string | null };
  initial_message: {
    message_id: string | null;
    text: string | null;
    content_type: string | null;
    files: AttachedFile[];
  };
  status: string | null;
  metadata: string | null;
  created_at: number;
}

export interface MessageReceived extends EventBase {
  event_type: 'message.received';
  message_id: string;
  sender: {
    type: string;
    telegram_user_id: number | null;
    username: string | null;
    agent_id: string | null;
  };
  content: { text: string | null; content_type: string; files: AttachedFile[] };
  is_private: boolean;
  is_automated: boolean | null;
  sent_at: number;
}

export interface Actor {
  type: string;
  id: string | null;
  name: string | null;
}

export interface StatusChanged extends EventBase {
  event_type: 'status.changed';
  previous_status: string | null;
  new_status: string;
  changed_by: Actor;
  changed_at: number;
}

export interface Assignee {
  agent_id: string | null;
  group_id: string | null;
  name: string | null;
}

export interface AgentAssigned extends EventBase {
  event_type: 'agent.assigned';
  assignee: Assignee;
  previous_assignee: Assignee;
  assigned_by: Actor;
  routing_rule: string | null;
  assigned_at: number;
}

export interface EscalationFired extends EventBase {
  event_type: 'escalation.fired';
  policy: { id: string; name: string | null };
  breached_metric: string;
  threshold_seconds: number;
  elapsed_seconds: number | null;
  level: string;
  escalated_to: { type: string | null; id: string | null };
  fired_at: number;
}

export type CrmEvent = TicketCreated | MessageReceived | StatusChanged | AgentAssigned | EscalationFired;

/** The time in the body, kept only to measure how far it is from the envelope's. */
export function bodyTime(event: CrmEvent): number {
  switch (event.event_type) {
    case 'ticket.created': return event.created_at;
    case 'message.received': return event.sent_at;
    case 'status.changed': return event.changed_at;
    case 'agent.assigned': return event.assigned_at;
    case 'escalation.fired': return event.fired_at;
  }
}

/** An output row: times are milliseconds or null, absent ids are '', flags are 0 or 1. */
export type Cell = string | number | null;
export type Row = Record<string, Cell>;
