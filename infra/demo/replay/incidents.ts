// An incident's rows → the webhooks that a CRM would have sent.
// Only what the rows say becomes an event. The log's own results (reassignment_count,
// reopen_count, resolved_at, closed_at) are never an input: they are what ours are compared
// with, and a number compared with itself proves nothing.
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../schemas/contract.ts';
import { compareEvents, iso, type CrmEvent, type EventType } from '../events.ts';
import type { Incident, LogRow } from './incident-log.ts';
import { uuidFrom } from '../random.ts';

export const replayIntegration = 'servicenow';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The same row gives the same id in every replay, so that a second replay is duplicates only. */
const eventIdOf = (incident: string, row: number, type: EventType): string => uuidFrom(digest(`${incident}|${row}|${type}`));

/**
 * The time of each row such that the log's order holds. The first row is the incident as it was
 * opened, so it happens at `opened_at`. From there on updates should never go back in time;
 * where they do, the fewest rows possible are in the wrong, and those take the time of the row
 * before them (`moved`). Rows of one minute keep their order by milliseconds.
 */
export function rowTimes({ openedAt, rows }: Pick<Incident, 'openedAt' | 'rows'>): { at: number; moved: boolean }[] {
  const updates = rows.map((row, index) => (index === 0 ? openedAt : row.updatedAt));
  const kept = longestOrdered(updates.map((update) => (update !== null && update >= openedAt ? update : null)));
  let [previous, sameMinute] = [openedAt, 0];
  return updates.map((update, index) => {
    const trusted = kept.has(index) && update !== null;
    const time = trusted ? update : previous;
    sameMinute = index > 0 && time === previous ? sameMinute + 1 : 0;
    previous = time;
    return { at: time + sameMinute, moved: !trusted };
  });
}

/** Positions of the longest non-decreasing run of the times that are known; of equally long ones the one that ends last. */
function longestOrdered(times: readonly (number | null)[]): Set<number> {
  const best: { length: number; before: number }[] = [];
  times.forEach((time, index) => {
    let entry = { length: time === null ? 0 : 1, before: -1 };
    for (let earlier = 0; earlier < index; earlier++) {
      const [candidate, value] = [best[earlier], times[earlier] ?? Infinity];
      if (candidate !== undefined && time !== null && value <= time && candidate.length + 1 > entry.length) {
        entry = { length: candidate.length + 1, before: earlier };
      }
    }
    best.push(entry);
  });
  const kept = new Set<number>();
  let last = best.reduce((longest, entry, index) => (entry.length >= (best[longest]?.length ?? 0) ? index : longest), 0);
  for (; last >= 0; last = best[last]?.before ?? -1) kept.add(last);
  return kept;
}

/** `?` is nobody, or no group: the assignment names none. */
const assigneeOf = ({ group, agent }: LogRow): JsonObject => ({
  ...(group === null ? {} : { group_id: group }), ...(agent === null ? {} : { agent_id: agent, name: agent }),
});
const actorOf = (row: LogRow): JsonObject => ({ type: 'agent', id: row.updatedBy });

/** `Caller 2403` is user 2403; anything else gets a stable number of its own. */
function callerId({ caller, number }: Incident): number {
  const digits = /^\D*(\d{1,12})$/.exec(caller ?? '')?.[1];
  return digits === undefined ? parseInt(digest(caller ?? number).slice(0, 12), 16) : Number(digits);
}

function creation(incident: Incident): JsonObject {
  const { caller, contactType, location, fields, rows } = incident;
  return {
    customer: { telegram_user_id: callerId(incident), first_name: caller ?? 'unknown caller' },
    channel: { type: contactType?.toLowerCase() ?? 'unknown', chat_id: location ?? 'unknown' },
    metadata: { source: 'ServiceNow', custom_fields: { ...fields } },
    ...(rows[0]?.state ? { status: rows[0].state } : {}),
    created_at: iso(incident.openedAt),
  };
}

interface Change { readonly type: EventType; readonly payload: (at: string) => JsonObject }

/** What a row changed, compared with the row before; the first row's own assignment counts, its state is the creation's. */
function changes(incident: Incident, row: LogRow, before: LogRow | undefined, state: string | null): Change[] {
  const found: Change[] = [];
  if ((before?.group ?? null) !== row.group || (before?.agent ?? null) !== row.agent) {
    found.push({ type: 'agent.assigned', payload: (assigned_at) => ({
      assignee: assigneeOf(row), previous_assignee: before === undefined ? null : assigneeOf(before), assigned_by: actorOf(row), assigned_at,
    }) });
  }
  if (before !== undefined && row.state !== null && row.state !== state) {
    const next = row.state;
    found.push({ type: 'status.changed', payload: (changed_at) => ({
      previous_status: state, new_status: next, changed_by: actorOf(row), changed_at,
    }) });
  }
  // An incident starts within its SLA, so a first row that says otherwise has turned as well.
  if (row.madeSla === false && (before?.madeSla ?? true)) {
    found.push({ type: 'escalation.fired', payload: (fired_at) => ({
      // The log says that the SLA was missed, not which threshold: 0 stands for "not told".
      policy: { id: 'made_sla', name: 'ServiceNow SLA' }, breached_metric: 'resolution_time', threshold_seconds: 0,
      elapsed_seconds: Math.max(0, Math.trunc((Date.parse(fired_at) - incident.openedAt) / 1_000)), level: '2', fired_at,
    }) });
  }
  return found;
}

/** The incident's events in order. */
export function incidentEvents(incident: Incident): CrmEvent[] {
  const event = (row: number, eventType: EventType, at: number, payload: JsonObject): CrmEvent => ({
    eventId: eventIdOf(incident.number, row, eventType), eventType, integrationId: replayIntegration, platform: 'servicenow',
    ticketId: incident.number, at, version: '1.2', payload: { ticket_id: incident.number, ...payload },
  });
  const times = rowTimes(incident);
  const events = [event(0, 'ticket.created', incident.openedAt, creation(incident))];
  let state: string | null = null;
  incident.rows.forEach((row, index) => {
    const at = times[index]?.at ?? incident.openedAt;
    for (const { type, payload } of changes(incident, row, incident.rows[index - 1], state)) {
      events.push(event(index, type, at, payload(iso(at))));
    }
    state = row.state ?? state;
  });
  return events.sort(compareEvents);
}

/** All incidents' events, in the order in which a CRM with all of them would have sent them. */
export const replayEvents = (incidents: readonly Incident[]): CrmEvent[] =>
  incidents.flatMap(incidentEvents).sort((a, b) => a.at - b.at || (a.ticketId === b.ticketId ? compareEvents(a, b) : Number(a.ticketId > b.ticketId) * 2 - 1));
