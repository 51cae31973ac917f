// Generated from the Avro records by `npm run types`; edit those instead.
// An event as a consumer gets it: the contract's current record, whatever version was sent.
// Times are Date (JSON.stringify gives ISO 8601 again); what is absent is null.

/** Who sent the event. */
export interface Source {
  /** The CRM platform, as sent. */
  readonly platform: string;
  /** The tenant: the CRM integration whose secret signed the event. */
  readonly integration_id: string;
  /** Environment of the integration, e.g. production or staging. */
  readonly environment: string;
}

/** The new assignee; without agent_id and group_id the ticket is unassigned. */
export interface Assignee {
  /** The agent. */
  readonly agent_id: string | null;
  /** The group, which is the ticket's queue. */
  readonly group_id: string | null;
  /** Display name as of the event. */
  readonly name: string | null;
}

/** The assignee before, as the CRM saw it. */
export interface PreviousAssignee {
  /** The agent. */
  readonly agent_id: string | null;
  /** The group. */
  readonly group_id: string | null;
  /** Display name as of the event. */
  readonly name: string | null;
}

/** Who assigned it. */
export interface AssignedBy {
  /** agent, automation_rule or routing_rule; open vocabulary. */
  readonly type: string;
  /** Identity of the actor; absent for an anonymous one. */
  readonly id: string | null;
  /** Display name as of the event. */
  readonly name: string | null;
}

/** A routing rule or a person assigned a ticket to an agent, a group, both, or nobody. */
export interface AgentAssigned {
  readonly event_type: 'agent.assigned';
  /** Identity of the event (UUID, lower case). With integration_id and ticket_id it counts once, for ever. */
  readonly event_id: string;
  /** The ticket the event belongs to; also the Kafka key. Numbers are kept as text. */
  readonly ticket_id: string;
  /** Who sent the event. */
  readonly source: Source;
  /** When it happened by the CRM's clock, UTC, milliseconds. Authoritative for every metric. */
  readonly timestamp: Date;
  /** Contract version that the CRM sent, e.g. 1.2; empty when it sent none. */
  readonly version: string;
  /** The new assignee; without agent_id and group_id the ticket is unassigned. */
  readonly assignee: Assignee;
  /** The assignee before, as the CRM saw it. */
  readonly previous_assignee: PreviousAssignee;
  /** Who assigned it. */
  readonly assigned_by: AssignedBy;
  /** Name or id of the routing rule (since contract 1.1). */
  readonly routing_rule: string | null;
  /** When it was assigned, UTC. A body time: kept, not used in metrics. */
  readonly assigned_at: Date;
  /** Fields that the contract does not know: JSON Pointer from the webhook's root to the value's JSON text. Nothing sent is dropped. */
  readonly extra: Readonly<Record<string, string>>;
}

/** The escalation policy. */
export interface Policy {
  /** Identity of the policy. */
  readonly id: string;
  /** Display name as of the event. */
  readonly name: string | null;
}

/** Who was alerted. */
export interface EscalatedTo {
  /** agent or group. */
  readonly type: string | null;
  /** Identity of the agent or group. */
  readonly id: string | null;
}

/** An escalation policy of the CRM fired on a breached threshold. */
export interface EscalationFired {
  readonly event_type: 'escalation.fired';
  /** Identity of the event (UUID, lower case). With integration_id and ticket_id it counts once, for ever. */
  readonly event_id: string;
  /** The ticket the event belongs to; also the Kafka key. Numbers are kept as text. */
  readonly ticket_id: string;
  /** Who sent the event. */
  readonly source: Source;
  /** When it happened by the CRM's clock, UTC, milliseconds. Authoritative for every metric. */
  readonly timestamp: Date;
  /** Contract version that the CRM sent, e.g. 1.2; empty when it sent none. */
  readonly version: string;
  /** The escalation policy. */
  readonly policy: Policy;
  /** first_response_time or resolution_time; open vocabulary. */
  readonly breached_metric: string;
  /** The threshold that was breached, in seconds. */
  readonly threshold_seconds: number;
  /** Seconds elapsed by the CRM's own count (since contract 1.1). */
  readonly elapsed_seconds: number | null;
  /** Level alerted, e.g. 2 or management; kept as text. */
  readonly level: string;
  /** Who was alerted. */
  readonly escalated_to: EscalatedTo;
  /** When it fired, UTC. A body time: kept, not used in metrics. */
  readonly fired_at: Date;
  /** Fields that the contract does not know: JSON Pointer from the webhook's root to the value's JSON text. Nothing sent is dropped. */
  readonly extra: Readonly<Record<string, string>>;
}

/** Who wrote the message. */
export interface Sender {
  /** customer or agent; any other type counts as automated. */
  readonly type: string;
  /** Telegram user id (up to 52 bits). */
  readonly telegram_user_id: number | null;
  /** Telegram user name without @. */
  readonly username: string | null;
  /** The CRM's id of the agent. */
  readonly agent_id: string | null;
}

/** One attached file. */
export interface File {
  /** Where the file can be fetched. */
  readonly file_url: string | null;
  /** Size in bytes. */
  readonly file_size: number | null;
  /** Name as the sender gave it. */
  readonly file_name: string | null;
  /** Kind or MIME type of the file. */
  readonly content_type: string | null;
}

/** What was written or attached. */
export interface Content {
  /** Text or caption, at most 4,096 characters in Telegram; may be empty with a file. */
  readonly text: string | null;
  /** text, photo, document, voice, …; open vocabulary. */
  readonly content_type: string;
  /** Attachments, in the order sent. */
  readonly files: readonly File[];
}

