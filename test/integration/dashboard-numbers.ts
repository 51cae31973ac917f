// A small desk whose numbers can be counted by hand, and the numbers: what each is, where a page takes it from, and how
// somebody who has never seen the page would ask for it in SQL. No text of the pages' own questions is used again here.
import type { Answer, Row } from '../../services/dashboard/answers.ts';
import { newTicketId, ticket, type SignedEvent } from '../system/support.ts';

export const TENANT = 'umbrella';
export const QUEUE = 'numbers';
/** Two days that no other test is about; what is open then is open now. */
export const ADDRESS = { from: '2026-05-04', to: '2026-05-05', at: '2026-05-04T20:00:00Z', zone: 'UTC', queue: QUEUE };

const on = (day: number, hour: number, minute = 0): string => new Date(Date.UTC(2026, 4, day, hour, minute)).toISOString();
export const [answered, pending, waiting, handed, nobodys] = [newTicketId(), newTicketId(), newTicketId(), newTicketId(), newTicketId()];

/** By ticket. */
export function stories(): ReadonlyMap<string, readonly SignedEvent[]> {
  const of = (id: string) => ticket(id, TENANT);
  const assigned = (id: string, at: string, agent: string | undefined): SignedEvent => of(id).assigned(at, { ...(agent === undefined ? {} : { agent_id: agent }), group_id: QUEUE });
  const solved = (id: string, at: string, agent: string): SignedEvent => of(id).status(at, 'open', 'solved', { type: 'agent', id: agent });
  /** In the queue before its customer says anything: a wait counts in the queue in which it begins. */
  const begun = (id: string, day: number, hour: number, agent?: string): SignedEvent[] => [of(id).created(on(day, hour)), assigned(id, on(day, hour), agent), of(id).message(on(day, hour, 1), 'customer')];
  return new Map([
    // Answered after half an hour, solved at eleven.
    [answered, [...begun(answered, 4, 9, 'nora'), of(answered).message(on(4, 9, 31), { agent: 'nora' }), solved(answered, on(4, 11), 'nora')]],
    // Answered after two hours; since one o'clock it waits for its customer.
    [pending, [...begun(pending, 4, 10, 'nora'), of(pending).message(on(4, 12, 1), { agent: 'nora' }), of(pending).status(on(4, 13), 'open', 'pending', { type: 'agent', id: 'nora' })]],
    // Never answered.
    [waiting, begun(waiting, 4, 15, 'olaf')],
    // Handed over, answered after four hours, solved the next day, and back again with a customer who waits.
    [handed, [...begun(handed, 4, 14, 'nora'), assigned(handed, on(4, 16), 'olaf'), of(handed).message(on(4, 18, 1), { agent: 'olaf' }), solved(handed, on(5, 9), 'olaf'),
      of(handed).message(on(5, 10), 'customer'), of(handed).status(on(5, 10, 1), 'solved', 'open', { type: 'customer', id: '' })]],
    // In the queue, and nobody's.
    [nobodys, begun(nobodys, 5, 8)],
  ]);
}

export interface Told {
  readonly name: string;
  /** Counted by hand. */
  readonly is: number;
  /** Of a page. */
  readonly query: string;
  readonly pick: (answer: Answer) => number;
  readonly asked?: Readonly<Record<string, string>>;
  readonly sql: string;
  /** Where the number counts rows: what lists them. */
  readonly rows?: readonly [query: string, asked: Readonly<Record<string, string>>];
}

const numberAt = (row: Row | undefined, column: string): number => Number(row?.[column] ?? Number.NaN);
const sum = (column: string, isMeant: (row: Row) => boolean = () => true) => ({ rows }: Answer): number => rows.filter(isMeant).reduce((all, row) => all + numberAt(row, column), 0);
const only = (column: string) => ({ rows }: Answer): number => (rows.length === 1 ? numberAt(rows[0], column) : Number.NaN);
const of = (agent: string) => (row: Row): boolean => row['agent_id'] === agent;

const MINE = `integration_id = '${TENANT}'`;
const TICKETS = `queue.tickets WHERE ${MINE} AND queue_id = '${QUEUE}'`;
const OPEN = `${TICKETS} AND status_category NOT IN ('solved', 'closed', 'discarded')`;
const HOURS = `queue.queue_hourly WHERE ${MINE} AND queue_id = '${QUEUE}' AND toDate(hour) BETWEEN '2026-05-04' AND '2026-05-05'`;
const WAITS = `queue.customer_waits WHERE ${MINE} AND queue_at_start = '${QUEUE}'`;
const STATIONS = `agents.ticket_assignments WHERE ${MINE} AND queue_id = '${QUEUE}'`;

