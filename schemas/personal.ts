// What an event tells about a customer or of what was said: these fields are sealed where an integration asks for it, and are in
// no database but the archive's. A name of the company's people or rules is none of them. `extra` is personal as a whole: what the
// CRM says beyond the contract may be anything. `metadata` is too, but for the members that an integration names.
import type { TicketEventType } from './generated/events.ts';

export interface PersonalField {
  /** From the record's root; of lists, of each item. */
  readonly path: readonly string[];
  /** Not when an agent or a rule did it: the field beside it that says who. */
  readonly unlessCompany?: string;
}

/** Who is no customer, in `type` of whoever did something. */
export const companyTypes: ReadonlySet<unknown> = new Set(['agent', 'automation_rule', 'routing_rule']);

const field = (path: string): PersonalField => ({ path: path.split('.') });
const ofActor = (path: string): PersonalField => ({ ...field(path), unlessCompany: 'type' });
const files = (path: string): PersonalField[] => [field(`${path}.file_url`), field(`${path}.file_name`)];

export const personalFields: Readonly<Record<TicketEventType, readonly PersonalField[]>> = {
  'ticket.created': [
    ...['username', 'first_name', 'last_name', 'contact_phone', 'email'].map((name) => field(`customer.${name}`)),
    field('initial_message.text'), ...files('initial_message.files'),
  ],
  'message.received': [ofActor('sender.username'), field('content.text'), ...files('content.files')],
  'status.changed': [ofActor('changed_by.name')],
  'agent.assigned': [ofActor('assigned_by.name')],
  'escalation.fired': [],
};

/** The one free-form field: the members that an integration names stay readable, the whole is sealed. */
export const freeFormField = 'metadata';

/** Members that reports show, when an integration names none. */
export const defaultClearMetadata: readonly string[] = ['campaign_id', 'source_url'];

/** Whether a column's texts say which agent, or who else of the company: told by its name, so that a new one can't forget to say so. */
export const isAgents = (column: string): boolean => /agent|assignee|actor_id$|_by_id$|_to_id$/.test(column) && !/_group_id$/.test(column);