/** A message was sent in a ticket, by either side. */
export interface MessageReceived {
  readonly event_type: 'message.received';
  /** Identity of the event (UUID, lower case). With integration_id and ticket_id it counts once, for ever. */
  readonly event_id: string;
  /** The ticket the event belongs to; also the Kafka key. Numbers are kept as text. */
  readonly ticket_id: string;
  /** Who sent the event. */
  readonly source: Source;
  /** When it happened by the CRM's clock, UTC, milliseconds. Authoritative for every metric. */
  readonly timestamp: Date;
  /** Contract version that the CRM sent, e.g. 1.2; empty when it sent none. */
  readonly version: string;
  /** Telegram message id; kept as text. */
  readonly message_id: string;
  /** Who wrote the message. */
  readonly sender: Sender;
  /** What was written or attached. */
  readonly content: Content;
  /** True for a private note, which the customer never sees. */
  readonly is_private: boolean;
  /** True when a rule or bot wrote it (since contract 1.1). */
  readonly is_automated: boolean | null;
  /** When the message was sent, UTC. A body time: kept, not used in metrics. */
  readonly sent_at: Date;
  /** Fields that the contract does not know: JSON Pointer from the webhook's root to the value's JSON text. Nothing sent is dropped. */
  readonly extra: Readonly<Record<string, string>>;
}

/** Who changed it. */
export interface ChangedBy {
  /** agent or automation_rule; open vocabulary. */
  readonly type: string;
  /** Identity of the actor; absent for an anonymous one. */
  readonly id: string | null;
  /** Display name as of the event. */
  readonly name: string | null;
}

/** A ticket's status changed. */
export interface StatusChanged {
  readonly event_type: 'status.changed';
  /** Identity of the event (UUID, lower case). With integration_id and ticket_id it counts once, for ever. */
  readonly event_id: string;
  /** The ticket the event belongs to; also the Kafka key. Numbers are kept as text. */
  readonly ticket_id: string;
  /** Who sent the event. */
  readonly source: Source;
  /** When it happened by the CRM's clock, UTC, milliseconds. Authoritative for every metric. */
  readonly timestamp: Date;
  /** Contract version that the CRM sent, e.g. 1.2; empty when it sent none. */
  readonly version: string;
  /** Status before, in the CRM's own words. */
  readonly previous_status: string | null;
  /** Status after, in the CRM's own words; mapped to a category by configuration. */
  readonly new_status: string;
  /** Who changed it. */
  readonly changed_by: ChangedBy;
  /** When it was changed, UTC. A body time: kept, not used in metrics. */
  readonly changed_at: Date;
  /** Fields that the contract does not know: JSON Pointer from the webhook's root to the value's JSON text. Nothing sent is dropped. */
  readonly extra: Readonly<Record<string, string>>;
}

/** The customer who opened the ticket. */
export interface Customer {
  /** Telegram user id (up to 52 bits). */
  readonly telegram_user_id: number;
  /** Telegram user name without @. */
  readonly username: string | null;
  /** First name as shown in Telegram. */
  readonly first_name: string;
  /** Last name. */
  readonly last_name: string | null;
  /** IETF language tag of the customer's Telegram. */
  readonly language_code: string | null;
  /** Phone number (field `phone` before contract 1.2). */
  readonly contact_phone: string | null;
  /** E-mail address. */
  readonly email: string | null;
}

/** Where the conversation takes place. */
export interface Channel {
  /** topic_group, direct_message or bot_form; open vocabulary. */
  readonly type: string;
  /** Telegram chat id, negative for groups; kept as text. */
  readonly chat_id: string;
  /** Telegram forum topic; kept as text. */
  readonly topic_id: string | null;
}

/** The message that opened the ticket; all fields null when there was none. */
export interface InitialMessage {
  /** Telegram message id; kept as text. */
  readonly message_id: string | null;
  /** Text or caption, at most 4,096 characters in Telegram; may be empty with a file. */
  readonly text: string | null;
  /** text, photo, document, voice, …; open vocabulary. */
  readonly content_type: string | null;
  /** Attachments, in the order sent. */
  readonly files: readonly File[];
}

/** A ticket was opened. */
export interface TicketCreated {
  readonly event_type: 'ticket.created';
  /** Identity of the event (UUID, lower case). With integration_id and ticket_id it counts once, for ever. */
  readonly event_id: string;
  /** The ticket the event belongs to; also the Kafka key. Numbers are kept as text. */
  readonly ticket_id: string;
  /** Who sent the event. */
  readonly source: Source;
  /** When it happened by the CRM's clock, UTC, milliseconds. Authoritative for every metric. */
  readonly timestamp: Date;
  /** Contract version that the CRM sent, e.g. 1.2; empty when it sent none. */
  readonly version: string;
  /** The customer who opened the ticket. */
  readonly customer: Customer;
  /** Where the conversation takes place. */
  readonly channel: Channel;
  /** The message that opened the ticket; all fields null when there was none. */
  readonly initial_message: InitialMessage;
  /** Status at creation in the CRM's own words (since contract 1.1); `new` when absent. */
  readonly status: string | null;
  /** Free-form object as JSON text, exactly as sent (source_url, campaign_id, custom_fields, anything). */
  readonly metadata: string | null;
  /** When the CRM's database created the ticket, UTC. A body time: kept, not used in metrics. */
  readonly created_at: Date;
  /** Fields that the contract does not know: JSON Pointer from the webhook's root to the value's JSON text. Nothing sent is dropped. */
  readonly extra: Readonly<Record<string, string>>;
}

/** Any event of the log; `event_type` tells which. */
export type TicketEvent = AgentAssigned | EscalationFired | MessageReceived | StatusChanged | TicketCreated;
export type TicketEventType = TicketEvent['event_type'];
/** The event of a type, e.g. `EventOf<'message.received'>`. */
export type EventOf<T extends TicketEventType> = Extract<TicketEvent, { event_type: T }>;