export const numbers: readonly Told[] = [
  { name: 'backlog', is: 4, query: 'now/cells', pick: sum('tickets'), sql: `SELECT count() FROM ${OPEN}`, rows: ['now/tickets', {}] },
  { name: 'waiting', is: 3, query: 'now/cells', pick: sum('waiting'), sql: `SELECT count() FROM ${OPEN} AND is_waiting = 1`, rows: ['now/tickets', { which: 'waiting' }] },
  { name: 'unassigned', is: 1, query: 'now/cells', pick: sum('tickets', (row) => row['assignee_id'] === ''), sql: `SELECT count() FROM ${OPEN} AND assignee_id = ''`, rows: ['now/tickets', { which: 'unassigned' }] },
  { name: 'held by olaf', is: 2, query: 'now/cells', pick: sum('tickets', (row) => row['assignee_id'] === 'olaf'), sql: `SELECT count() FROM ${OPEN} AND assignee_id = 'olaf'`, rows: ['now/tickets', { agent: 'olaf' }] },
  { name: 'pending', is: 1, query: 'now/cells', pick: sum('tickets', (row) => row['status_category'] === 'pending'), sql: `SELECT count() FROM ${TICKETS} AND status = 'pending'`, rows: ['now/tickets', { category: 'pending' }] },
  { name: 'arrivals', is: 5, query: 'queues/summary', pick: only('tickets'), sql: `SELECT count() FROM queue.tickets WHERE ${MINE} AND first_queue_id = '${QUEUE}'`, rows: ['queues/created', {}] },
  { name: 'answered', is: 3, query: 'queues/summary', pick: only('answered'), sql: `SELECT countIf(first_response_at IS NOT NULL) FROM ${TICKETS}`, rows: ['queues/created', { which: 'answered' }] },
  { name: 'first response, median', is: 7_200, query: 'queues/summary', pick: only('p50_seconds'), sql: `SELECT arraySort(groupArray(first_response_seconds))[2] FROM ${TICKETS}` },
  { name: 'created on the first day', is: 4, query: 'queues/first-response', pick: sum('tickets', (row) => row['day'] === '2026-05-04'), sql: `SELECT count() FROM ${TICKETS} AND toDate(created_at) = '2026-05-04'`, rows: ['queues/created', { day: '2026-05-04' }] },
  { name: 'arrivals at eight o’clock on Tuesdays', is: 1, query: 'queues/arrivals', pick: sum('tickets', (row) => row['weekday'] === 2 && row['local_hour'] === 8), sql: `SELECT count() FROM ${TICKETS} AND toDayOfWeek(created_at) = 2 AND toHour(created_at) = 8`, rows: ['queues/created', { weekday: '2', hour: '8' }] },
  { name: 'solved by flow', is: 2, query: 'queues/flow', pick: sum('solved'), sql: `SELECT sum(solved) FROM ${HOURS}` },
  { name: 'backlog at the end of the range', is: 4, query: 'queues/flow', pick: (answer) => numberAt(answer.rows.at(-1), 'backlog'), sql: `SELECT argMax(backlog_end, hour) FROM ${HOURS}` },
  { name: 'backlog on the first evening', is: 3, query: 'queues/as-of', pick: sum('tickets'), rows: ['queues/as-of-tickets', {}],
    sql: `SELECT count() FROM queue.ticket_state_intervals WHERE ${MINE} AND queue_id = '${QUEUE}' AND '2026-05-04 20:00:00' BETWEEN valid_from AND valid_to AND status_category NOT IN ('solved', 'closed', 'discarded')` },
  { name: 'nobody’s on the first evening', is: 0, query: 'queues/as-of', pick: sum('unassigned'), rows: ['queues/as-of-tickets', { which: 'unassigned' }],
    sql: `SELECT count() FROM queue.ticket_state_intervals WHERE ${MINE} AND queue_id = '${QUEUE}' AND '2026-05-04 20:00:00' BETWEEN valid_from AND valid_to AND status_category NOT IN ('solved', 'closed', 'discarded') AND assignee_id = ''` },
  { name: 'waiting on the first evening', is: 1, query: 'queues/as-of', pick: sum('waiting'), rows: ['queues/as-of-tickets', { which: 'waiting' }],
    sql: `SELECT count() FROM ${WAITS} AND waiting_since <= '2026-05-04 20:00:00' AND ifNull(ended_at > '2026-05-04 20:00:00', true)` },
  { name: 'waits', is: 6, query: 'queues/waits', pick: sum('waits'), sql: `SELECT count() FROM ${WAITS}`, rows: ['queues/wait-rows', {}] },
  { name: 'waits that a reply ended', is: 3, query: 'queues/waits', pick: sum('answered'), sql: `SELECT count() FROM ${WAITS} AND ended_by = 'agent_reply'`, rows: ['queues/wait-rows', { which: 'answered' }] },
  { name: 'seconds in pending', is: 35 * 3_600, query: 'queues/time-by-status', pick: sum('spent_seconds', (row) => row['category'] === 'pending'),
    sql: `SELECT sum(dateDiff('second', greatest(valid_from, toDateTime64('2026-05-04', 3, 'UTC')), least(valid_to, toDateTime64('2026-05-06', 3, 'UTC')))) FROM queue.ticket_state_intervals WHERE ${MINE} AND queue_id = '${QUEUE}' AND status_category = 'pending'` },
  { name: 'reply turns of nora', is: 2, query: 'agents/scorecard', pick: sum('reply_turns', of('nora')), sql: `SELECT count() FROM agents.agent_replies WHERE ${MINE} AND agent_id = 'nora' AND queue_id = '${QUEUE}'`, rows: ['agents/replies', { agent: 'nora' }] },
  { name: 'solves of olaf', is: 1, query: 'agents/scorecard', pick: sum('solves', of('olaf')), sql: `SELECT count() FROM agents.agent_solves WHERE ${MINE} AND agent_id = 'olaf' AND queue_id = '${QUEUE}'`, rows: ['agents/solves', { agent: 'olaf' }] },
  { name: 'reopened solves of olaf', is: 1, query: 'agents/scorecard', pick: sum('reopened', of('olaf')), rows: ['agents/solves', { agent: 'olaf', which: 'reopened' }],
    sql: `SELECT count() FROM agents.agent_solves WHERE ${MINE} AND agent_id = 'olaf' AND queue_id = '${QUEUE}' AND reopened_at < solved_at + INTERVAL 7 DAY` },
  { name: 'stations', is: 5, query: 'agents/scorecard', pick: sum('stations'), sql: `SELECT count() FROM ${STATIONS} AND agent_id != ''`, rows: ['agents/stations', {}] },
  { name: 'assignments of nora that she answered', is: 2, query: 'agents/scorecard', pick: sum('answered_stations', of('nora')), sql: `SELECT count() FROM ${STATIONS} AND agent_id = 'nora' AND public_replies > 0`, rows: ['agents/stations', { agent: 'nora', which: 'answered' }] },
  { name: 'assignments lost unanswered', is: 1, query: 'agents/scorecard', pick: sum('bounced'), sql: `SELECT countIf(is_bounced = 1) FROM ${STATIONS}`, rows: ['agents/stations', { which: 'bounced' }] },
  { name: 'handovers from nora to olaf', is: 1, query: 'agents/handovers', pick: sum('handovers', of('olaf')), sql: `SELECT count() FROM ${STATIONS} AND agent_id = 'olaf' AND from_agent_id = 'nora' AND is_handoff_in = 1`, rows: ['agents/stations', { agent: 'olaf', from_agent: 'nora' }] },
  { name: 'tickets assigned, to a queue at least', is: 5, query: 'agents/ping-pong', pick: only('assigned_tickets'), sql: `SELECT uniqExact(ticket_id) FROM ${STATIONS}`, rows: ['agents/returns', {}] },
  { name: 'first response of a ticket', is: 1_800, query: 'ticket/ticket', asked: { ticket: answered }, pick: only('first_response_seconds'), sql: `SELECT first_response_seconds FROM queue.tickets WHERE ${MINE} AND ticket_id = '${answered}'` },
  { name: 'events of a ticket', is: 8, query: 'ticket/events', asked: { ticket: handed }, pick: ({ rows }) => rows.length, sql: `SELECT count() FROM log.events WHERE ${MINE} AND ticket_id = '${handed}'`, rows: ['ticket/events', { ticket: handed }] },
];
