// The log as people read it: each event once, with all it said, and what its identity was used for twice.
import type { AttachedFile, Cell, CrmEvent, Row } from './events.ts';
import { firstArrivals } from './order.ts';

const said = ['customer', 'channel', 'initial_message', 'sender', 'content', 'assignee', 'previous_assignee', 'assigned_by', 'changed_by', 'policy', 'escalated_to'];
const filesOf = (files: readonly AttachedFile[] | undefined): string => JSON.stringify(files ?? []);

/** Nested members as columns: customer.email is customer_email. */
function flat(event: CrmEvent): Row {
  const row: Row = {};
  for (const [name, value] of Object.entries(event) as [string, unknown][]) {
    if (said.includes(name)) {
      for (const [member, inner] of Object.entries(value as Record<string, unknown>)) if (member !== 'files') row[`${name}_${member}`] = inner as Cell;
    } else if (typeof value !== 'object' || value === null) row[name] = typeof value === 'boolean' ? Number(value) : value as Cell;
  }
  return row;
}

/** Whole seconds from the event to its receipt; an event dated later than that is not late. */
const lateSeconds = (event: CrmEvent): number => Math.trunc(Math.max(0, event.received_at - event.timestamp) / 1000);

/** One row per identity; columns that an event's type doesn't have are null. */
export function eventRows(events: readonly CrmEvent[]): Row[] {
  const flattened = firstArrivals(events).map((event) => ({ event, row: flat(event) }));
  const columns = [...new Set(flattened.flatMap(({ row }) => Object.keys(row)))];
  return flattened.map(({ event, row }) => ({
    ...Object.fromEntries(columns.map((column) => [column, row[column] ?? null])),
    event_id: event.event_id.toLowerCase(),
    integration_id: event.source.integration_id,
    source_platform: event.source.platform,
    source_environment: event.source.environment,
    initial_message_files: filesOf(event.event_type === 'ticket.created' ? event.initial_message.files : []),
    content_files: filesOf(event.event_type === 'message.received' ? event.content.files : []),
    extra: JSON.stringify(event.extra),
    late_seconds: lateSeconds(event),
    kafka_partition: 0,
  }));
}

interface Use {
  event: CrmEvent;
  content: string;
}

/** Everything that an event says; where it lies in the log and when it came are not part of it. */
function contentOf(event: CrmEvent): string {
  const content = Object.entries(event).filter(([name]) => name !== 'kafka_offset' && name !== 'received_at');
  return JSON.stringify([...content.sort(([a], [b]) => (a < b ? -1 : 1)), event.event_id.toLowerCase()]);
}

function conflictRow(conflict: string, uses: readonly Use[]): Row {
  const texts = (value: (event: CrmEvent) => string): string => JSON.stringify([...new Set(uses.map(({ event }) => value(event)))].sort());
  const received = uses.map(({ event }) => event.received_at);
  return {
    integration_id: uses[0]?.event.source.integration_id ?? '',
    event_id: uses[0]?.event.event_id.toLowerCase() ?? '',
    conflict,
    ticket_ids: texts((event) => event.ticket_id),
    event_types: texts((event) => event.event_type),
    occurrences: uses.length,
    first_received_at: Math.min(...received),
    last_received_at: Math.max(...received),
  };
}

/** Identities used for more than one ticket, or for more than one content of a ticket. */
export function conflictRows(events: readonly CrmEvent[]): Row[] {
  const uses = new Map<string, Map<string, Use>>();
  for (const event of events) {
    const identity = JSON.stringify([event.source.integration_id, event.event_id.toLowerCase()]);
    const content = contentOf(event);
    const known = uses.get(identity) ?? new Map<string, Use>();
    if (!known.has(content)) known.set(content, { event, content });
    uses.set(identity, known);
  }
  return [...uses.values()].flatMap((known) => {
    const all = [...known.values()];
    const tickets = [...new Set(all.map(({ event }) => event.ticket_id))];
    const ofTicket = tickets.map((ticket) => all.filter(({ event }) => event.ticket_id === ticket)).filter((own) => own.length > 1);
    return [...(tickets.length > 1 ? [conflictRow('ticket', all)] : []), ...ofTicket.map((own) => conflictRow('content', own))];
  });
}
