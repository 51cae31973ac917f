// Which events a build tells, as a condition of SQL on the timeline. On both time axes an event
// counts by itself, so a ticket is told as far as its events go; of chosen tickets all events count.
import { instantText, sqlString } from '../../services/runtime/clickhouse.ts';

export interface Filter {
  /** Event time: what had happened by then. */
  readonly happenedBy?: Date;
  /** Time of receipt: what was known by then. */
  readonly knownBy?: Date;
  readonly integrations?: readonly string[];
  /** Ids of tickets, of whatever tenant. */
  readonly tickets?: readonly string[];
  /** Tickets that have an event in [from, to). */
  readonly withEvent?: { readonly from?: Date; readonly to?: Date };
}

const instant = (time: Date): string => `toDateTime64(${sqlString(instantText(time.getTime()))}, 3, 'UTC')`;
const list = (values: readonly string[]): string => `(${values.map(sqlString).join(',')})`;

/** @param timeline that is read, e.g. `queue.timeline`. */
export function conditionOf(filter: Filter, timeline: string): string {
  const { happenedBy, knownBy, integrations, tickets, withEvent } = filter;
  const within = [
    ...(withEvent?.from === undefined ? [] : [`event_at >= ${instant(withEvent.from)}`]),
    ...(withEvent?.to === undefined ? [] : [`event_at < ${instant(withEvent.to)}`]),
  ];
  const conditions = [
    ...(happenedBy === undefined ? [] : [`event_at <= ${instant(happenedBy)}`]),
    ...(knownBy === undefined ? [] : [`received_at <= ${instant(knownBy)}`]),
    ...(integrations === undefined ? [] : [`integration_id IN ${list(integrations)}`]),
    ...(tickets === undefined ? [] : [`ticket_id IN ${list(tickets)}`]),
    ...(within.length === 0 ? [] : [`(integration_id, ticket_id) IN (SELECT integration_id, ticket_id FROM ${timeline} WHERE ${within.join(' AND ')})`]),
  ];
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}
